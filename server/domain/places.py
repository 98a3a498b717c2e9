"""Tells where a number may be: every zone and region that its first digits leave open.

A number can be carried anywhere, and an area code can lie in two zones; so these are candidates, and whoever asks obeys
all of them. What is known of the contact's address adds zones, its ZIP code states too, and neither removes any.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_AMERICAN: Final = "US-"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Without a zone nothing is known: no time of day is certain to be allowed."""

    zones: frozenset[str]
    regions: frozenset[str]


NOWHERE: Final = Candidates(frozenset(), frozenset())


class Places:
    """Area codes of +1, and country codes for the rest of the world."""

    def __init__(self, nanp: Mapping[str, Candidates], countries: Mapping[str, Candidates]) -> None:
        self._nanp, self._countries = nanp, countries
        american = [place for place in nanp.values() if any(region.startswith(_AMERICAN) for region in place.regions)]
        self.anywhere_in_the_us = Candidates(
            frozenset(zone for place in american for zone in place.zones),
            frozenset(region for place in american for region in place.regions),
        )

    def candidates(self, address: str, own_places: Collection[str] = ()) -> Candidates:
        """Where E.164 *address* may be. *own_places* are zones and American states of its contact's ZIP or address.

        +1 with digits that name no place (toll-free, personal, not assigned yet) may be anywhere in the United States.
        A zone that this machine does not know could be any.
        """
        place = self.of_digits(address)
        if not own_places:
            return place
        own, understood = _own(own_places)
        if not understood:
            place = self.anywhere_in_the_us
        return Candidates(place.zones | own.zones, place.regions | own.regions)

    def of_digits(self, address: str) -> Candidates:
        if address.startswith("+1"):
            return self._nanp.get(address[2:5], self.anywhere_in_the_us)
        # No country code is the beginning of another.
        return next((self._countries[d] for end in (4, 3, 2) if (d := address[1:end]) in self._countries), NOWHERE)


def parse_places(text: str) -> Places:
    """Read the file that tools/area_codes.py writes."""
    table = tomllib.loads(text)
    return Places(*({digits: _place(words) for digits, words in table[key].items()} for key in ("nanp", "countries")))


def _place(words: str) -> Candidates:
    parts = words.split()
    return Candidates(frozenset(p for p in parts if "/" in p), frozenset(p for p in parts if "/" not in p))


def _own(places: Collection[str]) -> tuple[Candidates, bool]:
    """What stands beside a number, and whether all of it was understood. No zone begins as a state does."""
    states = frozenset(place for place in places if place.startswith(_AMERICAN))
    zones = frozenset(filter(is_zone, places))
    return Candidates(zones, states), len(zones) + len(states) == len(set(places))


@cache
def shipped_places() -> Places:
    """The places of the file in the package."""
    return parse_places((files("server.domain") / "data" / "area_codes.toml").read_text(encoding="utf-8"))


def is_zone(name: str) -> bool:
    """Whether *name* is an IANA zone that this machine knows."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    """Read once: it is a walk through the files of the machine's zone data."""
    return frozenset(available_timezones())


@cache
def zone(name: str) -> ZoneInfo:
    """Raises ZoneInfoNotFoundError where the machine's zone data is older than the name."""
    return ZoneInfo(name)
