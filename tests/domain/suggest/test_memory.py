"""What the team would say: its own answers to texts like this one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from server.domain.suggest.guard import MOST
from server.domain.suggest.memory import Exchange, Memory, Saved, generalised
from server.domain.suggest.situation import Line, Situation
from server.domain.tokens import KNOWN

NOW = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
PARKING = Exchange(2, "Where can I park?", "On the street, Ben, there is always space.", "", "Ben", "Dana Whitfield")
PETS = Exchange(3, "Are dogs allowed in the house?", "They are, with a small deposit.", "", "Cleo", "Dana Whitfield")
TAXES = Exchange(4, "What are the taxes?", "They were $6,240 last year.", "", "Dora", "Marcus Bell")
SECRET = Exchange(5, "Where can I park my car?", "Behind 14 Maple Ave, the code is with me.", "", "Eve", "Marcus Bell")
SPANISH = Exchange(6, "Where to park is what?", "Está en la calle, no hay problema.", "", "", "Dana Whitfield")
HELLO = Saved("First hello", "Hi {{first_name|there}}, it's {{agent_name}}. How can I help?", 200)
SHOWING = Saved("Park at the showing", "You can park at {{property_address}} for your showing.", 5)


def asked(text: str, first_name: str | None = "Ana", **values: str) -> Situation:
    lines = (Line(1, True, text, NOW),)
    return Situation(1, 1, lines, "offline", values={"first_name": first_name, **values}, known=frozenset(KNOWN))


def propose(text: str, *exchanges: Exchange, saved: tuple[Saved, ...] = ()) -> list[str]:
    return Memory(exchanges, saved).propose(asked(text))


def test_the_answer_to_the_nearest_question_comes_first_with_this_contacts_name() -> None:
    assert propose("Hi, where can I park?", PETS, PARKING)[0] == "On the street, Ana, there is always space."


def test_without_a_name_none_is_said() -> None:
    [reply] = Memory([PARKING], []).propose(asked("where can I park?", None))
    assert reply == "On the street, there is always space."


def test_a_price_of_another_house_is_not_proposed() -> None:
    assert propose("What are the taxes?", TAXES) == []


def test_another_contacts_address_is_not_proposed() -> None:
    assert propose("Where can I park my car?", SECRET) == []


def test_what_was_said_in_the_thread_itself_is_not_said_again() -> None:
    assert Memory([replace(PARKING, thread_id=1)], []).propose(asked("Where can I park?")) == []


def test_an_answer_in_another_language_is_not_proposed() -> None:
    assert propose("Where can I park?", SPANISH) == []


def test_templates_fill_up_with_tokens_filled_as_in_a_reply() -> None:
    assert propose("Where can I park?", saved=(HELLO,)) == ["Hi Ana, it's {{agent_name}}. How can I help?"]


def test_a_template_that_lacks_a_value_is_not_proposed() -> None:
    assert propose("Where can I park for the showing?", saved=(SHOWING,)) == []


def test_there_are_at_most_three_and_no_two_are_alike() -> None:
    answers = ["On the street", "In the street, always", "Behind the house", "Next to the church", "In the garage"]
    many = [replace(PARKING, thread_id=10 + n, replied=text) for n, text in enumerate(answers)]
    found = propose("Where can I park?", *many)
    assert len(found) == MOST
    assert "In the street, always" not in found or "On the street" not in found


@pytest.mark.parametrize(
    ("reply", "general"),
    [
        pytest.param("Any time, Ana!", "Any time, {{first_name}}!", id="the contact's name"),
        pytest.param("It's Marcus.", "It's {{agent_name}}.", id="ours"),
        pytest.param("Marcus Bell here", "{{agent_name}} here", id="our whole name"),
        pytest.param("Call 202-555-0123", None, id="a number"),
        pytest.param("It's at 14 Maple Ave", None, id="an address"),
        pytest.param("ok", None, id="too short to be worth a click"),
        pytest.param("Analysis follows", "Analysis follows", id="a name within a word"),
    ],
)
def test_generalising(reply: str, general: str | None) -> None:
    assert generalised(Exchange(1, "?", reply, "", "Ana", "Marcus Bell")) == general
