"""What happened with a contact, read page by page, and calls, which are written for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from server.ports.contacts import MergedAway, Refused
from server.ports.timeline import Happening, KnownCall, NewCall, RecordedCall, TimelinePage
from server.store.contacts.edit import Undone, gone
from server.store.contacts.rows import contact_rows
from server.store.cursors import made_cursor, parsed_cursor
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("timeline")
_PEOPLE = statements("contacts")

Place = tuple[datetime | None, int | None, int | None, int | None]
"""Where a page ends: instant, rank of the kind, and two ids."""


class PostgresTimeline:
    """`ports.timeline.Timeline`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def page(
        self, workspace_id: int, contact_id: int, *, before: str | None = None, limit: int = 50
    ) -> TimelinePage | MergedAway | None:
        place = (None, None, None, None) if before is None else _parsed(before)

        async def read(connection: Connection) -> Sequence[Row] | MergedAway | None:
            if not await contact_rows(connection, workspace_id, [contact_id]):
                return await gone(connection, workspace_id, contact_id)
            rows: Sequence[Row] = await connection.fetch(_SQL["timeline"], workspace_id, contact_id, *place, limit + 1)
            return rows

        rows = await self._postgres.read(read)
        if rows is None or isinstance(rows, MergedAway):
            return rows
        shown = rows[:limit]
        items = [Happening(row["kind"], row["at"], json.loads(row["told"])) for row in shown]
        return TimelinePage(items, _made(shown[-1]) if len(rows) > limit else None)

    async def record_call(
        self, workspace_id: int, member_id: int | None, call: NewCall
    ) -> RecordedCall | Refused | None:
        async def run(connection: Connection) -> Row:
            endpoint_id = await _number(connection, workspace_id, call)
            row = await connection.fetchrow(
                _SQL["record_call"], workspace_id, endpoint_id, member_id, storable(call.call_id), call.direction,
                storable(call.outcome), call.duration_s, storable(call.note), call.at,
            )  # fmt: skip
            if row is None:
                raise Undone(Refused("call_id", "This call_id is that of a call with another number."))
            return row

        try:
            row = await self._postgres.call(run, idempotent=True)
        except Undone as undone:
            refused: Refused | None = undone.outcome
            return refused
        return RecordedCall(row["id"], row["endpoint_id"], row["contact_id"])

    async def call_of(self, workspace_id: int, call_id: str) -> KnownCall | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["call_of"], workspace_id, storable(call_id)))
        return None if row is None else KnownCall(row["endpoint_id"], row["address"], row["direction"], row["at"])


async def _number(connection: Connection, workspace_id: int, call: NewCall) -> int:
    """The endpoint that was called. Raises Undone where the contact is not there or has no number."""
    if call.address is None:
        if not await contact_rows(connection, workspace_id, [call.contact_id or 0]):
            raise Undone(None)
        found = await connection.fetchval(_SQL["first_phone"], workspace_id, call.contact_id)
        if found is None:
            raise Undone(Refused("contact_id", "This contact has no phone number."))
        return int(found)
    await connection.execute(_PEOPLE["meet"], workspace_id, [call.address])
    [row] = await connection.fetch(_PEOPLE["endpoints"], workspace_id, [call.address])
    await connection.execute(_SQL["hold"], workspace_id, row["id"])
    await connection.execute(_SQL["meet"], row["id"])
    endpoint_id: int = row["id"]
    return endpoint_id


def _made(row: Row) -> str:
    return f"{made_cursor(row['at'], row['rank'])}.{row['id']}.{row['sub']}"


def _parsed(cursor: str) -> Place:
    parts: list[Any] = cursor.split(".")
    if len(parts) != 4 or not all(part.isdecimal() and part.isascii() and len(part) <= 18 for part in parts[1:]):
        raise ValueError("This is not a cursor from here.")
    at, rank = parsed_cursor(".".join(parts[:2]))
    if rank > 3:
        raise ValueError("This is not a cursor from here.")
    return at, rank, int(parts[2]), int(parts[3])
