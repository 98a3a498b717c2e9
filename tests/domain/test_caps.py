"""How many bulk texts one recipient gets, and when the next may leave."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.caps import Cap, resets_at, widest

NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LAW = Cap(3, DAY)


def ago(hours: float) -> datetime:
    return NOON - timedelta(hours=hours)


@pytest.mark.parametrize(
    ("caps", "sent", "expected"),
    [
        pytest.param([LAW], [], None, id="nothing was sent"),
        pytest.param([LAW], [ago(1), ago(2)], None, id="one is left"),
        pytest.param([LAW], [ago(1), ago(2), ago(3)], ago(3) + DAY, id="the third one back makes room first"),
        pytest.param([LAW], [ago(3), ago(1), ago(2)], ago(3) + DAY, id="in any order"),
        pytest.param([LAW], [ago(h) for h in (1, 2, 3, 4)], ago(3) + DAY, id="more than the cap, sent before it stood"),
        pytest.param([LAW], [ago(1), ago(2), ago(24)], None, id="the day is over at its very end"),
        pytest.param([LAW], [ago(1), ago(2), ago(23.999)], ago(23.999) + DAY, id="and not a moment before"),
        pytest.param([], [ago(1)] * 9, None, id="no cap"),
        pytest.param([LAW, Cap(1, 7 * DAY)], [ago(30)], ago(30) + 7 * DAY, id="the workspace's own is the stricter"),
        pytest.param([LAW, Cap(5, 7 * DAY)], [ago(1)] * 3, ago(1) + DAY, id="the law is the stricter"),
        pytest.param([LAW, Cap(3, 7 * DAY)], [ago(1)] * 3, ago(1) + 7 * DAY, id="both object: the later reset"),
        pytest.param([Cap(1, DAY)], [NOON + timedelta(hours=2)], NOON + timedelta(hours=26), id="a clock was set back"),
    ],
)
def test_when_the_next_may_leave(caps: Sequence[Cap], sent: Sequence[datetime], expected: datetime | None) -> None:
    assert resets_at(caps, sent, NOON) == expected


CAPS = st.builds(Cap, st.integers(1, 4), st.integers(1, 96).map(lambda hours: timedelta(hours=hours)))


@given(st.lists(CAPS, max_size=3), st.lists(st.integers(0, 100), max_size=12))
def test_texts_that_wait_for_their_reset_never_exceed_a_cap_and_wait_no_longer_than_they_must(
    caps: list[Cap], arrivals: list[int]
) -> None:
    sent: list[datetime] = []
    for hours in sorted(arrivals):
        now = NOON + timedelta(hours=hours)
        leaves = resets_at(caps, sent, now) or now
        assert resets_at(caps, sent, leaves) is None
        if leaves > now:
            assert resets_at(caps, sent, leaves - timedelta(microseconds=1)) == leaves
        sent.append(leaves)
    for cap in caps:
        for end in sent:
            assert sum(end - cap.window < one <= end for one in sent) <= cap.texts


@given(st.lists(CAPS, min_size=1, max_size=3), st.lists(st.integers(0, 200), max_size=12))
def test_no_departure_beyond_the_widest_cap_matters(caps: list[Cap], hours: list[int]) -> None:
    sent = sorted((ago(h) for h in hours), reverse=True)
    look = widest(caps)
    assert look is not None
    seen = [one for one in sent if one > NOON - look.window][: look.texts]
    assert resets_at(caps, seen, NOON) == resets_at(caps, sent, NOON)


def test_without_caps_there_is_nothing_to_look_for() -> None:
    assert widest([]) is None
