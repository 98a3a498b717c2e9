"""Carries launched texts on: queues their texts a few seconds ahead of the pace, tidies after a recall, writes the end.

What is queued stays little, so that a recall bites. Texts go through T2 like everybody's, in the transaction that marks
their recipients, under commands that are made from the campaign and the place: killed anywhere, a chunk is there once
or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from server.domain.campaigns.audience import AudienceRules, Exclusion, choose, text_id
from server.domain.compose import bulk_timing
from server.domain.gate import MessageClass
from server.domain.messages import Announcement, CampaignMoved, OfCampaign
from server.killpoints import reach
from server.ports import Announce, Enqueued, EnqueueMt
from server.ports.bulk import Progress
from server.store.campaigns.audience import phone_of
from server.store.ledger import enqueue
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row, announcements

if TYPE_CHECKING:
    from server.store.postgres import Connection

AHEAD_S: Final = 4.0  # what is queued at the pace of its numbers; the engine looks every half second
AT_LEAST: Final = 16  # segments, however slow the numbers are: an idle sender costs more than these
CHUNK: Final = 256  # texts in one transaction; its threads are locked for some 50 ms
TIDIED: Final = 500
FOLD_FROM: Final = 64  # differences: whoever asks for figures reads that many in some 50 µs
FOLDED: Final = 2_000

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
        given = bulk_id, FOLD_FROM, FOLDED
        folded = await self._postgres.call(lambda c: c.fetchval(_SQL["fold"], *given), idempotent=True)
        return bool(folded == FOLDED)

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
        self.told += announcements(await connection.fetch(_SQL["recall_queued"], self._id, self._now, TIDIED))
        if self.told:
            return True  # threads are locked: the campaign's own locks come before theirs
        await connection.execute(_SQL["lock_shared"], self._id)
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
        ahead = await connection.fetchrow(_SQL["ahead"], self._id, row["number_id"], self._now)
        assert ahead is not None, "an aggregate has a row"  # noqa: S101 - for the type
        room = max(AT_LEAST, AHEAD_S * _pace(ahead["rate"], row["rate"])) - ahead["queued"]
        if room <= 0:
            return False
        found = await connection.fetch(_SQL["next"], self._id, CHUNK)
        if not found:
            await connection.execute(_SQL["built"], self._id, self._now)
            return True
        turn = _fitting(found, room)
        refused = {one["ord"]: reason for one in turn if (reason := _objection(one))}
        if refused:
            await connection.execute(_SQL["skip"], self._id, [*refused], list(refused.values()), self._now)
        await self._enqueue(connection, row, [one for one in turn if one["ord"] not in refused])
        self.told.append(CampaignMoved(row["workspace_id"], self._id))
        return len(turn) == len(found)

    async def _enqueue(self, connection: Connection, row: Row, turn: Sequence[Row]) -> None:
        if not turn:
            return
        endpoints = [one["endpoint_id"] for one in turn]
        given = row["workspace_id"], endpoints, row["number_id"], self._now
        await connection.execute(_SQL["make_threads"], *given)
        threads = await connection.fetch(_SQL["threads"], row["workspace_id"], endpoints)
        thread_of = {thread["endpoint_id"]: thread["id"] for thread in threads}
        mts = [self._mt(row, one, thread_of[one["endpoint_id"]]) for one in turn]
        results, told = await enqueue.write(connection, mts)
        places: list[tuple[Any, ...]] = []
        for one, result in zip(turn, results, strict=True):
            assert isinstance(result, Enqueued), result  # noqa: S101 - its thread is locked, its command is nobody else's
            places.append((one["ord"], result.thread_id, result.seq))
        await connection.execute(_SQL["queued"], self._id, *map(list, zip(*places, strict=True)), self._now)
        self.told += told
        self.queued = len(places)

    def _mt(self, row: Row, one: Row, thread_id: int) -> EnqueueMt:
        return EnqueueMt(
            workspace_id=row["workspace_id"],
            thread_id=thread_id,
            cmd_id=text_id(self._id, one["ord"]),
            fingerprint=hashlib.sha256(one["body"].encode()).digest(),
            klass=MessageClass.BULK,
            body=one["body"],
            segments=one["segments"],
            now=self._now,
            author_id=row["launched_by"],
            campaign_id=self._id,
            expires_at=bulk_timing(self._now).expires_at,
            campaign=OfCampaign(self._id, "bulk", row["name"]),
        )


def _pace(numbers: float, own: float | None) -> float:
    return numbers if own is None else min(numbers, own)


def _fitting(rows: Sequence[Row], room: float) -> Sequence[Row]:
    """As many as there is room for; the last one may reach beyond it."""
    taken: list[Row] = []
    for row in rows:
        if room <= 0:
            break
        taken.append(row)
        room -= row["segments"]
    return taken


def _objection(row: Row) -> str | None:
    """What came up since the snapshot. What comes up later is the gate's to say."""
    chosen = choose([phone_of(row)], AudienceRules())
    return chosen.value if isinstance(chosen, Exclusion) else None


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
