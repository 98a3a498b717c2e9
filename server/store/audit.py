"""Reads the audit log, page by page, and what those are called that it names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from server.domain.audit.kinds import Names, asked
from server.ports.audit import AuditEntry, AuditPage, AuditWish
from server.store.cursors import made_cursor, parsed_cursor
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("audit")
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)


class PostgresAuditLog:
    """`ports.audit.AuditLog`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def page(self, workspace_id: int, wish: AuditWish, *, before: str | None, limit: int) -> AuditPage:
        cursor = (_LAST, 0) if before is None else parsed_cursor(before)

        async def read(connection: Connection) -> AuditPage:
            rows = await _rows(connection, workspace_id, wish, cursor, limit + 1)
            entries = [_entry(row) for row in rows[:limit]]
            more = made_cursor(entries[-1].at, entries[-1].entry_id) if len(rows) > limit else None
            return AuditPage(entries, await _names(connection, workspace_id, entries), more)

        return await self._postgres.read(read)


async def _rows(
    connection: Connection, workspace_id: int, wish: AuditWish, cursor: tuple[datetime, int], limit: int
) -> Sequence[Row]:
    given = workspace_id, wish.since or _FIRST, wish.until or _LAST, *cursor, limit
    if wish.kinds is not None:
        found: Sequence[Row] = await connection.fetch(_SQL["of_kinds"], *given, list(wish.kinds), wish.member_id)
    elif wish.member_id is not None:
        found = await connection.fetch(_SQL["of_member"], *given, wish.member_id)
    else:
        found = await connection.fetch(_SQL["newest"], *given)
    return found


async def _names(connection: Connection, workspace_id: int, entries: Sequence[AuditEntry]) -> Names:
    wanted = sorted({one for entry in entries for one in asked(entry.detail)})
    if not wanted:
        return Names({})
    whats, ids = [what for what, _ in wanted], [id_ for _, id_ in wanted]
    rows = await connection.fetch(_SQL["names"], workspace_id, whats, ids)
    return Names({(row["what"], row["id"]): row["name"] for row in rows if row["name"]})


def _entry(row: Row) -> AuditEntry:
    detail = json.loads(row["detail"])
    return AuditEntry(row["id"], row["at"], row["action"], detail, row["member_id"], row["member"])
