"""Where a number may be, against the split area codes that are known and against another library's data."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from server.domain.places import NOWHERE, Candidates, shipped_places, zone

PLACES = shipped_places()
E, C, M, P = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"


@pytest.mark.parametrize(
    ("code", "region", "zones"),
    [
        pytest.param(202, "US-DC", {E}, id="one zone"),
        pytest.param(219, "US-IN", {C, "America/Indiana/Indianapolis"}, id="219: Gary and the east of it"),
        pytest.param(270, "US-KY", {C, E}, id="270: Kentucky's west and middle"),
        pytest.param(423, "US-TN", {E, C}, id="423: Chattanooga and the plateau"),
        pytest.param(448, "US-FL", {E, C}, id="448: the overlay of 850"),
        pytest.param(850, "US-FL", {E, C}, id="850: Tallahassee and Pensacola"),
        pytest.param(906, "US-MI", {"America/Detroit", "America/Menominee"}, id="906: the Upper Peninsula"),
        pytest.param(928, "US-AZ", {"America/Phoenix", M}, id="928: Arizona and the Navajo Nation"),
        pytest.param(915, "US-TX", {M, C}, id="915: El Paso and the east of it"),
        pytest.param(701, "US-ND", {C, M}, id="701: North Dakota"),
        pytest.param(208, "US-ID", {"America/Boise", P}, id="208: Idaho"),
        pytest.param(907, "US-AK", {"America/Anchorage", "America/Adak"}, id="907: Alaska and the Aleutians"),
        pytest.param(808, "US-HI", {"Pacific/Honolulu"}, id="808: Hawaii"),
        pytest.param(787, "US-PR", {"America/Puerto_Rico"}, id="787: Puerto Rico"),
        pytest.param(671, "US-GU", {"Pacific/Guam"}, id="671: Guam"),
        pytest.param(867, "CA", {"America/Edmonton", "America/Toronto", "America/Vancouver"}, id="867: Canada's north"),
        pytest.param(778, "CA", {"America/Vancouver", "America/Edmonton"}, id="778: an overlay of 250"),
        pytest.param(876, "JM", {"America/Jamaica"}, id="876: Jamaica"),
    ],
)
def test_an_area_code(code: int, region: str, zones: set[str]) -> None:
    found = PLACES.candidates(f"+1{code}5550100")
    assert found.regions == {region}
    assert zones <= found.zones


@pytest.mark.parametrize("code", [800, 833, 844, 855, 866, 877, 888, 500, 521, 600, 700, 900, 211, 999])
def test_digits_that_name_no_place_may_be_anywhere_in_the_united_states(code: int) -> None:
    found = PLACES.candidates(f"+1{code}5550100")
    ends = {
        E,
        "America/Anchorage",
        "America/Adak",
        "Pacific/Honolulu",
        "America/Puerto_Rico",
        "Pacific/Guam",
        "America/Phoenix",
    }
    assert ends <= found.zones
    assert {"US-FL", "US-TX", "US-CT", "US-AL", "US-HI", "US-PR"} <= found.regions
    assert not any(region in found.regions for region in ("CA", "JM"))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("+442079460958", {"Europe/London"}, id="Britain"),
        pytest.param("+33142685300", {"Europe/Paris"}, id="France"),
        pytest.param("+61291234567", {"Australia/Sydney", "Australia/Perth"}, id="Australia has several"),
        pytest.param("+85221234567", {"Asia/Hong_Kong"}, id="three digits of country code"),
    ],
)
def test_a_country_code(address: str, expected: set[str]) -> None:
    assert expected <= PLACES.candidates(address).zones


def test_of_a_satellite_phone_nothing_is_known() -> None:
    assert PLACES.candidates("+88255555555") == NOWHERE


def test_what_the_other_library_knows_of_an_area_code_is_never_left_out() -> None:
    for prefix, zones in TIMEZONE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= 4:
            found = PLACES.candidates(f"+1{prefix[1:4]}5550100").zones
            assert {name for name in zones if "/" in name and not name.startswith("Etc/")} <= found, prefix


def test_every_american_code_lies_in_one_state_and_every_zone_is_one() -> None:
    for code in range(200, 1000):
        found = PLACES.of_digits(f"+1{code}5550100")
        assert found is PLACES.anywhere_in_the_us or len(found.regions) == 1
        assert all(isinstance(zone(name), ZoneInfo) for name in found.zones)


def test_an_address_adds_its_zone_and_removes_none() -> None:
    assert PLACES.candidates("+12025550100", [P]) == Candidates(frozenset({E, P}), frozenset({"US-DC"}))


def test_a_zip_code_adds_its_state_and_removes_none() -> None:
    found = PLACES.candidates("+14045550100", [C, "US-FL"])
    assert found == Candidates(frozenset({E, C}), frozenset({"US-GA", "US-FL"}))


def test_a_state_beside_a_number_is_no_unknown_zone_and_no_zone_a_state() -> None:
    assert PLACES.candidates("+12025550100", ["US-FL"]) == Candidates(frozenset({E}), frozenset({"US-DC", "US-FL"}))
    assert not any(name.startswith("US-") for name in available_timezones())


def test_a_zone_that_is_none_could_be_any() -> None:
    found = PLACES.candidates("+12025550100", ["America/Napakiak", P])
    assert found.zones == PLACES.anywhere_in_the_us.zones
