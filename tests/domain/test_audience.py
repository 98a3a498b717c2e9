"""Who of an audience gets a text, at which number, and why somebody does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.domain.campaigns.audience import (
    BY_MESSAGE,
    SENTENCES,
    AudienceRules,
    Exclusion,
    Phone,
    choose,
    refuse,
    text_id,
)
from server.domain.delivery import State
from server.domain.tokens import Rendered

CELL, HOME = Phone("+16175550101", 1), Phone("+16175550102", 2)
NOBODYS = Phone("+16175551234", 3)
ANY, ASKED, DEMO = AudienceRules(), AudienceRules(opt_in_required=True), AudienceRules(simulated=True)


NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)
RARELY = AudienceRules(not_texted_since=NOON)
ONE_AT_A_TIME = AudienceRules(in_no_other=True)
TEXTED, JUST_BEFORE = replace(CELL, last_out_at=NOON), replace(CELL, last_out_at=NOON - timedelta(microseconds=1))
AWAITED = replace(CELL, awaited=True)


def marked(phone: Phone, *marks: str) -> Phone:
    return replace(phone, **dict.fromkeys(marks, True))  # type: ignore[arg-type]  # names of flags


@pytest.mark.parametrize(
    ("phones", "rules", "expected"),
    [
        pytest.param([CELL], ANY, CELL, id="a number that nothing speaks against"),
        pytest.param([CELL, HOME], ANY, CELL, id="the first of two"),
        pytest.param([marked(CELL, "opted_out")], ANY, Exclusion.OPTED_OUT, id="opted out"),
        pytest.param([CELL, marked(HOME, "opted_out")], ANY, Exclusion.OPTED_OUT, id="opted out at another number"),
        pytest.param([marked(CELL, "held")], ANY, Exclusion.HELD, id="held for a decision"),
        pytest.param([CELL, marked(HOME, "held")], ANY, Exclusion.HELD, id="held at another number"),
        pytest.param([marked(CELL, "carrier_blocked")], ANY, Exclusion.CARRIER_BLOCKED, id="blocked by the carrier"),
        pytest.param(
            [marked(CELL, "carrier_blocked", "opted_out")],
            ANY,
            Exclusion.OPTED_OUT,
            id="opted out is told before blocked",
        ),
        pytest.param([marked(CELL, "invalid")], ANY, Exclusion.INVALID, id="a landline"),
        pytest.param([marked(CELL, "invalid"), HOME], ANY, HOME, id="a landline, and a second number"),
        pytest.param([Phone(None)], ANY, Exclusion.INVALID, id="no number at all"),
        pytest.param([NOBODYS], ANY, NOBODYS, id="a real number"),
        pytest.param([NOBODYS], DEMO, Exclusion.NOT_A_TEST_NUMBER, id="a real number in a simulation"),
        pytest.param([NOBODYS, CELL], DEMO, CELL, id="a real number and a test number in a simulation"),
        pytest.param([], ANY, Exclusion.NO_PHONE, id="no phone"),
        pytest.param([CELL], ASKED, Exclusion.NO_CONSENT, id="no consent where one is asked for"),
        pytest.param(
            [marked(CELL, "consented")], ASKED, marked(CELL, "consented"), id="a consent where one is asked for"
        ),
        pytest.param([CELL, marked(HOME, "consented")], ASKED, marked(HOME, "consented"), id="the number that agreed"),
        pytest.param(
            [marked(CELL, "opted_out", "held", "invalid")],
            ASKED,
            Exclusion.OPTED_OUT,
            id="opted out is told before all",
        ),
        pytest.param([marked(CELL, "held", "invalid")], ASKED, Exclusion.HELD, id="held is told before invalid"),
        pytest.param([marked(CELL, "invalid")], ASKED, Exclusion.INVALID, id="invalid is told before the consent"),
        pytest.param([TEXTED], RARELY, Exclusion.TEXTED_RECENTLY, id="texted at that instant"),
        pytest.param([JUST_BEFORE], RARELY, JUST_BEFORE, id="texted before it"),
        pytest.param([HOME, TEXTED], RARELY, Exclusion.TEXTED_RECENTLY, id="texted at another number"),
        pytest.param([TEXTED], ANY, TEXTED, id="texted where that does not count"),
        pytest.param([AWAITED], ONE_AT_A_TIME, Exclusion.IN_ACTIVE_CAMPAIGN, id="in another campaign"),
        pytest.param([HOME, AWAITED], ONE_AT_A_TIME, Exclusion.IN_ACTIVE_CAMPAIGN, id="in one with another number"),
        pytest.param([AWAITED], ANY, AWAITED, id="in another campaign where that does not count"),
        pytest.param(
            [replace(TEXTED, awaited=True)],
            replace(RARELY, in_no_other=True, opt_in_required=True),
            Exclusion.NO_CONSENT,
            id="no consent is told before both",
        ),
        pytest.param(
            [replace(TEXTED, awaited=True)],
            replace(RARELY, in_no_other=True),
            Exclusion.TEXTED_RECENTLY,
            id="texted recently is told before in another campaign",
        ),
    ],
)
def test_who_gets_a_text_and_why_somebody_does_not(
    phones: list[Phone], rules: AudienceRules, expected: Phone | Exclusion
) -> None:
    assert choose(phones, rules) == expected


def test_a_number_that_stands_in_the_audience_already_is_told_before_its_consent() -> None:
    assert choose([CELL], ASKED, lambda phone: True) is Exclusion.DUPLICATE
    assert choose([CELL, HOME], ANY, lambda phone: phone is CELL) == HOME


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(Rendered("Hi Maya"), None, id="a text"),
        pytest.param(Rendered("Hi ", ("first_name",)), Exclusion.MISSING_VALUE, id="a value is missing"),
        pytest.param(Rendered(" \n"), Exclusion.MISSING_VALUE, id="nothing to say"),
        pytest.param(Rendered("x" * 1600), None, id="as long as may be"),
        pytest.param(Rendered("x" * 1601), Exclusion.TOO_LONG, id="longer than may be"),
    ],
)
def test_which_text_cannot_be_sent(text: Rendered, expected: Exclusion | None) -> None:
    assert refuse(text) == expected


def test_every_reason_has_its_sentence_and_every_state_of_a_text_its_place() -> None:
    assert set(SENTENCES) == set(Exclusion)
    assert set(BY_MESSAGE) == set(State)


def test_a_recipients_command_is_the_same_whoever_builds_it() -> None:
    assert len({text_id(campaign, ord_) for campaign in (1, 11, 111) for ord_ in (1, 11, 111)}) == 9
    assert str(text_id(1, 1)) == str(text_id(1, 1)) == "e779653d-2f06-5c0b-b733-21936e130582"
