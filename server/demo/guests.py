"""Whom the demo's campaigns are for: people who once signed a list, each of one list, and have not been talked to yet.

They live where a campaign may reach them while the demo's clock shows its first hours, 11:00 Eastern and later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from server.demo.lives import DemoLife
from server.demo.people import FIRST, LAST, DemoContact, contacts, our_addresses


@dataclass(frozen=True, slots=True)
class GuestList:
    """So many people who bear a tag of the list's name."""

    tag: str
    size: int


OPEN_HOUSES: Final = GuestList("Waterfront open house", 100)
PRICES: Final = GuestList("Price alerts", 70)
LETTER: Final = GuestList("Market letter", 90)
TOURS: Final = GuestList("Weekend tours", 50)
NEIGHBORS: Final = GuestList("Linden Street neighbors", 300)
LISTS: Final = (OPEN_HOUSES, PRICES, LETTER, TOURS, NEIGHBORS)

_AREAS: Final = (  # mornings begin early enough there, and no state closes on a weekday
    ("617", "America/New_York", "Boston", "MA", "02116"), ("603", "America/New_York", "Portsmouth", "NH", "03801"),
    ("207", "America/New_York", "Portland", "ME", "04101"), ("508", "America/New_York", "Worcester", "MA", "01608"),
    ("212", "America/New_York", "New York", "NY", "10011"), ("404", "America/New_York", "Atlanta", "GA", "30309"),
    ("312", "America/Chicago", "Chicago", "IL", "60614"), ("615", "America/Chicago", "Nashville", "TN", "37206"),
    ("303", "America/Denver", "Denver", "CO", "80206"),
)  # fmt: skip
_MAGIC: Final = (  # of Vermont: the simulated carrier refuses or loses what goes there, each in its own way
    "+18025550133", "+18025550134", "+18025550140", "+18025550141", "+18025550142",
)  # fmt: skip
_NAMELESS_EVERY: Final = 17  # such a guest has left a number and no name
_ANSWERS: Final = 0.3
_STOPS: Final = 0.08


@dataclass(frozen=True, slots=True)
class Guest:
    contact: DemoContact
    life: DemoLife


def guests(seed: int) -> tuple[Guest, ...]:
    """All of them, list by list; no two people of the demo share a number."""
    rng = Random(seed)  # noqa: S311 - the same people on every machine
    taken = our_addresses() | {person.address for person in contacts(seed)}
    free = [(f"+1{area[0]}55501{n:02}", area) for area in _AREAS for n in range(100)]
    rng.shuffle(free)
    places = iter([(address, area) for address, area in free if address not in taken])
    found: list[Guest] = []
    for named in LISTS:
        found += [_guest(rng, *next(places), named.tag, nth) for nth in range(named.size)]
    return tuple(found) + tuple(_of_vermont(rng, address) for address in _MAGIC)


def _guest(rng: Random, address: str, area: Sequence[str], tag: str, nth: int) -> Guest:
    _, zone, city, state, zip_code = area
    first, last = ("", rng.choice(LAST)) if nth % _NAMELESS_EVERY == _NAMELESS_EVERY - 1 else _name(rng)
    told = rng.random() < 0.4
    life = DemoLife(
        address, first, last, city=city if told else "", state=state if told else "", zip=zip_code if told else "",
        tags=(tag,),
    )  # fmt: skip
    return Guest(DemoContact(address, first, last, zone), life)


def _of_vermont(rng: Random, address: str) -> Guest:
    first, last = _name(rng)
    life = DemoLife(address, first, last, tags=(NEIGHBORS.tag,))
    return Guest(DemoContact(address, first, last, "America/New_York"), life)


def _name(rng: Random) -> tuple[str, str]:
    return rng.choice(FIRST), rng.choice(LAST)


def answering(seed: int) -> list[dict[str, object]]:
    """Guests as the simulator's --contacts takes them: they answer now and then, and begin nothing."""
    return [
        {"number": guest.contact.address, "name": guest.contact.first, "answers": _ANSWERS, "stops": _STOPS}
        for guest in guests(seed)
        if guest.life.tags == (NEIGHBORS.tag,)
    ]
