"""Carries out the batches of a drip: which places of the snapshot may be queued by now, and when there are more."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from server.domain.campaigns.drip import Drip, next_batch, window
from server.domain.verdict import Reason
from server.store.named_sql import statements
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("campaign_engine")


class Batches:
    """The batches of a drip: `places` of the snapshot may be queued by now. `ended`: nobody beyond them gets a text."""

    def __init__(self, row: Row, drip: Drip, now: datetime) -> None:
        self._row, self._drip, self._now = row, drip, now
        self._id: int = row["id"]
        self.places: int = row["places"] or 0
        self.ended = False

    async def look(self, connection: Connection) -> bool:
        """Whether texts may be queued now; a batch that is due begins."""
        now = self._now
        opens = window(self._drip, now)
        if opens is None:
            await connection.execute(_SQL["all_at_end"], self._id, Reason.CAMPAIGN_ENDED.value)
            self.ended = True
            return False
        at = next_batch(self._drip, self._row["last_batch_at"], now)
        if at is not None and at <= now and not await self._waits(connection):
            await self._begin(connection)
        elif at != self._row["next_batch_at"] and (at is None or at > now):
            await connection.execute(_SQL["next_batch"], self._id, at)
        return opens.begins <= now

    async def _waits(self, connection: Connection) -> bool:
        return bool(
            await connection.fetchval(_SQL["any_waiting"], self._id, self.places, self._row["looked_to"], self._now)
        )

    async def _begin(self, connection: Connection) -> None:
        last = await connection.fetchval(_SQL["place_of"], self._id, self.places, self._drip.batch)
        if last is None:
            return
        self.places = last
        then = next_batch(self._drip, self._now, self._now)
        await connection.execute(_SQL["batch"], self._id, last, self._now, then)
