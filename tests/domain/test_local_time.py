"""Which instant a time of the local clock means, on ordinary days and on the two nights of the year."""

# ruff: noqa: DTZ001, DTZ901 - what a clock on a wall shows bears no zone; which one is meant is what is asked

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.local_time import NoSuchTime, Resolved, at_home, begins_at_home, passed_at_home, resolve
from server.domain.places import shipped_places, zone
from server.domain.timetable import shipped_timetable

NEW_YORK, CHICAGO, LA, AUCKLAND = "America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Auckland"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "zone_name", "way", "instant"),
    [
        pytest.param("2026-11-21 10:00", NEW_YORK, "exact", "2026-11-21 15:00", id="an ordinary day"),
        pytest.param("2026-03-08 01:59", NEW_YORK, "exact", "2026-03-08 06:59", id="the last minute before the gap"),
        pytest.param("2026-03-08 02:00", NEW_YORK, "skipped", "2026-03-08 07:00", id="the first minute of the gap"),
        pytest.param("2026-03-08 02:30", NEW_YORK, "skipped", "2026-03-08 07:30", id="in the gap"),
        pytest.param("2026-03-08 03:00", NEW_YORK, "exact", "2026-03-08 07:00", id="the first minute after the gap"),
        pytest.param("2026-11-01 00:59", NEW_YORK, "exact", "2026-11-01 04:59", id="before the hour that comes twice"),
        pytest.param("2026-11-01 01:30", NEW_YORK, "twice", "2026-11-01 05:30", id="in the hour that comes twice"),
        pytest.param("2026-11-01 02:00", NEW_YORK, "exact", "2026-11-01 07:00", id="after the hour that comes twice"),
        pytest.param("2026-03-08 02:30", "America/Phoenix", "exact", "2026-03-08 09:30", id="no summer time"),
        pytest.param(
            "2026-10-04 02:15", "Australia/Lord_Howe", "skipped", "2026-10-03 15:45", id="a gap of half an hour"
        ),
        pytest.param("2011-12-30 10:00", "Pacific/Apia", "skipped", "2011-12-30 20:00", id="a day that was skipped"),
    ],
)
def test_resolve(wall: str, zone_name: str, way: str, instant: str) -> None:
    resolved = resolve(datetime.fromisoformat(wall), zone_name)
    assert isinstance(resolved, Resolved)
    assert (resolved.way, resolved.instant) == (way, utc(instant))
    assert (resolved.sentence is None) == (way == "exact")
    assert (resolved.second is None) == (way != "twice")


def test_a_time_that_is_skipped_is_told_with_what_it_becomes() -> None:
    resolved = resolve(datetime(2026, 3, 8, 2, 30), NEW_YORK)
    assert isinstance(resolved, Resolved)
    assert resolved.sentence == (
        "There is no Sun, Mar 8 at 2:30 AM in America/New York: clocks skip it. It becomes Sun, Mar 8 at 3:30 AM EDT."
    )


def test_a_time_that_comes_twice_is_told_with_both() -> None:
    resolved = resolve(datetime(2026, 11, 1, 1, 30), NEW_YORK)
    assert isinstance(resolved, Resolved)
    assert resolved.second == utc("2026-11-01 06:30")
    assert resolved.sentence == (
        "Clocks in America/New York show Sun, Nov 1 at 1:30 AM twice. It is the first of them, Sun, Nov 1 at 1:30 AM"
        " EDT, and not Sun, Nov 1 at 1:30 AM EST."
    )


@pytest.mark.parametrize(
    ("wall", "zone_name", "sentence"),
    [
        pytest.param(datetime(2026, 3, 8), "Mars/Olympus", 'There is no time zone named "Mars/Olympus".', id="unknown"),
        pytest.param(datetime(2026, 3, 8), "", 'There is no time zone named "".', id="empty"),
        pytest.param(
            datetime(2026, 3, 8), "../" * 30, f'There is no time zone named "{("../" * 30)[:40]}…".', id="a path"
        ),
        pytest.param(datetime.max, NEW_YORK, "The year must lie between 1970 and 2199.", id="the end of the calendar"),
        pytest.param(datetime.min, AUCKLAND, "The year must lie between 1970 and 2199.", id="its beginning"),
    ],
)
def test_what_is_no_time_is_refused(wall: datetime, zone_name: str, sentence: str) -> None:
    assert resolve(wall, zone_name) == NoSuchTime(sentence)


ZONES = st.sampled_from(
    [NEW_YORK, LA, AUCKLAND, "Europe/London", "Australia/Lord_Howe", "America/Phoenix", "Pacific/Apia", "Asia/Kolkata"]
)


@settings(deadline=None)
@given(st.datetimes(datetime(2005, 1, 1), datetime(2045, 1, 1)), ZONES)
@example(datetime(2026, 3, 8, 2, 30), NEW_YORK)
@example(datetime(2026, 11, 1, 1, 30), NEW_YORK)
@example(datetime(2011, 12, 30, 12), "Pacific/Apia")
def test_the_clock_shows_what_was_asked_for_or_what_was_told(wall: datetime, zone_name: str) -> None:
    resolved = resolve(wall, zone_name)
    assert isinstance(resolved, Resolved)
    shown = resolved.instant.astimezone(zone(zone_name)).replace(tzinfo=None)
    if resolved.way == "skipped":
        before = (resolved.instant - timedelta(days=1)).astimezone(zone(zone_name)).utcoffset()
        behind = (resolved.instant + timedelta(days=1)).astimezone(zone(zone_name)).utcoffset()
        assert before is not None
        assert behind is not None
        assert shown == wall + (behind - before) > wall
    else:
        assert shown == wall
    if resolved.second is not None:
        assert resolved.second > resolved.instant
        assert resolved.second.astimezone(zone(zone_name)).replace(tzinfo=None) == wall


DAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        pytest.param([NEW_YORK], "2026-11-21 15:00", id="one zone"),
        pytest.param([NEW_YORK, CHICAGO], "2026-11-21 16:00", id="two: the later one's ten"),
        pytest.param([], "2026-11-21 18:00", id="none is known: the sender's"),
        pytest.param(["Mars/Olympus"], "2026-11-21 18:00", id="none that this machine knows: the sender's"),
        pytest.param(["Mars/Olympus", NEW_YORK], "2026-11-21 15:00", id="one that it does not know is passed over"),
        pytest.param([AUCKLAND], "2026-11-20 21:00", id="east of the date line: the sender's day before"),
        pytest.param(["Pacific/Pago_Pago"], "2026-11-21 21:00", id="west of it: the same day"),
    ],
)
def test_ten_on_a_day_of_the_recipients(zones: list[str], expected: str) -> None:
    assert at_home(DAY, time(10), zones, LA) == utc(expected)


def test_on_the_night_of_the_gap_it_is_what_a_skipped_time_becomes() -> None:
    assert at_home(date(2026, 3, 8), time(2, 30), [NEW_YORK], LA) == utc("2026-03-08 07:30")


def test_a_toll_free_number_gets_it_when_it_is_ten_in_the_last_of_all_zones_and_the_gate_decides_then() -> None:
    zones = shipped_places().anywhere_in_the_us.zones
    instant = at_home(DAY, time(10), zones, NEW_YORK)
    assert instant == utc("2026-11-21 21:00")  # ten in Pago Pago
    assert not shipped_timetable().at("+18005550100", (), instant).open  # eight the next morning in Guam


@settings(deadline=None)
@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.times().filter(lambda at: at.hour >= 4).map(lambda at: at.replace(fold=0)),
    st.lists(ZONES, min_size=1, max_size=4),
)
def test_nobody_is_texted_before_the_hour_that_was_promised(day: date, at: time, zones: list[str]) -> None:
    instant = at_home(day, at, zones, "UTC")
    for name in zones:
        assert instant.astimezone(zone(name)).replace(tzinfo=None) >= datetime.combine(day, at)
    assert any(instant.astimezone(zone(name)).replace(tzinfo=None) == datetime.combine(day, at) for name in zones)
    assert begins_at_home(day, at, zones, "UTC") <= instant


@pytest.mark.parametrize(
    ("now", "zones", "sentence"),
    [
        pytest.param("2026-11-20 12:00", [NEW_YORK, AUCKLAND], None, id="ahead everywhere"),
        pytest.param("2026-11-20 21:00", [NEW_YORK, AUCKLAND], None, id="now is not past"),
        pytest.param(
            "2026-11-20 22:00",
            [NEW_YORK, AUCKLAND],
            "Sat, Nov 21 at 10:00 AM has passed in Pacific/Auckland already. Choose a later day or hour.",
            id="past beyond the date line",
        ),
        pytest.param(
            "2026-11-21 17:00",
            [NEW_YORK, CHICAGO, LA],
            "Sat, Nov 21 at 10:00 AM has passed in America/Chicago and 1 more time zones already."
            " Choose a later day or hour.",
            id="past in some",
        ),
        pytest.param(
            "2026-11-22 17:00",
            [NEW_YORK],
            "Sat, Nov 21 at 10:00 AM has passed everywhere. Choose a later day or hour.",
            id="past everywhere",
        ),
    ],
)
def test_a_day_that_is_over_for_some(now: str, zones: Collection[str], sentence: str | None) -> None:
    assert passed_at_home(DAY, time(10), zones, NEW_YORK, utc(now)) == sentence


def test_a_day_out_of_range_is_an_error() -> None:
    with pytest.raises(ValueError, match="year"):
        at_home(date.max, time(10), [NEW_YORK], LA)
