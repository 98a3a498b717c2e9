"""What thousands of texts a second leave out: news for nobody, and reading what else waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import uuid4

import pytest
import trio

from server.actors.stager import Stager
from server.domain.carrier import Accepted
from server.domain.messages import ConsentFlipped, OutboxGrew, ThreadChanged
from server.ports import DueRow, Ledger, Number, StreamKey
from server.rate.limiter import Limiter
from server.store.options import StoreOptions
from tests.actors.fakes import FakeClock
from tests.store.world import ALICE, LADDER_S, NOON, World, mt, open_world

SETTLE = """
SELECT * FROM settle_attempts(ARRAY[$1::uuid], ARRAY[$2::bigint], ARRAY['accepted'], ARRAY[$3::text],
                              NULL, NULL, NULL, NULL, NULL, ARRAY[$4::timestamptz])
"""
ALLOW = """
SELECT * FROM settle_verdicts(ARRAY[$1::bigint], ARRAY['allowed'], NULL, NULL, NULL, NULL,
                              ARRAY[$2::uuid], ARRAY[$3::timestamptz], $4, $5, $3)
"""
CLAIM = "SELECT * FROM claim_granted(ARRAY[$1::bigint], $2, $3, $4, 0, interval '0')"
ONCE_QUIET = "UPDATE pg_class SET reltuples = 0, relpages = 1 WHERE relname = 'outbox'"  # as a vacuum then leaves it
READ = "SELECT coalesce(sum(idx_tup_fetch), 0) FROM pg_stat_xact_user_tables WHERE relname ~ $1"


@asynccontextmanager
async def world_with(dsn: str, online: set[int]) -> AsyncIterator[World]:
    options = StoreOptions(ladder_s=LADDER_S, wall=lambda: NOON, online=lambda workspace_id: workspace_id in online)
    async with open_world(dsn, options) as world:
        yield world


async def send_one(world: World, thread: int) -> None:
    await world.send(thread)
    [sent] = await world.authorise()
    accepted = Accepted(f"SM{sent.outbox_id}", "queued", 1)
    assert await world.store.ledger.record_outcome(sent.attempt_id, world.gen, accepted, NOON)


async def test_where_nobody_is_online_no_events_of_threads_are_made(dsn: str) -> None:
    async with world_with(dsn, online=set()) as world:
        thread = (await world.receive()).thread_id
        world.told.clear()
        await send_one(world, thread)
        await world.store.ledger.enqueue_bulk([mt(thread)])
        assert world.heard(ThreadChanged) == []


async def test_the_rest_of_the_server_hears_of_work_and_of_a_stop_though_nobody_is_online(dsn: str) -> None:
    async with world_with(dsn, online=set()) as world:
        thread = (await world.receive()).thread_id
        await world.send(thread)
        await world.store.ledger.enqueue_bulk([mt(thread)])
        assert [grew.number_ids for grew in world.heard(OutboxGrew)] == [{1}] * 2
        await world.stop(from_=ALICE)
        assert [flip.opted_out for flip in world.heard(ConsentFlipped)] == [True]


class Looks:
    """A ledger that counts what looks read."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self.rows, self.looked = ledger, 0, trio.Event()

    async def due(self, *asked: Any) -> Sequence[DueRow]:
        rows = await self._ledger.due(*asked)
        self.rows += len(rows)
        self.looked.set()
        return rows


class StoppedClock(FakeClock):
    """On which no second passes: there are no looks but those that somebody rings for."""

    def monotonic(self) -> float:
        return 0.0


async def test_texts_that_wait_are_read_by_no_look_when_another_is_queued(world: World) -> None:
    thread = (await world.receive()).thread_id
    ledger, limiter = Looks(world.store.ledger), Limiter(world.limiter_epoch)
    number = Number(1, 1, 1, "+12025550100", 1.0, 1)
    stager = Stager(cast("Ledger", ledger), limiter, StoppedClock(), lambda: [number])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stager.run)
        await ledger.looked.wait()
        for _ in range(60):
            world.told.clear()
            await world.send(thread)
            stager.grew(world.heard(OutboxGrew)[0])
        nursery.cancel_scope.cancel()
    assert limiter.waiting(StreamKey(1, 1, None, "")) == 60
    assert ledger.rows == 0


async def test_who_comes_online_sees_what_is_committed_from_then_on(dsn: str) -> None:
    online: set[int] = {2}
    async with world_with(dsn, online) as world:
        thread = (await world.receive()).thread_id
        await send_one(world, thread)
        online.add(1)
        world.told.clear()
        await send_one(world, thread)
        states = [event.state for change in world.heard(ThreadChanged) for event in change.events]
        assert states == ["queued", "sent"]


@pytest.mark.parametrize("table", ["^outbox$", "^message_[0-7]$"])
async def test_what_an_outcome_reads_does_not_grow_with_what_else_is_there(world: World, table: str) -> None:
    """By one session's own plans, which it keeps."""
    thread = (await world.receive()).thread_id
    for _ in range(40):
        await world.send(thread)
    authorised = await world.authorise(rows=(await world.queued())[:10])
    await world.sql(ONCE_QUIET)

    async def settle(connection: Any) -> list[int]:
        read: list[int] = []
        for one in authorised:
            before: int = await connection.fetchval(READ, table)
            await connection.fetch(SETTLE, one.attempt_id, world.gen, f"SM{one.outbox_id}", NOON)
            read.append(await connection.fetchval(READ, table) - before)
        return read

    read: Any = await world.store.call(settle)
    assert len(read) == 10
    assert max(read) <= 3


async def test_what_authorising_reads_does_not_grow_with_what_else_waits(world: World) -> None:
    thread = (await world.receive()).thread_id
    for _ in range(40):
        await world.send(thread)
    queued = await world.queued()
    await world.sql(ONCE_QUIET)

    async def settle(connection: Any) -> list[int]:
        read: list[int] = []
        for row in queued[:10]:
            before: int = await connection.fetchval(READ, "^outbox$")
            await connection.fetch(ALLOW, row, uuid4(), NOON, world.gen, world.limiter_epoch)
            read.append(await connection.fetchval(READ, "^outbox$") - before)
        return read

    read: Any = await world.store.call(settle)
    assert len(read) == 10
    assert max(read) <= 3


async def test_what_a_text_goes_through_is_planned_once_for_a_session(world: World) -> None:
    """PostgreSQL says each time when it plans; it gives a statement of a session some tries before it keeps a plan."""
    thread = (await world.receive()).thread_id
    for _ in range(12):
        await world.send(thread)
    queued = await world.queued()

    async def plans(connection: Any) -> list[int]:
        told: list[str] = []

        def hear(_: object, message: Any) -> None:
            told.append(message.message)

        connection.add_log_listener(hear)
        await connection.execute("SET LOCAL client_min_messages = log; SET LOCAL log_planner_stats = on")
        counts = []
        for row in queued:
            told.clear()
            attempt = uuid4()
            [claimed] = await connection.fetch(CLAIM, row, world.gen, world.limiter_epoch, NOON)
            assert claimed["outbox_id"] == row
            await connection.fetch(ALLOW, row, attempt, NOON, world.gen, world.limiter_epoch)
            await connection.fetch(SETTLE, attempt, world.gen, f"SM{row}", NOON)
            counts.append(sum("PLANNER" in one for one in told))
        connection.remove_log_listener(hear)
        return counts

    counts: Any = await world.store.call(plans)
    assert counts[0] > 3, "it does say so"
    assert counts[8:] == [0, 0, 0, 0]
