"""Where a ZIP code may be: states that two zones share, prefixes that two states do, and what is no ZIP code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.domain.contact import places_of
from server.domain.places import shipped_places, zone
from server.domain.timetable import shipped_timetable
from server.domain.zips import by_zip, zip_places
from tools.area_codes import is_zone


def zones_in(written: str) -> set[str]:
    return {place for place in zip_places(written) if not place.startswith("US-")}


E, C, M, P = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
BOISE, PHOENIX, INDIANAPOLIS = "America/Boise", "America/Phoenix", "America/Indiana/Indianapolis"


@pytest.mark.parametrize(
    ("written", "zones"),
    [
        pytest.param("02134", {E}, id="Boston, with its zero"),
        pytest.param("00501", {E}, id="the lowest"),
        pytest.param("00907", {"America/Puerto_Rico"}, id="San Juan"),
        pytest.param("99950", {"America/Juneau", "America/Sitka", "America/Metlakatla"}, id="the highest, in Alaska"),
        pytest.param("02134-1234", {E}, id="ZIP+4"),
        pytest.param("021341234", {E}, id="ZIP+4 without its dash"),
        pytest.param(" 60614 ", {C}, id="spaces around"),
        pytest.param("37402", {E, C}, id="Tennessee: Chattanooga"),
        pytest.param("37203", {C}, id="Tennessee: Nashville"),
        pytest.param("32408", {E, C}, id="Florida: the panhandle"),
        pytest.param("33130", {E}, id="Florida: Miami"),
        pytest.param("42701", {E, C}, id="Kentucky: Elizabethtown"),
        pytest.param("40175", {"America/Kentucky/Louisville", E, C}, id="Kentucky: Vine Grove"),
        pytest.param("47932", {INDIANAPOLIS, C, "America/Indiana/Winamac"}, id="Indiana: Covington"),
        pytest.param("46402", {C}, id="Indiana: Gary"),
        pytest.param("57501", {C, M}, id="South Dakota: Pierre"),
        pytest.param(
            "58501",
            {C, M, *(f"America/North_Dakota/{place}" for place in ("Beulah", "Center", "New_Salem"))},
            id="North Dakota: Bismarck and across the river",
        ),
        pytest.param("58838", {C, M}, id="North Dakota: Cartwright"),
        pytest.param("69101", {C, M}, id="Nebraska: North Platte"),
        pytest.param("67735", {C, M}, id="Kansas: Goodland"),
        pytest.param("79901", {C, M}, id="Texas: El Paso"),
        pytest.param("49801", {"America/Detroit", "America/Menominee"}, id="Michigan: the Upper Peninsula"),
        pytest.param("86515", {PHOENIX, M}, id="Arizona: Window Rock, of the Navajo Nation"),
        pytest.param("85001", {PHOENIX}, id="Arizona: Phoenix"),
        pytest.param("83501", {BOISE, P}, id="Idaho: Lewiston"),
        pytest.param("83702", {BOISE}, id="Idaho: Boise"),
        pytest.param("97914", {BOISE, P}, id="Oregon: Malheur"),
        pytest.param("97201", {P}, id="Oregon: Portland"),
        pytest.param("89883", {P, M}, id="Nevada: West Wendover"),
        pytest.param("36867", {C, E}, id="Alabama: Phenix City"),
        pytest.param("96799", {"Pacific/Honolulu", "Pacific/Pago_Pago"}, id="American Samoa"),
    ],
)
def test_a_zip_code_is_in_every_zone_of_its_first_digits(written: str, zones: set[str]) -> None:
    assert zones_in(written) == zones


@pytest.mark.parametrize(
    ("written", "states"),
    [
        pytest.param("33130", {"US-FL"}, id="Florida: Miami"),
        pytest.param("32501-1234", {"US-FL"}, id="Florida: the panhandle, ZIP+4"),
        pytest.param("30309", {"US-GA"}, id="Georgia"),
        pytest.param("73101", {"US-OK"}, id="Oklahoma"),
        pytest.param("98103", {"US-WA"}, id="Washington, the state"),
        pytest.param("20001", {"US-DC"}, id="Washington, the capital"),
        pytest.param("78704", {"US-TX"}, id="Texas"),
        pytest.param("88510", {"US-TX"}, id="Texas: El Paso, among digits of New Mexico"),
        pytest.param("06880", {"US-CT"}, id="Connecticut"),
        pytest.param("06390", {"US-CT", "US-NY"}, id="Fishers Island, which New York shares with Connecticut's digits"),
        pytest.param("73960", {"US-OK", "US-TX"}, id="Texhoma, on both sides of the border"),
        pytest.param("20588", {"US-DC", "US-MD", "US-VA"}, id="offices of the government"),
        pytest.param("00907", {"US-PR"}, id="Puerto Rico"),
        pytest.param("00802", {"US-VI"}, id="the Virgin Islands"),
        pytest.param("96799", {"US-AS", "US-HI"}, id="American Samoa, by Honolulu's digits"),
        pytest.param("96950", {"US-GU", "US-MP"}, id="Saipan and Guam, not the countries with the same digits"),
    ],
)
def test_a_zip_code_is_in_every_state_of_its_first_digits(written: str, states: set[str]) -> None:
    assert zip_places(written) - zones_in(written) == states


@pytest.mark.parametrize(
    "written",
    [
        "", "K1A 0B1", "K1A", "SW1A 1AA", "2134", "0213", "021344", "02134-12", "02134 Boston", "\u0660\u0662134",
        "09012", "34012", "96201", "00000", "34800",
    ],
)  # fmt: skip
def test_canadian_codes_military_mail_and_what_is_no_zip_code_say_nothing(written: str) -> None:
    assert zip_places(written) == frozenset()


@pytest.mark.parametrize(
    ("address", "zone_of_theirs", "zip_code", "expected"),
    [
        pytest.param("+16175550100", None, "80202", [M, "US-CO"], id="moved to Denver with a Boston number"),
        pytest.param(
            "+16175550100", P, "80202", [M, P, "US-CO"], id="a zone and a ZIP code that contradict each other"
        ),
        pytest.param("+16175550100", None, "37402", [C, E, "US-TN"], id="a prefix of two zones"),
        pytest.param("+14045550100", None, "33130", [E, "US-FL"], id="somebody in Florida with a number of Georgia"),
        pytest.param("+14045550100", None, "09012", [], id="a soldier"),
        pytest.param("+14165550100", None, "33130", [E, "US-FL"], id="a Canadian's winter"),
        pytest.param("+14165550100", None, "K1A 0B1", [], id="a Canadian"),
        pytest.param("+493012345678", None, "10115", [], id="Berlin's postal code, which would be New York's"),
        pytest.param("+493012345678", "Europe/Berlin", "10115", ["Europe/Berlin"], id="a foreigner's own zone"),
        pytest.param("+16175550100", None, "", [], id="nothing known"),
    ],
)
def test_what_a_contact_adds_to_a_number(
    address: str, zone_of_theirs: str | None, zip_code: str, expected: list[str]
) -> None:
    assert places_of(address, zone_of_theirs, zip_code) == expected


def test_every_zone_is_one_and_no_zip_code_leaves_more_than_a_few_hours_apart() -> None:
    """A prefix whose zones lie far apart would leave hardly an hour to text in; Micronesia's five are the farthest."""
    for prefix in range(1000):
        zones = zones_in(f"{prefix:03}01")
        assert all(is_zone(name) and isinstance(zone(name), ZoneInfo) for name in zones)
        offsets = [datetime(2026, 7, 1, tzinfo=UTC).astimezone(zone(name)).utcoffset() for name in zones]
        spread = max(o for o in offsets if o is not None) - min(o for o in offsets if o is not None) if zones else None
        assert spread is None or spread <= timedelta(hours=3), prefix


def test_every_state_of_the_rules_and_of_the_area_codes_has_a_zip_code_and_every_one_a_name() -> None:
    known = {place for prefix in range(1000) for place in zip_places(f"{prefix:03}01") if place.startswith("US-")}
    assert known == {region for region in shipped_places().anywhere_in_the_us.regions if region.startswith("US-")}
    assert known >= set(shipped_timetable().rules.regions)
    assert [state for state in known if state in (by_zip([state]) or "")] == []


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param(["US-FL"], "Florida", id="one"),
        pytest.param(["US-WA"], "Washington State", id="the state, not the capital"),
        pytest.param(["US-TX", "US-OK"], "Oklahoma or Texas", id="two of one prefix"),
        pytest.param(["US-TX", "US-OK", "US-LA"], "Louisiana, Oklahoma or Texas", id="three"),
    ],
)
def test_the_sentence_names_the_states_and_that_it_is_the_zip_codes_doing(
    states: list[str], expected: str | None
) -> None:
    sentence = None if expected is None else f"Going by the ZIP code they may be in {expected}, whose hours count too."
    assert by_zip(states) == sentence
