"""When replies are suggested, and when they are of no use any more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.domain.suggest.situation import OLDEST, Line, Silence, Situation, silence, stale

NOW = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
ASKED = Line(3, True, "Is it free?", NOW)
OURS = Line(4, False, "It is!", NOW)
OPEN = Situation(1, 1, (ASKED,), "model")


@pytest.mark.parametrize(
    ("situation", "why"),
    [
        pytest.param(OPEN, None, id="a contact waits"),
        pytest.param(replace(OPEN, mode="offline"), None, id="nothing may leave"),
        pytest.param(replace(OPEN, mode="off"), Silence.OFF, id="nobody wants any"),
        pytest.param(replace(OPEN, lines=()), Silence.NOTHING_SAID, id="an empty thread"),
        pytest.param(replace(OPEN, lines=(ASKED, OURS)), Silence.WE_SPOKE_LAST, id="somebody has answered"),
        pytest.param(replace(OPEN, lines=(OURS, replace(ASKED, seq=6))), None, id="and the contact again"),
        pytest.param(replace(OPEN, lines=(replace(ASKED, keyword="STOP"),)), Silence.KEYWORD, id="STOP"),
        pytest.param(replace(OPEN, lines=(replace(ASKED, body=" "),)), Silence.WORDLESS, id="only a picture"),
        pytest.param(replace(OPEN, silent=True), Silence.WANTS_NO_TEXTS, id="opted out, held or blocked"),
        pytest.param(
            replace(OPEN, lines=(replace(ASKED, at=NOW - OLDEST - timedelta(seconds=1)),)),
            Silence.LONG_AGO,
            id="long ago",
        ),
    ],
)
def test_silence(situation: Situation, why: Silence | None) -> None:
    assert silence(situation, NOW) is why


@pytest.mark.parametrize(
    ("based_on", "newest", "gone"),
    [
        pytest.param(3, 3, False, id="nothing was said since"),
        pytest.param(3, 4, True, id="something was"),
        pytest.param(4, 3, True, id="a text that is not there yet"),
    ],
)
def test_stale(based_on: int, newest: int, gone: bool) -> None:
    assert stale(based_on, newest) is gone


def test_what_was_asked_is_all_since_we_last_wrote() -> None:
    lines = (Line(1, True, "Hi", NOW), Line(2, False, "Hello", NOW), Line(3, True, "A", NOW), Line(4, True, "B", NOW))
    assert replace(OPEN, lines=lines).asked == "A\nB"
