"""History as a file of one moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from server.ports.history import Line, Wanted
from server.store.conversations.sought import sought
from server.store.copied import Copies, Copy
from server.store.postgres import Postgres

if TYPE_CHECKING:
    from server.store.postgres import Connection

_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class HistoryExports:
    def __init__(self, postgres: Postgres) -> None:
        self._copies = Copies(postgres)

    async def export(self, workspace_id: int, wanted: Wanted) -> AsyncGenerator[Sequence[Line], None]:
        async def fill(connection: Connection, copy: Copy) -> None:
            asked = await sought(connection, workspace_id, wanted)
            if asked is not None:
                sql, given = asked.statement("export", workspace_id, wanted.since or _ALWAYS, wanted.until or _EVER)
                await copy.take(connection, sql, *given)

        copy, _ = await self._copies.made(fill)
        return copy.pieces(_line)


def _line(cells: Sequence[str]) -> Line:
    at, direction, name, address, number, state, error_class, error_code, author, campaign, *rest = cells
    segments, pictures, body = rest
    return Line(
        datetime.fromisoformat(at), direction or None, name or None, address, number, state or None,
        error_class or None, error_code or None, author or None, campaign or None, int(segments), int(pictures), body,
    )  # fmt: skip
