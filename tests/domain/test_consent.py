"""What keywords change, and which answers are owed."""

from datetime import UTC, datetime, timedelta

import pytest

from server.domain import segments
from server.domain.consent import ConsentKind, answer_is_owed, answer_text, effect, text_hash
from server.domain.optout import Keyword

AT = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keyword", "opted_out", "expected"),
    [
        pytest.param(Keyword.STOP, False, ConsentKind.OPTED_OUT, id="a first stop opts out"),
        pytest.param(Keyword.STOP, True, ConsentKind.STOP_REPEATED, id="a second stop is only noted"),
        pytest.param(Keyword.START, True, ConsentKind.OPTED_IN, id="start opts in again"),
        pytest.param(Keyword.HELP, False, ConsentKind.HELP_ASKED, id="help changes nothing"),
        pytest.param(Keyword.HELP, True, ConsentKind.HELP_ASKED, id="help of an opted-out contact changes nothing"),
    ],
)
def test_effect(keyword: Keyword, opted_out: bool, expected: ConsentKind) -> None:
    assert effect(keyword, opted_out=opted_out) is expected


@pytest.mark.parametrize(
    ("kind", "late_s", "carrier_answered", "owed"),
    [
        pytest.param(ConsentKind.OPTED_OUT, 0, False, True, id="a stop is confirmed"),
        pytest.param(ConsentKind.OPTED_OUT, 300, False, True, id="a stop is confirmed after exactly five minutes"),
        pytest.param(ConsentKind.OPTED_OUT, 301, False, False, id="a stop is not confirmed later"),
        pytest.param(ConsentKind.OPTED_OUT, 0, True, False, id="not twice where the carrier has answered"),
        pytest.param(ConsentKind.STOP_REPEATED, 0, False, False, id="a second stop is not confirmed"),
        pytest.param(ConsentKind.OPTED_IN, 0, False, True, id="a start is confirmed"),
        pytest.param(ConsentKind.HELP_ASKED, 0, False, True, id="help is answered"),
        pytest.param(ConsentKind.HELP_ASKED, 0, True, False, id="help is left to a carrier that answers"),
        pytest.param(ConsentKind.CARRIER_BLOCKED, 0, False, False, id="the carrier's block is no question"),
        pytest.param(ConsentKind.ACKNOWLEDGED, 0, False, False, id="a member's act is no question"),
    ],
)
def test_which_answers_are_owed(kind: ConsentKind, late_s: int, carrier_answered: bool, owed: bool) -> None:
    now = AT + timedelta(seconds=late_s)
    assert answer_is_owed(kind, at=AT, now=now, carrier_answered=carrier_answered) is owed


@pytest.mark.parametrize(("before_s", "owed"), [(299, False), (300, True)])
def test_help_is_answered_at_most_once_in_five_minutes(before_s: int, owed: bool) -> None:
    last = AT - timedelta(seconds=before_s)
    kind = ConsentKind.HELP_ASKED
    assert answer_is_owed(kind, at=AT, now=AT, carrier_answered=False, last_help_at=last) is owed


@pytest.mark.parametrize("keyword", list(Keyword))
def test_an_answer_names_the_brand_in_one_cheap_segment(keyword: Keyword) -> None:
    brand = "Björn & Søn’s “Lakeside” Realty Group"
    counted = segments.count(text := answer_text(keyword, brand=brand, contact="(202) 555-0123"))
    assert text.startswith('Björn & Søn\'s "Lakeside" Realty Group: ')
    assert (counted.count, counted.encoding) == (1, "GSM-7")


def test_the_help_says_how_to_reach_us_how_to_stop_and_what_it_may_cost() -> None:
    text = answer_text(Keyword.HELP, brand="Acme", contact="help@acme.example")
    assert all(part in text for part in ("help@acme.example", "STOP", "Msg & data rates may apply"))


def test_a_brand_with_braces_is_no_template() -> None:
    assert answer_text(Keyword.HELP, brand="{contact}", contact="{brand}").startswith(
        "{contact}: For help contact {brand}"
    )


def test_the_confirmation_of_a_stop_is_one_line() -> None:
    assert "\n" not in answer_text(Keyword.STOP, brand="Acme\nRealty", contact="x")


def test_the_evidence_is_the_sha256_of_the_exact_text() -> None:
    assert (
        text_hash("STOP") == "04dedf8afeb8a4177a009f41bb78018af601e341ed4322d4073911c9ac879726"
    )  # printf STOP | sha256sum
