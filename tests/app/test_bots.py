"""Whose user agent is a bot's: the list is others', and these are the ones that meet links in texts."""

from __future__ import annotations

import pytest

from server.app.bots import is_bot

_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "bot"),
    [
        pytest.param(f"{_IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", False, id="Safari on an iPhone"),
        pytest.param(f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", False, id="Chrome on Android"),
        pytest.param(f"{_ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", False, id="Samsung's"),
        pytest.param(f"{_IPHONE} Mobile/15E148 Instagram 300.0", False, id="a browser within an app"),
        pytest.param("", False, id="none"),
        pytest.param("facebookexternalhit/1.1 Facebot Twitterbot/1.0", True, id="the preview of iMessage"),
        pytest.param("WhatsApp/2.23.20.0 A", True, id="the preview of WhatsApp"),
        pytest.param("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", True, id="a search"),
        pytest.param("curl/8.5.0", True, id="a program"),
    ],
)
def test_is_bot(agent: str, bot: bool) -> None:
    assert is_bot(agent) is bot
