"""Which consent events are answered, and in which words."""

from datetime import timedelta

import pytest

from server.domain import segments
from server.domain.consent import ANSWER_WITHIN, ANSWERED, ConsentKind, answer_text, text_hash
from server.domain.optout import Keyword


def test_only_what_was_asked_for_in_so_many_words_is_answered() -> None:
    assert {kind: keyword.value for kind, keyword in ANSWERED.items()} == {
        ConsentKind.OPTED_OUT: "STOP",
        ConsentKind.OPTED_IN: "START",
        ConsentKind.HELP_ASKED: "HELP",
    }


def test_a_confirmation_is_owed_for_five_minutes() -> None:
    assert timedelta(minutes=5) == ANSWER_WITHIN


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
