"""History as a file of one moment: read at the database's pace, and told at the reader's, as campaigns are.

One statement copies the rows into a file that has no name, as fast as they come; what is told afterwards comes out
of the file, and goes with it.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import islice
from typing import IO, TYPE_CHECKING, Final

import trio

from server.ports.history import Line, Wanted
from server.store.conversations.sought import sought
from server.store.postgres import Postgres

if TYPE_CHECKING:
    from server.store.postgres import Connection

AT_ONCE: Final = 2  # that are read from the database: each has a connection of the pool for some seconds
PIECE: Final = 1_000  # rows: some 20 ms of work, during which nothing else is done
_WITHIN_S: Final = 300.0
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class HistoryExports:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres, self._room = postgres, trio.CapacityLimiter(AT_ONCE)

    async def export(self, workspace_id: int, wanted: Wanted) -> AsyncGenerator[Sequence[Line], None]:
        file = tempfile.TemporaryFile(prefix="threadline-export-")  # noqa: SIM115 - outlives this call
        try:
            async with self._room:
                await self._postgres.read(lambda connection: _copy(connection, workspace_id, wanted, file))
        except BaseException:
            file.close()
            raise
        return _lines(file)


async def _copy(connection: Connection, workspace_id: int, wanted: Wanted, file: IO[bytes]) -> None:
    """Into *file*, from its beginning: a connection that was lost is tried once more."""
    file.seek(0)
    file.truncate()

    async def keep(rows: bytes) -> None:
        file.write(rows)

    asked = await sought(connection, workspace_id, wanted)
    if asked is not None:
        sql, given = asked.statement("export", workspace_id, wanted.since or _ALWAYS, wanted.until or _EVER)
        await connection.copy_from_query(sql, *given, output=keep, format="csv", timeout=_WITHIN_S)


async def _lines(file: IO[bytes]) -> AsyncGenerator[Sequence[Line], None]:
    with file:
        file.seek(0)
        rows = csv.reader(TextIOWrapper(file, encoding="utf-8", newline=""))
        while piece := [_line(cells) for cells in islice(rows, PIECE)]:
            yield piece
            await trio.lowlevel.checkpoint()


def _line(cells: Sequence[str]) -> Line:
    at, direction, name, address, number, state, error_class, error_code, author, campaign, *rest = cells
    segments, pictures, body = rest
    return Line(
        datetime.fromisoformat(at), direction, name or None, address, number, state, error_class or None,
        error_code or None, author or None, campaign or None, int(segments), int(pictures), body,
    )  # fmt: skip
