"""What became of each text of the demo's campaigns, and what people did about it: by lot, but always the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from server.demo.campaigns import Odds
from server.domain.campaigns.clicks import Bot
from server.domain.delivery import State

_BETWEEN: Final = timedelta(seconds=2)  # texts of one round leave one after the other
_TOGETHER_S: Final = 240.0
_FAILURES: Final = (  # what a list of numbers brings: how it ends, the error's class, Twilio's code, the weight
    (State.UNDELIVERED, "transient", "30003", 4),
    (State.UNDELIVERED, "filtered", "30007", 3),
    (State.UNDELIVERED, "invalid", "30005", 2),
    (State.UNDELIVERED, "invalid", "30006", 2),
    (State.REJECTED, "invalid", "21614", 2),
    (State.UNCONFIRMED, None, None, 1),
)
REPLIES: Final = (
    "Yes please, tell me more!", "Sunday works. Is 2 pm ok?", "Thanks! Not this month, maybe in spring", "Who is this?",
    "We'd love to see it", "Is it still available?", "What's the asking price?", "Can you call me tonight?", "👍",
    "Already found a place, but thank you", "My sister is looking, can I pass this on?", "How many bedrooms?",
    "Saturday is better for us", "Are pets ok there?", "Looks lovely. Is there parking?",
)  # fmt: skip
GOODBYES: Final = ("STOP", "Stop", "stop", "Unsubscribe", "STOP")
_PHONES: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile"
    " Safari/537.36",
)
_PREVIEW: Final = "facebookexternalhit/1.1 Facebot Twitterbot/1.0"


@dataclass(frozen=True, slots=True)
class Text:
    """One that stands in the queue."""

    thread_id: int
    seq: int
    endpoint_id: int
    address: str
    ours: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Became:
    """The text turned `state`."""

    text: Text
    state: State
    error_class: str | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    text: Text
    body: str


@dataclass(frozen=True, slots=True)
class Followed:
    """Somebody, or something, followed the link."""

    token: str
    agent: str
    bot: Bot | None


What = Became | Said | Followed


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    what: What


def happenings(rng: Random, texts: Sequence[Text], at: datetime, odds: Odds) -> list[Happening]:
    """All that follows from a round of texts that leave from *at* on, in the order of time."""
    found = [one for nth, text in enumerate(texts) for one in _of(rng, text, at + nth * _BETWEEN, odds)]
    return sorted(found, key=lambda one: one.at)


def _of(rng: Random, text: Text, at: datetime, odds: Odds) -> Iterator[Happening]:
    if rng.random() < odds.fails:
        weights = [weight for *_, weight in _FAILURES]
        end, error_class, error_code, _ = rng.choices(_FAILURES, weights)[0]
        if end is State.UNDELIVERED:
            yield Happening(at, Became(text, State.SENT))
        yield Happening(at + timedelta(seconds=5), Became(text, end, error_class, error_code))
        return
    yield Happening(at, Became(text, State.SENT))
    yield Happening(at + timedelta(seconds=rng.randrange(1, 4)), Became(text, State.DELIVERED))
    yield from _clicks(rng, text, at, odds)
    chance = rng.random()
    if chance < odds.stops:
        yield Happening(_later(rng, at), Said(text, rng.choice(GOODBYES)))
    elif chance < odds.stops + odds.replies:
        yield Happening(_later(rng, at), Said(text, rng.choice(REPLIES)))


def _clicks(rng: Random, text: Text, at: datetime, odds: Odds) -> Iterator[Happening]:
    if text.token is None:
        return
    if rng.random() < 0.1:
        yield Happening(at + timedelta(seconds=1), Followed(text.token, _PREVIEW, Bot.KNOWN_BOT))
    if rng.random() < odds.clicks:
        yield Happening(_later(rng, at), Followed(text.token, rng.choice(_PHONES), None))


def _later(rng: Random, at: datetime) -> datetime:
    """Most within minutes, a few within hours; several in one minute, since each minute is a transaction's work."""
    then = at + timedelta(seconds=min(20 + rng.expovariate(1 / 700), 9_000))
    left = (-then.timestamp()) % _TOGETHER_S
    return then + timedelta(seconds=left + rng.randrange(50))
