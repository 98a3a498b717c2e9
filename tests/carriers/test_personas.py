"""Simulated people: lively, few at a time, and silent once they said STOP."""

import string
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import trio

from server.carriers.simulator import lines
from server.carriers.simulator.carrier import SimulatedCarrier
from server.carriers.simulator.faults import Faults
from server.carriers.simulator.ledger import Ledger
from server.carriers.simulator.messages import Message, is_fictional
from server.carriers.simulator.personas import Personas, answer_to, opening
from server.carriers.simulator.webhooks import Webhooks
from server.domain.optout import Heard, classify
from tests.carriers.scripted import chance

OURS = "+16175550100"
PEOPLE: list[dict[str, Any]] = [{"number": f"+1617555{number:04}", "name": "Ann"} for number in range(110, 140)]


class Listening:
    """A carrier whose handsets' texts are only noted, with the (virtual) time of each."""

    def __init__(self, seed: int, per_minute: float = 4.0, people: Sequence[Mapping[str, Any]] = PEOPLE) -> None:
        ledger = Ledger(None)
        self.texts: list[tuple[float, Message]] = []
        self.carrier = SimulatedCarrier("AC1", ledger, Webhooks(ledger, "t", None), Faults(chance(1)), inbound_url=None)
        write_in = self.carrier.write_in

        def note(message: Message) -> None:
            self.texts.append((trio.current_time(), message))
            write_in(message)

        self.carrier.write_in = note  # type: ignore[method-assign, assignment]  # listens in
        self.personas = Personas(self.carrier, people, [OURS], chance(seed), per_minute=per_minute)

    def send(self, to: str, body: str) -> None:
        self.carrier.heard(Message(OURS, to, body, "outbound-api", "queued", 1))

    async def run_for(self, seconds: float) -> list[Message]:
        with trio.move_on_after(seconds):
            await self.personas.run()
        return [message for _, message in self.texts]


async def test_people_write_on_their_own_and_not_in_floods(autojump_clock: trio.testing.MockClock) -> None:
    listening = Listening(seed=1)
    for person in PEOPLE:
        listening.send(person["number"], "Are you still looking? When can you come by?")
    texts = await listening.run_for(3600)
    assert 60 < len(texts) <= 4 * 60 * 1.7
    moments = [at for at, _ in listening.texts]
    busiest = max(sum(start <= at < start + 60 for at in moments) for start in moments)
    assert busiest <= 7
    assert len({text.body for text in texts}) > 40


async def test_told_to_be_silent_nobody_writes_until_told_otherwise(
    autojump_clock: trio.testing.MockClock,
) -> None:
    listening = Listening(seed=1)
    listening.carrier.silent = True
    assert await listening.run_for(3600) == []
    listening.carrier.silent = False
    assert await listening.run_for(3600) != []


async def test_a_question_is_answered_to_the_number_that_asked_before_anybody_starts_a_chat(
    autojump_clock: trio.testing.MockClock,
) -> None:
    answered = 0
    for seed in range(20):
        listening = Listening(seed)
        listening.send(PEOPLE[3]["number"], "When would you like to see it?")
        texts = await listening.run_for(60)
        answered += bool(texts) and (texts[0].from_, texts[0].to) == (PEOPLE[3]["number"], OURS)
    assert answered >= 12


def test_what_simulated_people_say_is_understood_as_it_is_meant() -> None:
    assert {classify(line) for line in lines.GOODBYES} == {Heard.STOP, Heard.STOP_IN_WORDS}
    assert {classify(line) for line in lines.DOUBTS} == {Heard.AMBIGUOUS, Heard.WRONG_NUMBER}
    rest = (lines.OPENERS, lines.TIMES, lines.MONEY, lines.HOURS, lines.NO, lines.THANKS, lines.CHATTY, lines.QUESTIONS)
    assert {classify(line) for some in rest for line in some} == {None}


async def test_who_said_stop_stays_silent(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.carriers.simulator.personas.answer_to", lambda body, rng: "STOP")
    listening = Listening(seed=2)
    listening.send(PEOPLE[0]["number"], "Hi?")
    texts = await listening.run_for(60)
    assert [text.body for text in texts if text.from_ == PEOPLE[0]["number"]] == ["STOP"]
    listening.send(PEOPLE[0]["number"], "Hi again?")
    texts = await listening.run_for(7200)
    assert [text.body for text in texts if text.from_ == PEOPLE[0]["number"]] == ["STOP"]


def test_the_same_seed_tells_the_same_story() -> None:
    def story(seed: int) -> list[str]:
        rng, recent = chance(seed), deque[str](maxlen=20)
        return [opening(rng, recent) for _ in range(20)]

    assert story(5) == story(5) != story(6)


def test_nobody_begins_as_somebody_did_just_now() -> None:
    rng, recent = chance(1), deque[str](maxlen=10)
    begun: list[str] = []
    for _ in range(100):
        opening(rng, recent)
        begun.append(recent[-1])
    assert all(line not in begun[max(0, place - 10) : place] for place, line in enumerate(begun))


def test_every_line_can_be_filled_and_is_short_enough_to_send() -> None:
    blanks = {"street", "n", "month", "city", "hour", "price"}
    cast = [*lines.OPENERS, *lines.TIMES, *lines.MONEY, *lines.QUESTIONS, *lines.CHATTY, *lines.YES, *lines.NO]
    assert len(cast) > 60
    assert len(set(cast)) == len(cast)
    for line in cast:
        assert {name for _, name, _, _ in string.Formatter().parse(line) if name} <= blanks
        assert len(line) < 800


@pytest.mark.parametrize("seed", range(5))
def test_an_answer_has_no_blanks_left(seed: int) -> None:
    rng = chance(seed)
    for body in ("When can you come?", "What is your budget?", "Thanks!", "Are you interested?", "Hello there"):
        answers = [answer_to(body, rng) for _ in range(50)]
        assert None in answers or "?" in body
        assert all("{" not in answer for answer in answers if answer)


def test_the_cast_of_these_tests_is_fiction() -> None:
    assert all(is_fictional(person["number"]) for person in PEOPLE)


async def test_who_is_on_a_list_begins_nothing_and_lets_those_who_talk_go_first(
    autojump_clock: trio.testing.MockClock,
) -> None:
    listed = [{**person, "answers": 1.0, "stops": 0.0} for person in PEOPLE[2:]]
    listening = Listening(seed=3, people=[*PEOPLE[:2], *listed])
    for person in listed:
        listening.send(person["number"], "Are you interested in a tour?")
    listening.send(PEOPLE[0]["number"], "When can you come by?")
    texts = await listening.run_for(3600)
    assert {text.from_ for text in texts[4:]} == {person["number"] for person in PEOPLE[:2]}
    assert len({text.from_ for text in texts}) <= 4


async def test_who_is_on_a_list_says_stop_as_often_as_was_asked(autojump_clock: trio.testing.MockClock) -> None:
    listening = Listening(seed=3, people=[{**PEOPLE[0], "answers": 1.0, "stops": 1.0}])
    listening.send(PEOPLE[0]["number"], "Are you interested in a tour?")
    [text] = await listening.run_for(600)
    assert text.body in lines.GOODBYES
    listening.send(PEOPLE[0]["number"], "Are you sure?")
    assert await listening.run_for(600) == [text]
