"""The file of quiet hours: what it says of a day, and that nothing in it is passed over."""

from datetime import date, timedelta

import pytest

from server.domain.caps import Cap
from server.domain.quiet_rules import BadRules, Span, parse_rules
from server.domain.timetable import shipped_timetable

RULES = shipped_timetable().rules
TUESDAY, SATURDAY, SUNDAY, THANKSGIVING = date(2026, 3, 10), date(2026, 3, 14), date(2026, 3, 15), date(2026, 11, 26)
THREE_A_DAY = Cap(3, timedelta(days=1))


def span(opens: float, closes: float) -> Span:
    return Span(int(opens * 3600), int(closes * 3600))


@pytest.mark.parametrize(
    ("regions", "day", "expected"),
    [
        pytest.param([], TUESDAY, span(8, 21), id="federal"),
        pytest.param(["US-OR"], SUNDAY, span(8, 21), id="a state without a rule of its own"),
        pytest.param(["US-TX"], SATURDAY, span(9, 21), id="Texas on a Saturday"),
        pytest.param(["US-TX"], SUNDAY, span(12, 21), id="Texas on a Sunday"),
        pytest.param(["US-LA"], SUNDAY, None, id="Louisiana on a Sunday"),
        pytest.param(["US-LA"], THANKSGIVING, None, id="Louisiana on a holiday"),
        pytest.param(["US-MS"], THANKSGIVING, span(8, 21), id="Mississippi on a holiday"),
        pytest.param(["US-FL", "US-TX"], TUESDAY, span(9, 20), id="of two states the strictest of each"),
        pytest.param(["US-FL", "US-MS"], SUNDAY, None, id="none in one is none"),
        pytest.param(["US-AL"], date(2026, 4, 27), None, id="Alabama's own holiday"),
        pytest.param(["US-LA"], date(2026, 4, 27), span(8, 20), id="is none in Louisiana"),
        pytest.param(["US-AL"], date(2027, 12, 31), None, id="New Year's Day 2028 is a Saturday: kept on Friday"),
    ],
)
def test_the_hours_of_a_day(regions: list[str], day: date, expected: Span | None) -> None:
    assert RULES.span(regions, day) == expected


@pytest.mark.parametrize("state", ["FL", "OK", "MD"])
def test_states_with_three_texts_a_day(state: str) -> None:
    assert RULES.caps([f"US-{state}"]) == (THREE_A_DAY,)


def test_other_states_have_no_cap_and_equal_caps_count_once() -> None:
    assert RULES.caps(["US-TX", "US-NY"]) == ()
    assert RULES.caps(["US-OK", "US-FL"]) == (THREE_A_DAY,)


def test_every_rule_says_where_it_comes_from_and_when_it_was_reviewed() -> None:
    for rule in (RULES.everywhere, *RULES.regions.values()):
        assert rule.source
        assert rule.reviewed >= date(2026, 11, 22)
    assert RULES.version


PLAIN = 'version = "1"\n[everywhere]\ndaily = "08:00-21:00"\nsource = "s"\nreviewed = 2026-11-22\n'
REGION = '[[region]]\ncode = "US-TX"\ndaily = "09:00-21:00"\nsource = "s"\nreviewed = 2026-11-22\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("version =", "ours.toml is no TOML: Invalid value (at end of document).", id="no TOML"),
        pytest.param('x = "', "ours.toml is no TOML: Unterminated string (at end of document).", id="where it breaks"),
        pytest.param("", "ours.toml: [everywhere] is missing.", id="empty"),
        pytest.param(PLAIN.replace('version = "1"\n', ""), "ours.toml: version is missing.", id="no version"),
        pytest.param(
            PLAIN.replace("21:00", "9 PM"),
            'ours.toml, everywhere: daily must be hours of one day such as "08:00-21:00", or "none".',
            id="hours as people say them",
        ),
        pytest.param(
            PLAIN.replace("08:00-21:00", "21:00-08:00"),
            'ours.toml, everywhere: daily must be hours of one day such as "08:00-21:00", or "none".',
            id="over midnight",
        ),
        pytest.param(
            PLAIN.replace("08:00-21:00", "08:00-24:30"),
            'ours.toml, everywhere: daily must be hours of one day such as "08:00-21:00", or "none".',
            id="a day of more than 24 hours",
        ),
        pytest.param(
            PLAIN + REGION + 'sunday = "12-21"',
            'ours.toml, region 1 (US-TX): sunday must be hours of one day such as "08:00-21:00", or "none".',
            id="the place of the fault",
        ),
        pytest.param(
            PLAIN + REGION + "sundays = 1",
            "ours.toml, region 1 (US-TX): sundays means nothing here.",
            id="a misspelt key",
        ),
        pytest.param(PLAIN + REGION * 2, "ours.toml, region 2 (US-TX): the region stands there twice.", id="twice"),
        pytest.param(
            PLAIN + REGION.replace("US-TX", "Texas"),
            "ours.toml, region 1 (Texas): code must be an ISO 3166 code such as US-FL or CA.",
            id="a state by name",
        ),
        pytest.param(
            PLAIN + REGION + "texts = 3",
            "ours.toml, region 1 (US-TX): texts and window_h belong together, both whole numbers of one or more.",
            id="a cap without its window",
        ),
        pytest.param(
            PLAIN + REGION + "texts = 0\nwindow_h = 24",
            "ours.toml, region 1 (US-TX): texts and window_h belong together, both whole numbers of one or more.",
            id="a cap of nothing",
        ),
        pytest.param(
            PLAIN + REGION.replace("2026-11-22", '"soon"'),
            "ours.toml, region 1 (US-TX): reviewed must be a day such as 2026-11-22.",
            id="never reviewed",
        ),
        pytest.param(
            PLAIN + REGION.replace('source = "s"\n', ""),
            "ours.toml, region 1 (US-TX): source is missing.",
            id="no source",
        ),
        pytest.param(
            PLAIN + '[[holiday]]\nname = "Fat Tuesday"\non = "February"',
            "ours.toml, holiday 1 (Fat Tuesday): 'February' is no day such as July 4, last Monday of May"
            " or 2 days before Easter.",
            id="a holiday without a day",
        ),
        pytest.param(
            PLAIN + '[[holiday]]\nname = "Fat Tuesday"\non = "July 4"\nregions = "US-LA"',
            'ours.toml, holiday 1 (Fat Tuesday): regions must be a list such as ["US-LA"].',
            id="regions that are no list",
        ),
        pytest.param(
            PLAIN + "[region]\ncode = 1", "ours.toml: region must be written as [[region]].", id="a table alone"
        ),
    ],
)
def test_a_file_that_is_not_understood_is_refused_with_the_place(text: str, sentence: str) -> None:
    with pytest.raises(BadRules) as told:
        parse_rules(text, "ours.toml")
    assert str(told.value) == sentence


def test_a_holidays_own_hours_narrow_those_of_its_day() -> None:
    text = PLAIN + REGION + 'holidays = "10:00-23:00"\n[[holiday]]\nname = "A"\non = "July 4"'
    rules = parse_rules(text, "ours.toml")
    assert rules.span(["US-TX"], date(2026, 7, 4)) == span(10, 21)
    assert rules.span([], date(2026, 7, 4)) == span(8, 21)
