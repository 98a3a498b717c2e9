"""All recipients of a campaign as of one moment: read at the database's pace, and told at the reader's.

A reader may take minutes, and a transaction that waited for one would keep the database from tidying up, until it was
ended for being idle. So one statement copies the rows into a file that has no name, as fast as they come, beside the
figures that the same transaction sees; what is told afterwards comes out of the file, and goes with it.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final

import trio

from server.ports.campaigns import CampaignRecipient, Export, Figures
from server.store.campaigns.campaign_rows import figures_of
from server.store.named_sql import statements
from server.store.postgres import Postgres

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("figures")

AT_ONCE: Final = 2  # that are read from the database: each has a connection of the pool for some seconds
PIECE: Final = 1_000  # rows: some 20 ms of work, during which nothing else is done
_WITHIN_S: Final = 120.0  # a million recipients take some ten
_MOMENT: Final[Callable[[str], object]] = datetime.fromisoformat
_READ: Final[Sequence[Callable[[str], object]]] = (
    int, int, str, str, int, str, str, str, str, str, _MOMENT, _MOMENT, _MOMENT, int, int, int,
)  # fmt: skip
"""How each column of `recipients` is read; what is empty is None, but for the address."""
_ADDRESS: Final = 3


Asked = Callable[["Connection"], Awaitable[Sequence[Any]]]


class Exports:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres, self._room = postgres, trio.CapacityLimiter(AT_ONCE)

    async def export(self, workspace_id: int, campaign_id: int, asked: Asked, as_of: datetime) -> Export | None:
        """*asked* gives what the statement `recipients` takes."""
        file = tempfile.TemporaryFile(prefix="threadline-export-")  # noqa: SIM115 - outlives this call
        try:
            async with self._room:
                figures = await self._postgres.read(lambda c: _copy(c, workspace_id, campaign_id, asked, file))
        except BaseException:
            file.close()
            raise
        if figures is None:
            file.close()
            return None
        return Export(as_of, figures, _pieces(file))


async def _copy(
    connection: Connection, workspace_id: int, campaign_id: int, asked: Asked, file: IO[bytes]
) -> Figures | None:
    """Into *file*, from its beginning: a connection that was lost is tried once more."""
    file.seek(0)
    file.truncate()

    async def keep(rows: bytes) -> None:
        file.write(rows)

    async with connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(_SQL["sums"], workspace_id, campaign_id)
        if row is None:
            return None
        given = await asked(connection)
        await connection.copy_from_query(
            _SQL["recipients"].rstrip().rstrip(";"), *given, output=keep, format="csv", timeout=_WITHIN_S
        )
        return figures_of(row)


async def _pieces(file: IO[bytes]) -> AsyncGenerator[Sequence[CampaignRecipient], None]:
    with file:
        file.seek(0)
        lines = csv.reader(TextIOWrapper(file, encoding="utf-8", newline=""))
        while rows := [_recipient(cells) for cells in islice(lines, PIECE)]:
            yield rows
            await trio.lowlevel.checkpoint()


def _recipient(cells: Sequence[str]) -> CampaignRecipient:
    read: list[Any] = [
        how(cell) if cell or nth == _ADDRESS else None for nth, (how, cell) in enumerate(zip(_READ, cells, strict=True))
    ]
    return CampaignRecipient(*read)
