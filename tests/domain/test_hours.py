"""Quiet hours: labelled cases on the shipped rules, and a minute-by-minute oracle that knows nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.hours import Hours, hours_at
from server.domain.places import shipped_places
from server.domain.quiet_rules import Span, parse_rules
from server.domain.timetable import LAST_CALL, Timetable, shipped_timetable

TABLE = shipped_timetable()
EASTERN, CENTRAL, PACIFIC = (ZoneInfo(f"America/{city}") for city in ("New_York", "Chicago", "Los_Angeles"))
PHOENIX, HAWAII = ZoneInfo("America/Phoenix"), ZoneInfo("Pacific/Honolulu")
DC, MIAMI, DALLAS, BIRMINGHAM, JACKSON = (f"+1{code}5550100" for code in (202, 305, 214, 205, 601))
HARTFORD, SEATTLE, NEW_ORLEANS, TUCSON, HONOLULU = (f"+1{code}5550100" for code in (203, 206, 504, 520, 808))
GARY, TALLAHASSEE, MARQUETTE = (f"+1{code}5550100" for code in (219, 850, 906))
TOLL_FREE = "+18005550100"


def at(zone: ZoneInfo, text: str) -> datetime:
    """A local time such as ``2026-03-10 08:00``, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


OPEN = [
    pytest.param(DC, EASTERN, "2026-03-10 08:00", "2026-03-10 21:00", id="federal: from eight sharp"),
    pytest.param(DC, EASTERN, "2026-03-10 20:59:59.999999", "2026-03-10 21:00", id="federal: to the last moment"),
    pytest.param(DC, EASTERN, "2026-03-08 08:00", "2026-03-08 21:00", id="the day of 23 hours"),
    pytest.param(DC, EASTERN, "2026-11-01 08:00", "2026-11-01 21:00", id="the day of 25 hours"),
    pytest.param(MIAMI, EASTERN, "2026-03-10 19:59", "2026-03-10 20:00", id="Florida: to eight"),
    pytest.param(SEATTLE, PACIFIC, "2026-03-10 19:59", "2026-03-10 20:00", id="Washington: to eight"),
    pytest.param(HARTFORD, EASTERN, "2026-03-10 09:00", "2026-03-10 20:00", id="Connecticut: from nine to eight"),
    pytest.param(DALLAS, CENTRAL, "2026-03-14 09:00", "2026-03-14 21:00", id="Texas: Saturday from nine"),
    pytest.param(DALLAS, CENTRAL, "2026-03-15 12:00", "2026-03-15 21:00", id="Texas: Sunday from noon"),
    pytest.param(TUCSON, PHOENIX, "2026-07-01 08:00", "2026-07-01 21:00", id="Arizona has no summer time"),
    pytest.param(HONOLULU, HAWAII, "2026-07-01 08:00", "2026-07-01 21:00", id="Hawaii"),
    pytest.param(
        GARY, CENTRAL, "2026-03-10 08:00", "2026-03-10 20:00", id="219: from Chicago's eight to Indianapolis' nine"
    ),
    pytest.param(TALLAHASSEE, CENTRAL, "2026-03-10 08:00", "2026-03-10 19:00", id="850: Central opens, Eastern closes"),
    pytest.param(
        MARQUETTE, CENTRAL, "2026-03-10 08:00", "2026-03-10 20:00", id="906: Menominee's eight, Detroit's nine"
    ),
    pytest.param("+442079460958", ZoneInfo("Europe/London"), "2026-03-10 08:00", "2026-03-10 21:00", id="abroad"),
    pytest.param("+14165550100", EASTERN, "2026-03-14 08:00", "2026-03-14 21:00", id="Canada"),
]
CLOSED = [
    pytest.param(DC, EASTERN, "2026-03-10 07:59:59.999999", "2026-03-10 08:00", id="federal: a moment before eight"),
    pytest.param(DC, EASTERN, "2026-03-10 21:00", "2026-03-11 08:00", id="federal: nine sharp"),
    pytest.param(DC, EASTERN, "2026-03-07 23:30", "2026-03-08 08:00", id="the night of the lost hour"),
    pytest.param(DC, EASTERN, "2026-10-31 23:30", "2026-11-01 08:00", id="the night of the second hour"),
    pytest.param(MIAMI, EASTERN, "2026-03-10 20:00", "2026-03-11 08:00", id="Florida: eight sharp"),
    pytest.param(HARTFORD, EASTERN, "2026-03-10 08:59", "2026-03-10 09:00", id="Connecticut: not at eight"),
    pytest.param(DALLAS, CENTRAL, "2026-03-15 11:59", "2026-03-15 12:00", id="Texas: Sunday morning"),
    pytest.param(DALLAS, CENTRAL, "2026-03-14 21:00", "2026-03-15 12:00", id="Texas: Saturday night, to noon"),
    pytest.param(BIRMINGHAM, CENTRAL, "2026-03-14 20:00", "2026-03-16 08:00", id="Alabama: over a Sunday"),
    pytest.param(
        BIRMINGHAM, CENTRAL, "2026-09-05 20:00", "2026-09-08 08:00", id="Alabama: over a Sunday and Labor Day"
    ),
    pytest.param(
        BIRMINGHAM, CENTRAL, "2026-07-02 20:00", "2026-07-06 08:00", id="Alabama: July 4 on a Saturday, and its Friday"
    ),
    pytest.param(NEW_ORLEANS, CENTRAL, "2026-11-26 12:00", "2026-11-27 08:00", id="Louisiana: Thanksgiving"),
    pytest.param(NEW_ORLEANS, CENTRAL, "2026-04-03 12:00", "2026-04-04 08:00", id="Louisiana: Good Friday"),
    pytest.param(JACKSON, CENTRAL, "2026-03-15 12:00", "2026-03-16 08:00", id="Mississippi: no Sunday"),
    pytest.param(
        GARY, CENTRAL, "2026-03-10 20:00", "2026-03-11 08:00", id="219: Chicago is awake, Indianapolis is not"
    ),
    pytest.param(
        GARY, EASTERN, "2026-03-10 08:30", "2026-03-10 09:00", id="219: Indianapolis is awake, Chicago is not"
    ),
    pytest.param(TUCSON, PHOENIX, "2026-07-01 07:30", "2026-07-01 08:00", id="Arizona: half past eight in Denver"),
    pytest.param(TOLL_FREE, EASTERN, "2026-03-10 12:00", "2026-03-10 19:00", id="toll-free: until Guam's next morning"),
]


@pytest.mark.parametrize(("address", "zone", "now", "until"), OPEN)
def test_open_until(address: str, zone: ZoneInfo, now: str, until: str) -> None:
    assert TABLE.at(address, (), at(zone, now)) == Hours(True, at(zone, until))


@pytest.mark.parametrize(("address", "zone", "now", "opens"), CLOSED)
def test_closed_until(address: str, zone: ZoneInfo, now: str, opens: str) -> None:
    assert TABLE.at(address, (), at(zone, now)) == Hours(False, at(zone, opens))


def test_texas_is_open_on_a_holiday() -> None:
    assert TABLE.at(DALLAS, (), at(CENTRAL, "2026-11-26 12:00")).open


def test_where_nothing_is_known_it_never_opens() -> None:
    assert TABLE.at("+88255555555", (), at(EASTERN, "2026-03-10 12:00")) == Hours(False, None)


def test_a_toll_free_number_has_its_hour_on_working_days_alone() -> None:
    """It is nine in Guam only when it is six or seven in the evening in New York, and the day after."""
    now, openings = at(EASTERN, "2026-03-09 00:00"), []
    for _ in range(6):
        opens = TABLE.at(TOLL_FREE, (), now).until
        assert opens is not None
        closes = TABLE.at(TOLL_FREE, (), opens).until
        assert closes == opens + timedelta(hours=1)
        openings.append(opens.astimezone(EASTERN).strftime("%a %H"))
        now = closes
    assert openings == ["Mon 19", "Tue 19", "Wed 19", "Thu 19", "Fri 19", "Mon 19"]


def test_what_is_known_of_the_address_adds_a_zone() -> None:
    now = at(EASTERN, "2026-03-10 09:00")
    assert TABLE.at(DC, ["America/New_York"], now).open
    assert TABLE.at(DC, ["America/Los_Angeles"], now) == Hours(False, at(PACIFIC, "2026-03-10 08:00"))


def test_nothing_sets_out_at_the_last_call() -> None:
    closing, opening = at(EASTERN, "2026-03-10 21:00"), at(EASTERN, "2026-03-11 08:00")
    assert TABLE.to_set_out(DC, (), closing - LAST_CALL - timedelta(seconds=1)) == Hours(True, closing)
    assert TABLE.to_set_out(DC, (), closing - LAST_CALL) == Hours(False, opening)
    assert TABLE.at(DC, (), closing - LAST_CALL) == Hours(True, closing)


# Rules of one's own


def custom(daily: str) -> Timetable:
    text = f'version = "1"\n[everywhere]\ndaily = "{daily}"\nsource = "us"\nreviewed = 2026-11-22'
    return Timetable(parse_rules(text, "ours.toml"), shipped_places())


def test_hours_that_never_end() -> None:
    assert custom("00:00-24:00").at(DC, (), at(EASTERN, "2026-03-10 23:59")) == Hours(True, None)


def test_hours_that_never_begin() -> None:
    assert custom("none").at(DC, (), at(EASTERN, "2026-03-10 12:00")) == Hours(False, None)


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        pytest.param(
            "02:30-21:00", "2026-03-08T06:00", (False, "2026-03-08T07:00"), id="opens in the hour that is lost"
        ),
        pytest.param("08:00-02:30", "2026-03-08T06:00", None, id="not over midnight"),
        pytest.param("00:00-02:30", "2026-03-08T06:00", (True, "2026-03-08T07:00"), id="ends in the hour that is lost"),
        pytest.param(
            "01:30-21:00", "2026-11-01T05:00", (False, "2026-11-01T05:30"), id="opens in the first of two hours"
        ),
        pytest.param(
            "01:30-21:00", "2026-11-01T05:45", (True, "2026-11-01T06:00"), id="and closes as the clock goes back"
        ),
        pytest.param("01:30-21:00", "2026-11-01T06:00", (False, "2026-11-01T06:30"), id="and opens once more"),
    ],
)
def test_hours_on_the_night_of_a_change(hours: str, now: str, expected: tuple[bool, str] | None) -> None:
    """The local clock decides, whatever it shows twice or never. Times are UTC."""
    if expected is None:
        with pytest.raises(ValueError, match="hours of one day"):
            custom(hours)
        return
    until = datetime.fromisoformat(expected[1]).replace(tzinfo=UTC)
    assert custom(hours).at(DC, (), datetime.fromisoformat(now).replace(tzinfo=UTC)) == Hours(expected[0], until)


# The oracle: the same law written down once more, asked minute by minute

WINDOWS = {"US-FL": (8, 20), "US-CT": (9, 20), "US-AL": (8, 20), "US-LA": (8, 20), "US-WA": (8, 20), "US-TX": (9, 21)}
NO_SUNDAY = {"US-AL", "US-LA", "US-MS"}
NO_HOLIDAYS = {"US-AL", "US-LA"}
KEPT = {date(2026, 7, 3), date(2026, 7, 4), date(2026, 9, 7), date(2026, 11, 11), date(2026, 11, 26), date(2027, 1, 1)}


def allowed(zones: Sequence[ZoneInfo], regions: Sequence[str], instant: datetime) -> bool:
    for zone in zones:
        local = instant.astimezone(zone)
        for region in ("", *regions):
            opens, closes = WINDOWS.get(region, (8, 21))
            if local.weekday() == 6:
                if region in NO_SUNDAY:
                    return False
                opens = 12 if region == "US-TX" else opens
            if region in NO_HOLIDAYS and local.date() in KEPT:
                return False
            if not time(opens) <= local.time() < time(closes if closes < 24 else 0):
                return False
    return True


ADDRESSES = [
    pytest.param(f"+1{code}5550100", id=f"{code} ({where})")
    for code, where in {
        202: "Washington, DC", 305: "Miami", 203: "Connecticut", 205: "Alabama", 504: "New Orleans", 601: "Mississippi",
        214: "Dallas", 915: "El Paso", 206: "Seattle", 520: "Tucson", 928: "Navajo Nation", 808: "Hawaii",
        907: "Alaska", 219: "Gary, Indiana", 812: "southern Indiana", 270: "Kentucky", 423: "Tennessee", 448: "Florida",
        850: "Florida too", 906: "Upper Peninsula", 701: "North Dakota", 208: "Idaho", 787: "Puerto Rico", 671: "Guam",
    }.items()
]  # fmt: skip
NIGHTS = [datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 10, 31, 12, tzinfo=UTC)]
DAYS = [*NIGHTS, datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)]


@pytest.mark.parametrize("address", ADDRESSES)
@given(st.sampled_from(DAYS), st.integers(0, 60 * 24 * 2), st.sampled_from([(1, 60 * 18), (15, 4 * 24 * 5)]))
@settings(max_examples=6)
@example(NIGHTS[0], 12 * 60, (1, 60 * 18))
@example(NIGHTS[1], 12 * 60, (1, 60 * 18))
def test_the_answer_is_that_of_a_minute_by_minute_walk(
    address: str, day: datetime, minutes: int, walk: tuple[int, int]
) -> None:
    place = shipped_places().of_digits(address)
    zones, regions = [ZoneInfo(name) for name in sorted(place.zones)], sorted(place.regions)
    step, steps = timedelta(minutes=walk[0]), walk[1]
    now = day + timedelta(minutes=minutes - minutes % walk[0])
    hours = TABLE.at(address, (), now)
    assert hours.open is allowed(zones, regions, now)
    for n in range(steps):
        instant = now + n * step
        if hours.until is not None and instant >= hours.until:
            assert instant == hours.until
            assert allowed(zones, regions, instant) is not hours.open
            return
        assert allowed(zones, regions, instant) is hours.open, instant


ALL_ZONES = sorted({zone for param in ADDRESSES for zone in shipped_places().of_digits(str(param.values[0])).zones})
SPANS = st.one_of(st.none(), st.tuples(st.integers(0, 47), st.integers(1, 48)).filter(lambda s: s[0] < s[1]))


@given(
    st.lists(st.sampled_from(ALL_ZONES), min_size=1, max_size=4, unique=True),
    st.lists(SPANS, min_size=7, max_size=7),
    st.sampled_from(DAYS),
    st.integers(0, 60 * 24 * 3 * 60),
)
@settings(max_examples=150)
def test_any_hours_in_any_zones_open_and_close_when_they_say(
    names: list[str], week: list[tuple[int, int] | None], day: datetime, seconds: int
) -> None:
    """Hours that begin or end at night too, where clocks change."""
    zones = [ZoneInfo(name) for name in names]
    spans = [None if half is None else Span(half[0] * 1800, half[1] * 1800) for half in week]

    def span_of(local: date) -> Span | None:
        return spans[local.weekday()]

    def is_open(instant: datetime) -> bool:
        for zone in zones:
            local = instant.astimezone(zone)
            span, second = span_of(local.date()), local.hour * 3600 + local.minute * 60 + local.second
            if span is None or not span.opens_s <= second < span.closes_s:
                return False
        return True

    now = day + timedelta(seconds=seconds)
    hours = hours_at(zones, span_of, now)
    assert hours.open is is_open(now)
    if hours.until is None:
        return
    assert is_open(hours.until) is not hours.open
    assert is_open(hours.until - timedelta(seconds=1)) is hours.open
    between = (hours.until - now) / 40
    assert all(is_open(now + n * between) is hours.open for n in range(40))


@given(st.integers(200, 999), st.sampled_from(DAYS), st.integers(0, 60 * 48))
def test_whatever_the_digits_it_opens_within_days_and_is_open_then(code: int, day: datetime, minutes: int) -> None:
    address, now = f"+1{code}5550100", day + timedelta(minutes=minutes)
    hours = TABLE.at(address, (), now)
    opens = now if hours.open else hours.until
    assert opens is not None
    assert opens - now < timedelta(days=5)
    assert TABLE.at(address, (), opens).open
    assert hours.open or TABLE.to_set_out(address, (), opens).open  # one that is open already may be in its last minute


def test_what_is_remembered_is_what_would_be_computed() -> None:
    """The same questions in two orders, so that one answer is remembered and the other is not."""
    questions = [at(EASTERN, f"2026-03-{day:02} {hour:02}:30") for day in (7, 8, 9) for hour in range(24)]
    for address in (DC, GARY, BIRMINGHAM):
        fresh = [Timetable(TABLE.rules, shipped_places()).at(address, (), now) for now in questions]
        one = Timetable(TABLE.rules, shipped_places())
        assert [one.at(address, (), now) for now in questions] == fresh
        assert [one.at(address, (), now) for now in reversed(questions)] == fresh[::-1]
