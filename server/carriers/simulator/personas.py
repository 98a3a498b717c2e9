"""Simulated people: they answer what they were asked, write in on their own, and stay silent once they said STOP.

All together they keep below a few texts a minute, however many they were sent: a demo should look alive, not flooded.
"""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

import trio

from server.carriers.simulator import lines
from server.carriers.simulator.carrier import SimulatedCarrier, handset_text
from server.carriers.simulator.messages import Message

_TOPICS: Final = (
    (
        re.compile(r"\b(when|what time|what day|tour|show(ing)?s?|see it|visit|meet|weekend|schedule|appointment)\b"),
        lines.TIMES,
    ),
    (re.compile(r"\b(budget|price|afford|asking|offer|per month|preapprov|\$\d)"), lines.MONEY),
    (re.compile(r"\b(open|office|hours)\b"), lines.HOURS),
    (
        re.compile(r"\b(interested|would you|do you want|shall i|should i|are you|is that ok|can i)\b"),
        lines.YES + lines.NO,
    ),
    (re.compile(r"\b(thanks|thank you|great|you're welcome|see you|no problem)\b"), lines.THANKS + lines.EMOJI),
)
_SAYS_STOP: Final = 0.02
_WAVERS: Final = 0.03
_RAMBLES: Final = 0.06
_ANSWERS_QUESTION: Final = 0.9
_ANSWERS_STATEMENT: Final = 0.55
_MOST_WAITING: Final = 6
_MOST_LISTED_WAITING: Final = 2


def answer_to(body: str, rng: Random) -> str | None:
    """What a lead replies to *body*, or None for silence; every blank is filled in."""
    text = body.casefold()
    if rng.random() > (_ANSWERS_QUESTION if "?" in text else _ANSWERS_STATEMENT):
        return None
    chance = rng.random()
    if chance < _SAYS_STOP:
        return rng.choice(lines.GOODBYES)
    if chance < _SAYS_STOP + _WAVERS:
        return rng.choice(lines.DOUBTS)  # a person at our end must say what was meant
    if chance < _SAYS_STOP + _WAVERS + _RAMBLES:
        return _fill(rng.choice(lines.CHATTY), rng)
    topic = next((choices for pattern, choices in _TOPICS if pattern.search(text)), lines.QUESTIONS + lines.THANKS)
    return _fill(rng.choice(topic), rng)


def opening(rng: Random, recent: deque[str]) -> str:
    """How a lead begins a conversation; not with one of the *recent* openers, to which its own is added."""
    recent.append(rng.choice([line for line in lines.OPENERS if line not in recent]))
    return _fill(recent[-1], rng)


def _fill(line: str, rng: Random) -> str:
    return line.format(
        street=rng.choice(lines.STREETS),
        n=rng.randrange(3, 480),
        month=rng.choice(lines.MONTHS),
        city=rng.choice(lines.CITIES),
        hour=rng.choice(lines.HOURS_OF_DAY),
        price=rng.choice(lines.PRICES),
    )


class Personas:
    """The people behind *contacts* (each with a `number`), who text our *numbers*.

    Nobody writes twice in a row without an answer, but for openers after a long while; *per_minute* bounds them all.
    Who has `answers`, a share of the texts that they get, is on somebody's list: they begin nothing, say STOP as often
    as their `stops` says, and never fill the line before those who talk with somebody.
    """

    def __init__(
        self,
        carrier: SimulatedCarrier,
        contacts: Sequence[Mapping[str, Any]],
        numbers: Sequence[str],
        rng: Random,
        *,
        per_minute: float = 4.0,
    ) -> None:
        self._carrier = carrier
        self._people: dict[str, str] = {contact["number"]: rng.choice(numbers) for contact in contacts}
        self._listed = {
            contact["number"]: (float(contact["answers"]), float(contact.get("stops", _SAYS_STOP)))
            for contact in contacts
            if "answers" in contact
        }
        self._rng = rng
        self._pause_s = 60.0 / per_minute
        self._waiting: dict[str, tuple[float, str]] = {}  # by person: when, and what
        self._gone: set[str] = set()
        self._last_opener: str | None = None
        self._openers: deque[str] = deque(maxlen=len(lines.OPENERS) - 4)
        self._heard = trio.Event()
        carrier.heard = self.hear

    def hear(self, message: Message) -> None:
        """A text reached a person, who may answer in a while."""
        if message.to not in self._people or message.to in self._gone or len(self._waiting) >= _MOST_WAITING:
            return
        self._people[message.to] = message.from_  # people answer the number that wrote to them
        body = self._thought_of(message)
        if body is not None and message.to not in self._waiting:
            typing_s = 2.0 + self._rng.random() * 4 + min(len(body) / 25, 8)
            self._waiting[message.to] = (trio.current_time() + typing_s, body)
            self._heard.set()

    def _thought_of(self, message: Message) -> str | None:
        """What the person is going to say to it, if anything."""
        if message.to not in self._listed:
            return answer_to(message.body, self._rng)
        answers, stops = self._listed[message.to]
        if len(self._waiting) >= _MOST_LISTED_WAITING or self._rng.random() > answers:
            return None
        return self._rng.choice(lines.GOODBYES) if self._rng.random() < stops else answer_to(message.body, self._rng)

    async def run(self) -> None:
        """Send what people have to say until cancelled, one text after the other with pauses in between."""
        opener_at = trio.current_time() + self._pause_s / 2
        while True:
            self._heard = trio.Event()
            with trio.move_on_at(min([opener_at, *(when for when, _ in self._waiting.values())])):
                await self._heard.wait()
                continue
            # Answers go before openers: somebody at a screen waits for them.
            if not self._answer() and not self._waiting:
                self._open()
            opener_at = trio.current_time() + self._pause_s * self._rng.uniform(1.0, 2.0)
            await trio.sleep(self._pause_s * self._rng.uniform(0.6, 1.0))

    def _answer(self) -> bool:
        """Let the person speak who has waited longest, if anybody is due."""
        due = [(when, person) for person, (when, _) in self._waiting.items() if when <= trio.current_time()]
        if not due:
            return False
        _, person = min(due)
        self._say(person, self._waiting.pop(person)[1])
        return True

    def _open(self) -> None:
        silent = self._gone | self._listed.keys() | {self._last_opener}
        people = [number for number in self._people if number not in silent]
        if people:
            self._last_opener = self._rng.choice(people)
            self._say(self._last_opener, opening(self._rng, self._openers))

    def _say(self, person: str, body: str) -> None:
        if self._carrier.silent:
            return
        if body in lines.GOODBYES:
            self._gone.add(person)
        self._carrier.write_in(handset_text(person, self._people[person], body))
