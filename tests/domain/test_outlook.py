"""How a drip is drawn: bars that add up to its batches, and the stretches between them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.drip import Drip, forecast, timeline
from server.domain.campaigns.outlook import MOST_BARS, asleep, outlook
from server.domain.quiet_rules import Span
from server.domain.timetable import shipped_timetable
from tests.domain.test_drip import EASTERN, HOUR_S, WORKDAYS, drip, local

DAYS = st.frozensets(st.integers(0, 6), min_size=1)
SPANS = st.tuples(st.integers(0, 22), st.integers(1, 24)).filter(lambda hours: hours[0] < hours[1])


def shown(at: datetime) -> str:
    return at.astimezone(EASTERN).strftime("%a %m-%d %H:%M")


def test_a_short_drip_is_drawn_batch_by_batch_and_its_night_is_closed() -> None:
    found = outlook(drip(), local("2026-03-10 15:30"), 250)
    assert found is not None
    drawn = [(shown(bar.at), bar.count) for bar in found.bars]
    assert drawn == [("Tue 03-10 15:30", 100), ("Tue 03-10 16:30", 100), ("Wed 03-11 09:00", 50)]
    assert [(shown(one.begins), shown(one.ends)) for one in found.closed] == [("Tue 03-10 17:00", "Wed 03-11 09:00")]


def test_a_long_one_is_drawn_by_the_day_and_only_its_weekends_are_closed() -> None:
    found = outlook(drip(WORKDAYS), local("2026-03-09 09:00"), 800 * 60)
    assert found is not None
    assert (found.bar_s, {bar.count for bar in found.bars}) == (86_400, {800})
    assert [shown(bar.at)[:3] for bar in found.bars[:6]] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Mon"]
    assert {shown(one.begins)[:3] for one in found.closed} >= {"Fri"}


def test_what_never_begins_is_not_drawn() -> None:
    assert outlook(drip(ends_on="2026-03-09"), local("2026-03-10 12:00"), 100) is None
    assert outlook(drip(), local("2026-03-10 12:00"), 0) is None


@settings(max_examples=200, deadline=None)
@given(
    batch=st.integers(1, 500), minutes=st.integers(1, 3_000), days=DAYS, hours=SPANS, people=st.integers(1, 5_000),
    start=st.integers(0, 400 * 24 * 60), ends_in=st.none() | st.integers(0, 60),
    per_s=st.none() | st.floats(0.01, 10),
)  # fmt: skip
def test_the_bars_are_few_and_have_the_recipients_of_the_batches_that_begin_in_them(
    batch: int, minutes: int, days: frozenset[int], hours: tuple[int, int], people: int, start: int,
    ends_in: int | None, per_s: float | None,
) -> None:  # fmt: skip
    begins = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    last_day = None if ends_in is None else begins.date() + timedelta(days=ends_in)
    span = Span(hours[0] * HOUR_S, hours[1] * HOUR_S)
    one = Drip(batch, minutes * 60, days, span, "America/New_York", last_day)
    found = outlook(one, begins, people, per_s)
    batches = list(timeline(one, begins, people, per_s))
    if not batches:
        assert found is None
        return
    assert found is not None
    assert sum(bar.count for bar in found.bars) == forecast(one, begins, people, per_s).recipients
    assert len(found.bars) <= MOST_BARS + 1 or found.bar_s == 28 * 86_400
    width = timedelta(seconds=found.bar_s)
    for bar in found.bars:
        assert bar.count == sum(it.count for it in batches if bar.at <= it.at < bar.at + width)
    assert all(not one.begins < it.at < one.ends for one in found.closed for it in batches)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(1, [("Tue 03-10 21:00", "Wed 03-11 08:00")], id="a night"),
        pytest.param(200, [], id="too thin to be seen"),
    ],
)
def test_quiet_hours_are_those_that_hold_everywhere(days: int, expected: list[tuple[str, str]]) -> None:
    hours = shipped_timetable()
    begins = local("2026-03-10 12:00")
    found = asleep(lambda at: hours.usual(["America/New_York"], at), begins, begins + timedelta(days=days))
    assert [(shown(one.begins), shown(one.ends)) for one in found] == expected


def test_of_several_zones_it_is_quiet_as_soon_as_it_is_for_some() -> None:
    hours = shipped_timetable()
    zones = ["America/New_York", "America/Los_Angeles"]
    begins = local("2026-03-10 12:00")
    [night] = asleep(lambda at: hours.usual(zones, at), begins, begins + timedelta(days=1))
    assert (shown(night.begins), shown(night.ends)) == ("Tue 03-10 21:00", "Wed 03-11 11:00")
