"""Who writes what in a crash run, and in which order: handsets, a member, bulk, and the STOPs among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.crash.cast import HANGING, ODD, OTHERS, STOPPERS, Cast, Contact

LAST_OFFERS: Final = 3  # bulk that is on its way to somebody who says STOP
_AT_LEAST: Final = 240
_FOR_EACH: Final = 5  # kill
_LONG: Final = 0.1  # share of texts that cost several segments
_STARTS: Final = 10  # people who come back after their STOP
_UNBLOCKING: Final = 0.03  # share of texts in that lift what the carrier may have blocked


def texts_for(kills: int) -> int:
    """How many texts go each way in a run."""
    return max(_AT_LEAST, _FOR_EACH * kills)


@dataclass(frozen=True, slots=True)
class WriteIn:
    """A handset sends a text."""

    contact: Contact
    body: str

    @property
    def stops(self) -> bool:
        return self.body.strip(" .").upper() == "STOP"


@dataclass(frozen=True, slots=True)
class Reply:
    """A member writes through the HTTP API."""

    contact: Contact
    body: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Bulk to several contacts at once."""

    texts: tuple[tuple[Contact, str], ...]


Deed = WriteIn | Reply | Offer


class Script:
    """*texts* go each way; bulk and replies are half of those that go out."""

    def __init__(self, cast: Cast, rng: Random, texts: int) -> None:
        self._cast, self._rng, self._texts = cast, rng, texts

    def flows(self) -> list[list[Deed]]:
        return [list(self._inbound()), list(self._people()), list(self._bulk())]

    def last_offers(self, contact: Contact) -> Offer:
        return Offer(tuple((contact, self._body(f"Last offer {n}")) for n in range(LAST_OFFERS)))

    def _inbound(self) -> Iterator[Deed]:
        """Each stopper's STOP comes in the middle of the run, some STARTs a good while later."""
        everybody, others = self._cast.of([*STOPPERS, *OTHERS, *ODD]), self._cast.of([*OTHERS, *ODD])
        unblocking = round(self._texts * _UNBLOCKING)
        plain = self._texts - len(STOPPERS) - _STARTS - unblocking
        said = [(self._rng.random(), self._rng.choice(everybody), f"Text {n} 🏡 for you") for n in range(plain)]
        said += [(self._rng.random(), self._rng.choice(others), "START") for _ in range(unblocking)]
        for nth, stopper in enumerate(self._cast.of(STOPPERS)):
            at = self._rng.uniform(0.3, 0.8)
            said.append((at, stopper, self._rng.choice(("STOP", "stop", " Stop. "))))
            if nth < _STARTS:
                said.append((at + 0.15, stopper, "START"))
        for _, contact, body in sorted(said, key=lambda one: one[0]):
            yield WriteIn(contact, body)

    def _people(self) -> Iterator[Deed]:
        calm, odd = self._cast.of(OTHERS), self._cast.of([*OTHERS, *ODD])
        hanging = self._cast.of(HANGING)
        for n in range(self._texts // 2):
            contact = self._rng.choice(odd)
            if n < self._texts // 4 and n % 40 == 5:
                contact = self._rng.choice(hanging)
            elif n > self._texts * 0.45:  # what is slow to resolve comes before the end
                contact = self._rng.choice(calm)
            yield Reply(contact, self._body(f"Reply {n}"))

    def _bulk(self) -> Iterator[Deed]:
        everybody = self._cast.of([*STOPPERS, *OTHERS])
        left = self._texts // 2 - LAST_OFFERS * len(STOPPERS)
        while left:
            some = min(left, self._rng.randint(1, 4))
            left -= some
            contacts = [self._rng.choice(everybody) for _ in range(some)]
            yield Offer(tuple((contact, self._body(f"Offer {left + n}")) for n, contact in enumerate(contacts)))

    def _body(self, begin: str) -> str:
        return f"{begin}: " + ("x" * 400 if self._rng.random() < _LONG else "shall we talk tomorrow?")
