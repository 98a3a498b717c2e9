"""Reads the store's statements: one file for each aggregate, each statement under its name and one line of intent."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_HEADING = re.compile(r"^-- name: (\w+)\n-- (\S.*)\n", re.MULTILINE)


@cache
def statements(aggregate: str) -> Mapping[str, str]:
    """The statements of ``sql/<aggregate>.sql`` by name.

    Raises ValueError for a file with a repeated name, or with text that stands under no name.
    """
    return MappingProxyType(parse((files("server.store") / "sql" / f"{aggregate}.sql").read_text(encoding="utf-8")))


def parse(text: str) -> dict[str, str]:
    """Split *text* at its headings: ``-- name: x`` and the line of intent below.

    >>> parse("-- name: one\\n-- The number one.\\nSELECT 1;\\n")
    {'one': 'SELECT 1'}
    """
    before, *pieces = _HEADING.split(text)
    if before.strip():
        raise ValueError(f"SQL without a name and its line of intent: {before.strip()[:60]!r}")
    found: dict[str, str] = {}
    for name, body in zip(pieces[0::3], pieces[2::3], strict=True):
        if name in found or "-- name:" in body:
            raise ValueError(f"A statement is named twice or lacks its line of intent, at or after {name!r}.")
        found[name] = body.strip().removesuffix(";")
    return found
