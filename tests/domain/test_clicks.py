"""Who followed a link: a person, or something that only looks at links."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.clicks import SENTENCES, Bot, Hit, click_through, verdict

SENT = datetime(2026, 3, 10, 16, tzinfo=UTC)
LATER = SENT + timedelta(minutes=5)
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
PHONE = {"User-Agent": SAFARI, "Accept": "text/html"}


def is_bot(agent: str) -> bool:
    return "bot" in agent.lower()


@pytest.mark.parametrize(
    ("method", "headers", "at", "expected"),
    [
        pytest.param("GET", PHONE, LATER, None, id="a person"),
        pytest.param("get", PHONE, LATER, None, id="in small letters"),
        pytest.param("HEAD", PHONE, LATER, Bot.METHOD, id="HEAD"),
        pytest.param("OPTIONS", PHONE, LATER, Bot.METHOD, id="OPTIONS"),
        pytest.param("POST", PHONE, LATER, Bot.METHOD, id="nobody posts to a link by following it"),
        pytest.param("GET", {}, LATER, Bot.NO_AGENT, id="no user agent"),
        pytest.param("GET", {"User-Agent": "  "}, LATER, Bot.NO_AGENT, id="an empty user agent"),
        pytest.param("GET", {"user-agent": "Googlebot/2.1"}, LATER, Bot.KNOWN_BOT, id="a bot that says so"),
        pytest.param("GET", PHONE | {"Sec-Purpose": "prefetch"}, LATER, Bot.PREFETCH, id="prefetch"),
        pytest.param("GET", PHONE | {"sec-purpose": "prefetch;prerender"}, LATER, Bot.PREFETCH, id="with parameters"),
        pytest.param("GET", PHONE | {"Purpose": "prefetch"}, LATER, Bot.PREFETCH, id="as older browsers say it"),
        pytest.param("GET", PHONE | {"X-Purpose": "preview"}, LATER, Bot.PREFETCH, id="as Safari says it"),
        pytest.param("GET", PHONE | {"X-Moz": "Prefetch"}, LATER, Bot.PREFETCH, id="as Firefox said it"),
        pytest.param("GET", PHONE | {"Purpose": "navigate"}, LATER, None, id="another purpose"),
        pytest.param("GET", PHONE, SENT + timedelta(seconds=1.999), Bot.TOO_SOON, id="too soon for a person"),
        pytest.param("GET", PHONE, SENT + timedelta(seconds=2), None, id="a quick person"),
        pytest.param("GET", PHONE, SENT - timedelta(seconds=9), Bot.TOO_SOON, id="before it was sent"),
    ],
)
def test_verdict(method: str, headers: Mapping[str, str], at: datetime, expected: Bot | None) -> None:
    assert verdict(Hit(method, headers, at, SENT), is_bot) == expected


def test_who_comes_before_the_carrier_has_the_text_is_no_person() -> None:
    assert verdict(Hit("GET", PHONE, LATER, None), is_bot) is Bot.TOO_SOON


def test_every_reason_has_its_words() -> None:
    assert set(SENTENCES) == set(Bot)


@pytest.mark.parametrize(
    ("people", "delivered", "has_links", "share"),
    [
        pytest.param(1, 4, True, 0.25, id="a quarter"),
        pytest.param(0, 4, True, 0.0, id="nobody did"),
        pytest.param(0, 4, False, None, id="nobody could"),
        pytest.param(0, 0, True, None, id="nobody has got it yet"),
        pytest.param(5, 4, True, 1.0, id="receipts are missing"),
    ],
)
def test_click_through(people: int, delivered: int, has_links: bool, share: float | None) -> None:
    assert click_through(people, delivered, has_links=has_links) == share


@settings(deadline=None)
@given(
    st.text(max_size=8),
    st.dictionaries(st.sampled_from(["User-Agent", "PURPOSE", "x-moz", "Host"]), st.text(max_size=12)),
    st.timedeltas(-timedelta(days=1), timedelta(days=9)),
)
def test_a_person_opens_with_a_browser_after_the_text_was_there(
    method: str, headers: dict[str, str], after: timedelta
) -> None:
    for asked in (method, "GET"):
        if verdict(Hit(asked, headers, SENT + after, SENT), is_bot) is None:
            assert asked.upper() == "GET"
            assert headers["User-Agent"].strip()
            assert after >= timedelta(seconds=2)
