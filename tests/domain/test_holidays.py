"""The days of a holiday, from a rule that people can read."""

from datetime import date

import pytest

from server.domain.holidays import easter, parse_holiday


@pytest.mark.parametrize(
    ("on", "year", "days"),
    [
        pytest.param("January 1", 2026, ["2026-01-01"], id="a Thursday"),
        pytest.param("January 1", 2022, ["2021-12-31", "2022-01-01"], id="a Saturday: kept the year before as well"),
        pytest.param("July 4", 2027, ["2027-07-04", "2027-07-05"], id="a Sunday: kept on Monday as well"),
        pytest.param("December 25", 2027, ["2027-12-24", "2027-12-25"], id="Christmas on a Saturday"),
        pytest.param("February 29", 2027, [], id="a day that this year lacks"),
        pytest.param("3rd Monday of January", 2026, ["2026-01-19"], id="Martin Luther King, Jr."),
        pytest.param("3rd Monday of February", 2026, ["2026-02-16"], id="Washington's Birthday"),
        pytest.param("last Monday of May", 2026, ["2026-05-25"], id="Memorial Day"),
        pytest.param("last Monday of May", 2027, ["2027-05-31"], id="Memorial Day on the last day of the month"),
        pytest.param("1st Monday of September", 2026, ["2026-09-07"], id="Labor Day"),
        pytest.param("2nd Monday of October", 2026, ["2026-10-12"], id="Columbus Day"),
        pytest.param("4th Thursday of November", 2026, ["2026-11-26"], id="Thanksgiving"),
        pytest.param("4th Thursday of November", 2029, ["2029-11-22"], id="Thanksgiving at its earliest"),
        pytest.param("last Friday of December", 2026, ["2026-12-25"], id="the last month of a year"),
        pytest.param("47 days before Easter", 2026, ["2026-02-17"], id="Mardi Gras"),
        pytest.param("2 days before Easter", 2026, ["2026-04-03"], id="Good Friday"),
        pytest.param("1 days after Easter", 2026, ["2026-04-06"], id="Easter Monday"),
    ],
)
def test_days(on: str, year: int, days: list[str]) -> None:
    assert sorted(map(str, parse_holiday(on)(year))) == days


@pytest.mark.parametrize(
    "on",
    [
        "",
        "Thanksgiving",
        "July",
        "July 32",
        "June 31",
        "4 July",
        "5th Monday of May",
        "last Noon of May",
        "Monday of May",
    ],
)
def test_what_is_no_rule_is_refused(on: str) -> None:
    with pytest.raises(ValueError, match=r"no day such as|day is out of range|day .* must be in range"):
        parse_holiday(on)


@pytest.mark.parametrize(
    "day",
    ["2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25"],
)
def test_easter(day: str) -> None:
    assert easter(int(day[:4])) == date.fromisoformat(day)
