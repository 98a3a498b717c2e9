"""Tells where a ZIP code may be: in all zones and states of its first three digits; some lie across a border."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_ZIP: Final = re.compile(r"(\d{3})\d{2}(-?\d{4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Zips:
    """`places`: three digits → zones, and states as ISO 3166 writes them. `names`: of those states, for a sentence."""

    places: Mapping[str, frozenset[str]]
    names: Mapping[str, str]


def zip_places(written: str) -> frozenset[str]:
    """Empty for what is no ZIP code, for military mail, which is in no place, and for digits that no place has.

    >>> sorted(zip_places("37402-1234")), zip_places("K1A 0B1")
    (['America/Chicago', 'America/New_York', 'US-TN'], frozenset())
    """
    found = _ZIP.fullmatch(written.strip())
    return _shipped().places.get(found[1], frozenset()) if found else frozenset()


def by_zip(states: Collection[str]) -> str | None:
    """For people: why hours of *states* count where the number is not of there. None for no state.

    >>> by_zip(["US-FL"])
    'Going by the ZIP code they may be in Florida, whose hours count too.'
    """
    names = sorted(_shipped().names.get(state, state) for state in states)
    if not names:
        return None
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"Going by the ZIP code they may be in {listed}, whose hours count too."


def parse_zips(text: str) -> Zips:
    """From the file that tools/zip_codes.py writes."""
    table = tomllib.loads(text)
    places: dict[str, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    for zones, ranges in table["zones"].items():
        for prefix in _prefixes(ranges):
            places[prefix].update(zones.split())
    for state, ranges in table["states"].items():
        code, _, name = state.partition(" ")
        names[code] = name
        for prefix in _prefixes(ranges):
            places[prefix].add(code)
    return Zips({prefix: frozenset(some) for prefix, some in places.items()}, names)


def _prefixes(ranges: str) -> Iterator[str]:
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from (f"{n:03}" for n in range(int(first), int(last or first) + 1))


@cache
def _shipped() -> Zips:
    return parse_zips((files("server.domain") / "data" / "zip_codes.toml").read_text(encoding="utf-8"))
