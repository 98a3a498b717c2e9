"""Whose hours and caps hold for a number with a ZIP code beside it: the strictest of the states of both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.caps import Cap
from server.domain.contact import places_of
from server.domain.hours import Hours
from server.domain.places import shipped_places
from server.domain.timetable import Timetable, shipped_timetable

TABLE = shipped_timetable()
GEORGIA, FLORIDA, BOSTON, DALLAS, TOLL_FREE = (
    "+14045550100",
    "+13055550100",
    "+16175550100",
    "+12145550100",
    "+18005550100",
)
BERLIN = "+493012345678"
HALF_PAST_EIGHT_PM = datetime(2026, 3, 11, 0, 30, tzinfo=UTC)  # Tuesday, New York: Florida's day is over, Georgia's not
HALF_PAST_EIGHT_AM = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
SUNDAY_NOON = datetime(2026, 3, 15, 16, 0, tzinfo=UTC)
NEXT_EIGHT_AM = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
NINE_PM = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)
EIGHT_PM = datetime(2026, 3, 11, 0, 0, tzinfo=UTC)
THREE_A_DAY = (Cap(3, timedelta(hours=24)),)


@pytest.mark.parametrize(
    ("address", "zip_code", "now", "hours", "caps", "by_zip"),
    [
        pytest.param(GEORGIA, "", HALF_PAST_EIGHT_PM, Hours(True, NINE_PM), (), (), id="no ZIP: Georgia's hours"),
        pytest.param(
            GEORGIA,
            "33130",
            HALF_PAST_EIGHT_PM,
            Hours(False, NEXT_EIGHT_AM),
            THREE_A_DAY,
            ("US-FL",),
            id="Florida's ZIP, Georgia's number: Florida's hours and cap",
        ),
        pytest.param(
            GEORGIA,
            "33130",
            HALF_PAST_EIGHT_AM,
            Hours(True, EIGHT_PM),
            THREE_A_DAY,
            ("US-FL",),
            id="the same in the morning: until Florida's evening",
        ),
        pytest.param(
            FLORIDA,
            "30309",
            HALF_PAST_EIGHT_PM,
            Hours(False, NEXT_EIGHT_AM),
            THREE_A_DAY,
            (),
            id="Georgia's ZIP, Florida's number: Florida's all the same",
        ),
        pytest.param(
            FLORIDA,
            "33130",
            HALF_PAST_EIGHT_PM,
            Hours(False, NEXT_EIGHT_AM),
            THREE_A_DAY,
            (),
            id="both of Florida: nothing to say of the ZIP code",
        ),
        pytest.param(
            GEORGIA, "02116", HALF_PAST_EIGHT_PM, Hours(True, NINE_PM), (), (), id="ZIP of a state without rules"
        ),
        pytest.param(
            GEORGIA,
            "06880",
            HALF_PAST_EIGHT_AM,
            Hours(False, HALF_PAST_EIGHT_AM + timedelta(minutes=30)),
            (),
            ("US-CT",),
            id="Connecticut begins at nine",
        ),
        pytest.param(
            BOSTON,
            "06390",
            HALF_PAST_EIGHT_AM,
            Hours(False, HALF_PAST_EIGHT_AM + timedelta(minutes=30)),
            (),
            ("US-CT",),
            id="a prefix of two states: the one with rules counts, though this one is New York's",
        ),
        pytest.param(
            DALLAS,
            "73960",
            HALF_PAST_EIGHT_PM,
            Hours(True, EIGHT_PM + timedelta(hours=1)),
            THREE_A_DAY,
            ("US-OK",),
            id="a prefix of Oklahoma and Texas on a number of Texas: eight in the evening, there an hour later",
        ),
        pytest.param(
            GEORGIA,
            "35203",
            SUNDAY_NOON,
            Hours(False, datetime(2026, 3, 16, 13, 0, tzinfo=UTC)),
            (),
            ("US-AL",),
            id="Alabama's Sunday",
        ),
        pytest.param(GEORGIA, "34012", HALF_PAST_EIGHT_PM, Hours(True, NINE_PM), (), (), id="military mail by Miami"),
        pytest.param(GEORGIA, "09012", HALF_PAST_EIGHT_PM, Hours(True, NINE_PM), (), (), id="military mail in Europe"),
        pytest.param(
            GEORGIA, "00907", HALF_PAST_EIGHT_PM, Hours(True, NINE_PM), (), (), id="a territory: its clock, no rules"
        ),
        pytest.param(
            TOLL_FREE,
            "33130",
            HALF_PAST_EIGHT_PM,
            Hours(False, datetime(2026, 3, 11, 23, 0, tzinfo=UTC)),
            THREE_A_DAY,
            (),
            id="toll-free may be in Florida as it is",
        ),
        pytest.param(
            BERLIN,
            "33130",
            HALF_PAST_EIGHT_AM,
            Hours(True, datetime(2026, 3, 10, 20, 0, tzinfo=UTC)),
            (),
            (),
            id="a postal code of Germany",
        ),
    ],
)
def test_the_strictest_of_the_numbers_states_and_the_zip_codes_holds(
    address: str, zip_code: str, now: datetime, hours: Hours, caps: tuple[Cap, ...], by_zip: tuple[str, ...]
) -> None:
    places = places_of(address, None, zip_code)
    assert TABLE.at(address, places, now) == hours
    assert TABLE.caps(address, places) == caps
    local = TABLE.local(address, places, now)
    assert (local.hours, local.zip_states) == (hours, by_zip)


def test_nothing_sets_out_at_the_last_call_of_the_zip_codes_state() -> None:
    places = places_of(GEORGIA, None, "33130")
    assert TABLE.to_set_out(GEORGIA, places, EIGHT_PM - timedelta(seconds=61)) == Hours(True, EIGHT_PM)
    assert TABLE.to_set_out(GEORGIA, places, EIGHT_PM - timedelta(seconds=60)) == Hours(False, NEXT_EIGHT_AM)


def test_a_zone_that_nobody_knows_takes_no_state_away() -> None:
    assert TABLE.caps(GEORGIA, ["Mars/Olympus_Mons", "US-FL"]) == THREE_A_DAY
    assert not TABLE.at(GEORGIA, ["Mars/Olympus_Mons", "US-FL"], HALF_PAST_EIGHT_PM).open


@settings(max_examples=60)
@given(
    st.sampled_from([GEORGIA, FLORIDA, BOSTON, DALLAS, BERLIN]),
    st.integers(0, 999).map(lambda prefix: f"{prefix:03}01"),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds are naive by contract
)
def test_a_zip_code_only_takes_hours_away_and_only_adds_caps(address: str, zip_code: str, now: datetime) -> None:
    with_zip, without = places_of(address, None, zip_code), ()
    fresh = Timetable(TABLE.rules, shipped_places())
    if fresh.at(address, with_zip, now).open:
        assert TABLE.at(address, without, now).open
    assert set(TABLE.caps(address, without)) <= set(fresh.caps(address, with_zip))
    if TABLE.to_set_out(address, with_zip, now).open:
        assert TABLE.to_set_out(address, without, now).open
