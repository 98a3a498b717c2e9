"""The streams of events that other programs hear."""

from __future__ import annotations

import json
from collections.abc import Sequence

from server.ports.events import Event, EventPage
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

_SQL = statements("events")


class PostgresEvents:
    """`ports.events.EventStream`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def listen(self, workspace_id: int) -> None:
        await self._postgres.alone(lambda c: c.execute(_SQL["listen"], workspace_id), idempotent=True)

    async def number(self, limit: int) -> Sequence[Event]:
        return [
            event_of(row, row["seen_by"])
            for row in await self._postgres.alone(lambda c: c.fetch(_SQL["number"], limit))
        ]

    async def after(self, workspace_id: int, seq: int, limit: int) -> EventPage:
        return _page(await self._postgres.read(lambda c: c.fetch(_SQL["after"], workspace_id, seq, limit)))

    async def newest(self, workspace_id: int, limit: int) -> EventPage:
        return _page(await self._postgres.read(lambda c: c.fetch(_SQL["newest"], workspace_id, limit)))


def event_of(row: Row, seen_by: Sequence[int] | None = None) -> Event:
    return Event(
        row["workspace_id"],
        row["seq"],
        row["kind"],
        json.loads(row["data"]),
        row["at"],
        None if seen_by is None else frozenset(seen_by),
    )


def _page(rows: Sequence[Row]) -> EventPage:
    events = [event_of(row, row["seen_by"]) for row in rows if row["seq"] is not None]
    return EventPage(events, rows[0]["head"], rows[0]["oldest"] or 0)
