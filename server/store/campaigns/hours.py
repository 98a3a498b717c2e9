"""Resolves when a campaign begins, and when each of its recipients may get its text."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from server.domain.local_time import NoSuchTime, at_home, begins_at_home, resolve
from server.domain.timetable import Timetable
from server.ports.campaigns import Start
from server.store.named_sql import statements
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("campaign_engine")


def begins_at(start: Start, zones: Collection[str]) -> datetime | str:
    """When a scheduled campaign is due; a sentence where there is no such time. *zones*: of its recipients."""
    if start.day is None:
        raise ValueError("What begins at once is not scheduled.")
    if start.at_home:
        return begins_at_home(start.day, start.at, zones, start.zone)
    resolved = resolve(datetime.combine(start.day, start.at), start.zone)
    return resolved.sentence if isinstance(resolved, NoSuchTime) else resolved.instant


async def due(
    connection: Connection, campaign_id: int, start: Start, timetable: Timetable, now: datetime
) -> datetime | str | None:
    """When it begins for those of its snapshot; a sentence where there is no such time, None: at once."""
    if start.day is None:
        return None
    zones: set[str] = set()
    if start.at_home:
        for known in await connection.fetch(_SQL["zones"], campaign_id):
            zones.update(timetable.local(known["address"], known["places"], now).zones)
    return begins_at(start, zones)


def waits_until(row: Row, start: Start, now: datetime, timetable: Timetable) -> datetime | None:
    """Until when the text of a recipient is not made: its own hour has not come, or it is quiet there. None: now.

    Where nobody knows when the quiet hours end, the gate says so. What is looked at here is only so that nothing is
    queued for tomorrow; the gate looks again.
    """
    if start.at_home and start.day is not None:
        zones = timetable.local(row["address"], row["places"], now).zones
        due_at = at_home(start.day, start.at, zones, start.zone)
        if due_at > now:
            return due_at
    hours = timetable.to_set_out(row["address"], row["places"], now)
    return None if hours.open else hours.until
