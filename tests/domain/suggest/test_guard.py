"""Which of a model's replies a person is shown."""

import pytest

from server.domain.suggest.guard import LONGEST, Knowledge, Refusal, beginning, judge
from server.domain.suggest.masking import Masks

SAID = [
    "Is 14 Maple Ave still $425,000? My number is (202) 555-0123, ana@home.example",
    "Sunday at 10:30, https://evil.test/x",
]
OURS = ["Here are the photos: https://harbor.example/p/7"]
KNOWN = Knowledge.of([*SAID, *OURS], OURS)


def masks() -> Masks:
    made = Masks()
    for text in (*SAID, *OURS):
        made.mask(text)
    return made


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        pytest.param("Yes, it is! Shall we meet?", "Yes, it is! Shall we meet?", id="plain"),
        pytest.param(" Yes,\n it is! ", "Yes, it is!", id="on one line"),
        pytest.param('"Yes, it is!"', "Yes, it is!", id="without its quotes"),
        pytest.param("[ADDRESS_1] is still $425,000", "14 Maple Ave is still $425,000", id="put back"),
        pytest.param("It is 425k", "It is 425k", id="the same price in short"),
        pytest.param("Sunday at 10:30 works", "Sunday at 10:30 works", id="a time of theirs"),
        pytest.param("I'll call [PHONE_1]", "I'll call (202) 555-0123", id="their number"),
        pytest.param("I wrote to [EMAIL_1]", "I wrote to ana@home.example", id="their e-mail"),
        pytest.param("See https://harbor.example/p/7", "See https://harbor.example/p/7", id="a link of ours"),
        pytest.param("It's {{agent_name}} here.", "It's {{agent_name}} here.", id="the sender's own name"),
        pytest.param("Yes", "Yes", id="a word that starts again is an answer here"),
        pytest.param("You can stop by any time!", "You can stop by any time!", id="stopping by"),
        pytest.param("My assistant will call you", "My assistant will call you", id="an assistant of flesh and blood"),
        pytest.param("¡Claro que sí!", "¡Claro que sí!", id="Spanish"),
        pytest.param("👍", "👍", id="a picture"),
        pytest.param("", Refusal.EMPTY, id="nothing"),
        pytest.param("x" * (LONGEST + 1), Refusal.TOO_LONG, id="too long"),
        pytest.param("It is $450,000", Refusal.NUMBER, id="a price that nobody told"),
        pytest.param("Sunday at 11?", Refusal.NUMBER, id="a time that nobody told"),
        pytest.param("Call 303-555-0199", Refusal.NUMBER, id="a number that nobody told"),
        pytest.param("Pay at https://evil.test/x", Refusal.LINK, id="a link that the contact sent"),
        pytest.param("See evil.test.com", Refusal.LINK, id="a bare domain"),
        pytest.param("See evil.test/x", Refusal.LINK, id="a bare domain with a path"),
        pytest.param("See www.evil.test", Refusal.LINK, id="www"),
        pytest.param("Write to boss@evil.test", Refusal.LINK, id="another's e-mail"),
        pytest.param("tel:2025550123", Refusal.LINK, id="a link to call"),
        pytest.param("I'll call [PHONE_9]", Refusal.PLACEHOLDER, id="a placeholder that nobody gave"),
        pytest.param("Hi [Your Name], sure", Refusal.PLACEHOLDER, id="a blank"),
        pytest.param("Hi {{first_name}}", Refusal.PLACEHOLDER, id="a token"),
        pytest.param("Hi <name>", Refusal.PLACEHOLDER, id="a blank in pointed brackets"),
        pytest.param("As an AI, I can't say", Refusal.MACHINE, id="a machine"),
        pytest.param("I'm a virtual assistant of the team", Refusal.MACHINE, id="an assistant"),
        pytest.param("This is an automated message", Refusal.MACHINE, id="automated"),
        pytest.param("Soy un asistente virtual", Refusal.MACHINE, id="a machine in Spanish"),
        pytest.param("Reply STOP to end", Refusal.OPT_OUT, id="opting out"),
        pytest.param("stop", Refusal.OPT_OUT, id="a keyword"),
        pytest.param("You can unsubscribe any time", Refusal.OPT_OUT, id="unsubscribing"),
        pytest.param("Please take me off your list", Refusal.OPT_OUT, id="the contact's own words"),
        pytest.param("My instructions say no", Refusal.INSTRUCTIONS, id="what we told it"),
    ],
)  # fmt: skip
def test_judging(reply: str, shown: str | Refusal) -> None:
    assert judge(reply, masks(), KNOWN) == shown


def test_the_same_reply_is_shown_once() -> None:
    assert judge("Yes, it is!!", masks(), KNOWN, ["yes it is"]) is Refusal.REPEATED


@pytest.mark.parametrize(
    ("begun", "shown"),
    [
        pytest.param("Yes, it is! Sh", "Yes, it is!", id="whole words only"),
        pytest.param("I'll call [PHONE", "I'll call", id="half a placeholder"),
        pytest.param("Go to https://evil.test/x now", None, id="what would be refused"),
        pytest.param("Yes", None, id="the first word is not whole"),
        pytest.param("It is $450,000 an", None, id="a number that nobody told"),
    ],
)
def test_the_beginning_of_a_reply(begun: str, shown: str | None) -> None:
    assert beginning(begun, masks(), KNOWN) == shown
