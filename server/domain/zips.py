"""Tells in which zones a ZIP code may be: all those of its first three digits, of which some lie across a border."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

_ZIP: Final = re.compile(r"(\d{3})\d{2}(-?\d{4})?", re.ASCII)


def zip_zones(written: str) -> frozenset[str]:
    """Empty for what is no ZIP code, for military mail, which is in no place, and for digits that no place has.

    >>> sorted(zip_zones("37402-1234")), zip_zones("K1A 0B1")
    (['America/Chicago', 'America/New_York'], frozenset())
    """
    found = _ZIP.fullmatch(written.strip())
    return _shipped().get(found[1], frozenset()) if found else frozenset()


def parse_zips(text: str) -> Mapping[str, frozenset[str]]:
    """Three digits → zones, from the file that tools/zip_codes.py writes."""
    zones = tomllib.loads(text)["zones"]
    return {prefix: frozenset(names.split()) for names, ranges in zones.items() for prefix in _prefixes(ranges)}


def _prefixes(ranges: str) -> Iterator[str]:
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from (f"{n:03}" for n in range(int(first), int(last or first) + 1))


@cache
def _shipped() -> Mapping[str, frozenset[str]]:
    return parse_zips((files("server.domain") / "data" / "zip_codes.toml").read_text(encoding="utf-8"))
