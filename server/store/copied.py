"""Rows of one moment as a file that has no name: read at the database's pace, and told at the reader's.

A reader may take minutes, and a transaction that waited for one would keep the database from tidying up, until it was
ended for being idle. So a statement copies its rows into a file as fast as they come; what is told afterwards comes out
of the file, and goes with it.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from io import TextIOWrapper
from itertools import islice
from typing import IO, TYPE_CHECKING, Final, TypeVar

import trio

from server.store.postgres import Postgres

if TYPE_CHECKING:
    from server.store.postgres import Connection

AT_ONCE: Final = 2  # that are read from the database: each has a connection of the pool for some seconds
PIECE: Final = 1_000  # rows: some 20 ms of work, during which nothing else is done
_WITHIN_S: Final = 300.0  # a million rows take some ten
_TAKE_TIME: Final = "SET LOCAL transaction_timeout = 0"  # it locks nothing that others wait for

R = TypeVar("R")
Told = TypeVar("Told")


class Copy:
    """The file while its rows come, and after."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="threadline-export-")  # noqa: SIM115 - outlives this call

    def close(self) -> None:
        self._file.close()

    def begin(self) -> None:
        """From its beginning: a connection that was lost is tried once more."""
        self._file.seek(0)
        self._file.truncate()

    async def take(self, connection: Connection, statement: str, *given: object) -> None:
        """All rows of a statement."""

        async def keep(rows: bytes) -> None:
            self._file.write(rows)

        async with connection.transaction():
            await connection.execute(_TAKE_TIME)
            await connection.copy_from_query(
                statement.rstrip().rstrip(";"), *given, output=keep, format="csv", timeout=_WITHIN_S
            )

    async def pieces(self, read: Callable[[Sequence[str]], R]) -> AsyncGenerator[Sequence[R], None]:
        """What *read* makes of each row's cells, NULL as an empty one, a thousand at a time; then the file is gone."""
        with self._file:
            self._file.seek(0)
            rows = csv.reader(TextIOWrapper(self._file, encoding="utf-8", newline=""))
            while piece := [read(cells) for cells in islice(rows, PIECE)]:
                yield piece
                await trio.lowlevel.checkpoint()


class Copies:
    """Makes copies, few at once."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres, self._room = postgres, trio.CapacityLimiter(AT_ONCE)

    async def made(self, fill: Callable[[Connection, Copy], Awaitable[Told]]) -> tuple[Copy, Told]:
        """A file and what *fill* told of it; there is no file where it raises."""
        copy = Copy()

        async def filled(connection: Connection) -> Told:
            copy.begin()
            return await fill(connection, copy)

        try:
            async with self._room:
                return copy, await self._postgres.read(filled)
        except BaseException:
            copy.close()
            raise
