"""The types of the schema, asked for once: asyncpg asks for those that it meets anew on each connection.

The question takes PostgreSQL as long as all else that most tests ask, and the answer is the same in every copy of the
template. In a database that a test made otherwise a type has another number, and is asked for as ever.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator
from types import SimpleNamespace
from typing import Any, Final, Protocol

import asyncpg

OF_THE_SCHEMA: Final = "SELECT oid FROM pg_type WHERE typnamespace = 'public'::regnamespace"
_NAMED: Final = SimpleNamespace(name="known")  # a statement that took no other's place


class Row(Protocol):
    """What asyncpg reads of a type."""

    def __getitem__(self, field: str) -> Any: ...


class KnownTypes:
    """*rows* are what asyncpg's own question gave for the types of the database that all others are copied from."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {row["oid"]: row for row in rows}

    def of(self, types: Collection[int]) -> list[Row] | None:
        """The answer for *types*, each after what it is made of; None where one is not known."""
        if not self._rows.keys() >= set(types):
            return None
        found: dict[int, Row] = {}
        for one in types:
            self._collect(one, found)
        return list(found.values())

    def _collect(self, one: int, found: dict[int, Row]) -> None:
        row = self._rows.get(one)
        if row is None or one in found:
            return
        for part in (row["elemtype"], row["basetype"], row["range_subtype"], *(row["attrtypoids"] or ())):
            if part:
                self._collect(part, found)
        found[one] = row

    @contextlib.contextmanager
    def serving(self, path: str) -> Iterator[None]:
        """While this is open, connections to the server whose unix socket is *path* are answered from here."""
        plain: Any = asyncpg.Connection._introspect_types  # type: ignore[attr-defined]  # there is no public way in

        async def introspect(connection: Any, types: Collection[int], timeout_s: float | None) -> Any:
            found = self.of(types) if connection._addr == path else None
            return await plain(connection, types, timeout_s) if found is None else (found, _NAMED)

        asyncpg.Connection._introspect_types = introspect  # type: ignore[attr-defined]  # the same
        try:
            yield
        finally:
            asyncpg.Connection._introspect_types = plain  # type: ignore[attr-defined]  # the same
