"""Carries launched texts in bulk on: queues their texts a few seconds ahead of the pace, tidies after a recall, writes
the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from server.domain.campaigns.audience import Exclusion
from server.domain.compose import bulk_timing
from server.domain.messages import Announcement, CampaignMoved, OfCampaign
from server.killpoints import reach
from server.ports import Announce
from server.ports.bulk import Progress
from server.store.campaigns import queueing
from server.store.campaigns.queueing import CHUNK, TIDIED
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("bulk")


class PostgresBulkEngine:
    """`ports.bulk.BulkEngine`."""

    def __init__(self, postgres: Postgres, announce: Announce) -> None:
        self._postgres, self._announce = postgres, announce

    async def open(self) -> Sequence[int]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["open"]))
        return [row["id"] for row in rows]

    async def told(self, bulk_id: int) -> Progress | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["progress"], None, bulk_id, None, 1))
        return None if row is None else progress_of(row)

    async def advance(self, bulk_id: int, now: datetime) -> bool:
        step = _Step(bulk_id, now)
        more = await self._postgres.call(step.run, idempotent=True)
        if step.queued:
            reach("bulk_queued")
        if step.told:
            self._announce(step.told)
        return more

    async def fold(self, bulk_id: int) -> bool:
        return await queueing.fold(self._postgres, bulk_id)

    async def drop_abandoned(self, before: datetime) -> int:
        async def drop(connection: Connection) -> int:
            rows = await connection.fetch(_SQL["abandoned"], before)
            for row in rows:
                if await connection.fetchval(_SQL["lock_draft"], row["id"]) is not None:
                    await drop_draft(connection, row["id"])
            return len(rows)

        return await self._postgres.call(drop, idempotent=True)


async def drop_draft(connection: Connection, bulk_id: int) -> None:
    """A snapshot that is not launched, under the lock of its campaign."""
    await connection.execute(_SQL["drop_recipients"], bulk_id)
    await connection.execute(_SQL["forget"], bulk_id)
    await connection.execute(_SQL["drop_draft"], bulk_id)


class _Step:
    """One transaction of one campaign. `told`: what its commit has to tell."""

    def __init__(self, bulk_id: int, now: datetime) -> None:
        self._id, self._now = bulk_id, now
        self.told: list[Announcement] = []
        self.queued = 0

    async def run(self, connection: Connection) -> bool:
        """True where there is more to do at once."""
        self.told, self.queued = [], 0
        self.told += await queueing.recalled(connection, self._id, self._now)
        if self.told:
            return True  # threads are locked: the campaign's own locks come before theirs
        await queueing.lock_shared(connection, self._id)
        row = await connection.fetchrow(_SQL["claim"], self._id)
        if row is None:
            return False
        if row["state"] == "active" and row["built_at"] is None:
            return await self._queue(connection, row)
        if row["state"] == "cancelled":
            gone = await connection.fetch(_SQL["recall_pending"], self._id, TIDIED, self._now)
            if gone:
                self.told.append(CampaignMoved(row["workspace_id"], self._id))
                return True
        await self._end(connection, row)
        return False

    async def _end(self, connection: Connection, row: Row) -> None:
        if await connection.fetchval(_SQL["end"], self._id, self._now) is not None:
            self.told.append(CampaignMoved(row["workspace_id"], self._id))

    # Queueing

    async def _queue(self, connection: Connection, row: Row) -> bool:
        room = await queueing.room(connection, self._id, row["number_id"], row["rate"], self._now)
        if room <= 0:
            return False
        found = await connection.fetch(_SQL["next"], self._id, CHUNK)
        if not found:
            await connection.execute(_SQL["built"], self._id, self._now)
            return True
        turn = queueing.fitting(found, room, lambda one: one["segments"])
        refused = {one["ord"]: reason for one in turn if (reason := queueing.objection(one))}
        await queueing.skip(connection, self._id, refused, self._now)
        await self._enqueue(connection, row, [one for one in turn if one["ord"] not in refused])
        self.told.append(CampaignMoved(row["workspace_id"], self._id))
        return len(turn) == len(found)

    async def _enqueue(self, connection: Connection, row: Row, turn: Sequence[Row]) -> None:
        endpoints = [one["endpoint_id"] for one in turn]
        threads = await queueing.threads(connection, row, endpoints, self._now, quiet=False)
        hidden = {one["ord"]: Exclusion.ANOTHERS_NUMBER.value for one in turn if threads[one["endpoint_id"]]["hidden"]}
        await queueing.skip(connection, self._id, hidden, self._now)
        turn = [one for one in turn if one["ord"] not in hidden]
        sending = queueing.Sending(
            row["workspace_id"],
            OfCampaign(self._id, "bulk", row["name"]),
            row["launched_by"],
            self._now,
            bulk_timing(self._now).expires_at,
        )
        texts = [queueing.Text(one["ord"], one["endpoint_id"], one["body"], one["segments"]) for one in turn]
        self.told += await queueing.put(connection, sending, texts, threads)
        self.queued = len(texts)


def progress_of(row: Row) -> Progress:
    return Progress(
        bulk_id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        state=row["state"],
        body=row["template"],
        author=row["author"],
        launched_at=row["launched_at"],
        ended_at=row["ended_at"],
        **{name: row[name] for name in _FIGURES},
    )


_FIGURES: Final = (
    "audience", "excluded", "pending", "in_flight", "wired", "delivered", "undelivered", "rejected", "unconfirmed",
    "skipped", "segments",
)  # fmt: skip
