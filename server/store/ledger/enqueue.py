"""T2: a text to send becomes durable, once for each command, with its place in its thread and in the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import asyncpg

from server.domain.gate import LANES
from server.domain.messages import Announcement, Message, OutboxGrew, ThreadChanged, Waiting
from server.killpoints import reach
from server.ports import (
    Announce,
    ClaimedByOther,
    CommandConflict,
    Enqueued,
    EnqueueMt,
    EnqueueResult,
    NoSuchThread,
    Online,
    OptOutUnacknowledged,
    Overtaken,
)
from server.store.columns import columns
from server.store.group_commit import Written
from server.store.named_sql import statements
from server.store.options import anybody
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_ENQUEUE_MT = statements("enqueue")["enqueue_mt"]


class Enqueue:
    """Queues batches of texts. Its keys make it idempotent: a repeated command answers as its first copy did."""

    def __init__(self, postgres: Postgres, announce: Announce, online: Online = anybody) -> None:
        self._postgres = postgres
        self._announce, self._heard = announce, online

    async def enqueue_bulk(self, mts: Sequence[EnqueueMt]) -> Sequence[EnqueueResult]:
        """Many texts in one commit, each judged by itself. Raises ValueError where a `cmd_id` stands there twice."""
        if len({(mt.workspace_id, mt.cmd_id) for mt in mts}) < len(mts):
            raise ValueError("A command stands twice in one batch.")
        if not mts:
            return []
        rows = await self._postgres.read(lambda connection: _enqueue(connection, mts))
        reach("t2_committed")
        if told := _announcements(mts, rows, self._heard):
            self._announce(told)
        return [_result(row) for row in rows]


async def write(connection: Connection, mts: Sequence[EnqueueMt], online: Online = anybody) -> Written[EnqueueResult]:
    """Single texts that share a commit. Raises UniqueViolationError where a command stands twice among several."""
    rows = await _enqueue(connection, mts)
    reach("t2_committed")
    return [_result(row) for row in rows], _announcements(mts, rows, online)


async def _enqueue(connection: Connection, mts: Sequence[EnqueueMt]) -> list[asyncpg.Record]:
    """One statement, which is its own transaction."""
    given = columns(map(_column_values, mts))
    reach("t2_before")
    try:
        return await connection.fetch(_ENQUEUE_MT, *given)
    except asyncpg.UniqueViolationError:
        # The same command is being given to another thread at this moment, which no thread's lock can see: that copy
        # is committed now, and the second look tells the conflict.
        return await connection.fetch(_ENQUEUE_MT, *given)


def _column_values(mt: EnqueueMt) -> tuple[Any, ...]:
    return (
        mt.workspace_id,
        mt.thread_id,
        mt.cmd_id,
        mt.fingerprint,
        mt.klass.value,
        LANES[mt.klass].value,
        storable(mt.body),
        mt.segments,
        mt.author_id,
        mt.acknowledged_opt_out,
        mt.resend_of,
        mt.now,
        mt.due_at,
        mt.expires_at,
        mt.campaign_id,
        mt.cancel_on_reply,
        storable_json(mt.media) if mt.media else None,
        mt.seen,
        None if mt.call is None else mt.call[0],
    )


def _result(row: Row) -> EnqueueResult:
    match row["verdict"]:
        case "enqueued" | "again" as verdict:
            return Enqueued(row["thread_id"], row["seq"], again=verdict == "again")
        case "conflict":
            return CommandConflict()
        case "no_thread":
            return NoSuchThread()
        case "claimed":
            return ClaimedByOther(row["other"], row["until"])
        case "overtaken":
            return Overtaken(row["other"] or "A colleague")  # "or": whose answer shares this commit
        case _:
            return OptOutUnacknowledged()


def _announcements(mts: Sequence[EnqueueMt], rows: Sequence[Row], online: Online) -> list[Announcement]:
    new = [(mt, row) for mt, row in zip(mts, rows, strict=True) if row["verdict"] == "enqueued"]
    due = [(mt, row) for mt, row in new if mt.due_at is None or mt.due_at <= mt.now]
    events: dict[tuple[int, int], list[Message]] = {}
    for mt, row in new:
        if online(row["workspace_id"]):
            events.setdefault((row["workspace_id"], row["thread_id"]), []).append(_message(mt, row))
    changed = [ThreadChanged(workspace, thread, tuple(messages)) for (workspace, thread), messages in events.items()]
    return [*changed, *([_grew(due)] if due else [])]


def _grew(due: Sequence[tuple[EnqueueMt, Row]]) -> OutboxGrew:
    """What a campaign's texts wait for beside, its own pace, is not known here."""
    numbers = frozenset(row["number_id"] for _, row in due)
    if any(mt.campaign_id is not None for mt, _ in due):
        return OutboxGrew(numbers)
    return OutboxGrew(numbers, tuple(_waiting(mt, row) for mt, row in due))


def _waiting(mt: EnqueueMt, row: Row) -> Waiting:
    return Waiting(row["outbox_id"], row["number_id"], LANES[mt.klass].value, mt.segments, row["dest_carrier"])


def _message(mt: EnqueueMt, row: Row) -> Message:
    return Message(
        thread_id=row["thread_id"],
        seq=row["seq"],
        direction="out",
        body=storable(mt.body),
        state="queued",
        at=mt.now,
        segments=mt.segments,
        klass=mt.klass.value,
        author_id=mt.author_id,
        author=row["author"],
        cmd_id=mt.cmd_id,
        resend_of=mt.resend_of,
        media=tuple(url for url, _ in mt.media),
        waits_until=mt.due_at if mt.due_at is not None and mt.due_at > mt.now else None,
        campaign=mt.campaign,
        call_id=None if mt.call is None else mt.call[1],
    )
