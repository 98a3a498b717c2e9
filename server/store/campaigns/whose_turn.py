"""Finds whose turn it is, and passes over those who are asleep without touching them.

A million who sleep are passed by places: up to which everybody sleeps, and until when at least, are two values of the
campaign. Where most are asleep they are judged by their areas, of which there are some hundreds, and not one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from server.domain.timetable import Timetable
from server.ports.campaigns import Start
from server.store.campaigns.hours import waits_until
from server.store.campaigns.queueing import CHUNK
from server.store.named_sql import statements
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

PASSED: Final = 20_000  # recipients in one transaction; some 50 ms of PostgreSQL's

_SQL = statements("campaign_engine")


class WhoseTurn:
    """Of one look. `more`: there may be others beyond those who were found."""

    def __init__(self, row: Row, start: Start, now: datetime, timetable: Timetable) -> None:
        self._id: int = row["id"]
        self._start, self._now, self._timetable = start, now, timetable
        until = row["asleep_until"]
        self._until: datetime | None = until if until is not None and until > now else None
        self._after: int = row["asleep_to"] if self._until is not None else 0
        self._to = self._after
        self._passes = False
        self.more = False

    async def find(self, connection: Connection, places: int | None) -> Sequence[Row]:
        """Who may get a text now, within the first *places*."""
        found = await connection.fetch(_SQL["next"], self._id, places, self._now, CHUNK, self._after)
        again = await self._again(connection, [one for one in found if one["due_at"] is not None])
        turn = [one for one in found if one["due_at"] is None]
        awake: Sequence[Row] = [one for one in turn if self._is_awake(one)]
        if len(turn) == CHUNK and 2 * len(awake) <= CHUNK:
            awake = await self._among(connection, places, min(PASSED, CHUNK * CHUNK // max(1, len(awake))))
        else:
            self._to = turn[-1]["ord"] if turn else self._to
            self.more = len(found) >= CHUNK
        return [*again, *awake]

    async def keep(self, connection: Connection, left: Sequence[Row]) -> None:
        """Write down who was passed; those who are *left* could get a text, and there was no room for them."""
        if self._passes:
            to = min([self._to, *(one["ord"] - 1 for one in left if one["due_at"] is None)])
            await connection.execute(_SQL["asleep"], self._id, to, self._until)

    async def _again(self, connection: Connection, found: Sequence[Row]) -> list[Row]:
        waits = {one["ord"]: until for one in found if (until := self._waits(one)) is not None}
        if waits:
            await connection.execute(_SQL["postpone"], self._id, [*waits], [*waits.values()])
        return [one for one in found if one["ord"] not in waits]

    async def _among(self, connection: Connection, places: int | None, width: int) -> Sequence[Row]:
        areas = await connection.fetch(_SQL["areas"], self._id, places, self._after, width)
        awake = [one["area"] for one in areas if self._is_awake(one)]
        last = max(one["last"] for one in areas)
        found: Sequence[Row] = ()
        if awake:
            found = await connection.fetch(_SQL["next_in"], self._id, self._after, last, awake, CHUNK)
        self._to = found[-1]["ord"] if len(found) == CHUNK else last
        self.more = sum(one["n"] for one in areas) == width
        return found

    def _is_awake(self, one: Row) -> bool:
        until = self._waits(one)
        if until is None:
            return True
        self._passes = True
        self._until = until if self._until is None else min(self._until, until)
        return False

    def _waits(self, one: Row) -> datetime | None:
        return waits_until(one, self._start, self._now, self._timetable)
