"""T2 on a real database: each command once, whatever is repeated, raced or refused."""

from __future__ import annotations

from uuid import uuid4

import pytest
import trio

from server.domain.gate import MessageClass
from server.domain.messages import OutboxGrew, ThreadChanged, Waiting
from server.ports import CommandConflict, Enqueued, EnqueueResult, NoSuchThread, OptOutUnacknowledged
from tests.store.test_ledger_inbound import GAPS
from tests.store.world import BOB, World, later, mt


async def test_a_text_is_queued_told_and_shown(world: World) -> None:
    thread = (await world.receive()).thread_id
    queued = await world.send(thread, body="On my way")
    assert queued == Enqueued(thread, 2, again=False)
    page = await world.store.inbox.thread(1, 1, thread)
    assert page is not None
    shown = page.messages[-1]
    assert (shown.body, shown.state, shown.author) == ("On my way", "queued", "Dana")
    assert world.heard(ThreadChanged)[-1].events == (shown,)
    [row] = await world.queued()
    assert world.heard(OutboxGrew) == [OutboxGrew(frozenset({1}), (Waiting(row, 1, 1, 1),))]


async def test_what_is_told_of_new_work_is_what_a_look_would_find(world: World) -> None:
    one, two = (await world.receive()).thread_id, (await world.receive(from_=BOB)).thread_id
    await world.sql("UPDATE endpoint SET dest_carrier = 'T-Mobile' WHERE address = $1", BOB)
    texts = [mt(thread, segments=count) for thread, count in ((two, 3), (one, 1), (two, 2))]
    await world.store.ledger.enqueue_bulk([*texts, mt(one, klass=MessageClass.SEND_LATER, due_at=later(60)), mt(99)])
    await world.send(one, segments=2)
    told = [row for grew in world.heard(OutboxGrew) for row in grew.rows]
    found = await world.store.ledger.due(1, later(0), 10)
    assert [(row.outbox_id, row.number_id, row.lane, row.cost, row.dest_carrier) for row in told] == [
        (row.outbox_id, row.number_id, row.lane, row.cost, row.dest_carrier) for row in found
    ]
    assert [row.cost for row in told] == [3, 1, 2, 2]


async def test_twenty_equal_commands_at_once_are_one_text_with_one_answer(world: World) -> None:
    thread = (await world.receive()).thread_id
    command, results = mt(thread), list[EnqueueResult]()

    async def one() -> None:
        results.append(await world.store.ledger.enqueue_mt(command))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(one)
    assert sorted(r.again for r in results if isinstance(r, Enqueued)) == [False] + [True] * 19
    assert {r.seq for r in results if isinstance(r, Enqueued)} == {2}
    assert await world.value("SELECT count(*) FROM outbox") == 1


async def test_the_same_command_with_another_body_is_a_conflict(world: World) -> None:
    thread, cmd_id = (await world.receive()).thread_id, uuid4()
    await world.store.ledger.enqueue_mt(mt(thread, "one", cmd_id=cmd_id))
    assert await world.store.ledger.enqueue_mt(mt(thread, "two", cmd_id=cmd_id)) == CommandConflict()


async def test_the_same_command_racing_to_two_threads_is_taken_once(world: World) -> None:
    one, two = (await world.receive()).thread_id, (await world.receive(from_=BOB)).thread_id
    for _ in range(10):
        cmd_id, results = uuid4(), list[EnqueueResult]()

        async def send(thread: int, cmd_id: object = cmd_id, results: list[EnqueueResult] = results) -> None:
            results.append(await world.store.ledger.enqueue_mt(mt(thread, cmd_id=cmd_id)))  # type: ignore[arg-type]  # a UUID, bound early

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, one)
            nursery.start_soon(send, two)
        assert sorted(type(result).__name__ for result in results) == ["CommandConflict", "Enqueued"]


async def test_a_thread_of_nobody_or_of_another_workspace_is_not_there(world: World) -> None:
    thread = (await world.receive()).thread_id
    assert await world.store.ledger.enqueue_mt(mt(thread + 1)) == NoSuchThread()
    assert await world.store.ledger.enqueue_mt(mt(thread, workspace_id=2)) == NoSuchThread()
    assert await world.value("SELECT count(*) FROM command") == 0


async def test_a_reply_to_an_opted_out_contact_must_say_that_this_is_known(world: World) -> None:
    thread = (await world.stop()).thread_id
    assert await world.store.ledger.enqueue_mt(mt(thread)) == OptOutUnacknowledged()
    assert await world.value("SELECT count(*) FROM command") == 0
    await world.send(thread, acknowledged_opt_out=True)
    assert await world.value("SELECT action FROM audit") == "text_to_opted_out"
    assert await world.value("SELECT kind FROM consent_event ORDER BY id DESC LIMIT 1") == "acknowledged"


async def test_bulk_is_judged_one_by_one_in_one_commit(world: World) -> None:
    one, two = (await world.receive()).thread_id, (await world.stop(from_=BOB)).thread_id
    texts = [mt(one, f"{n}", klass=MessageClass.BULK) for n in range(5)]
    results = await world.store.ledger.enqueue_bulk([*texts, mt(two), mt(99)])
    assert [r.seq for r in results[:5] if isinstance(r, Enqueued)] == [2, 3, 4, 5, 6]
    assert list(results[5:]) == [OptOutUnacknowledged(), NoSuchThread()]
    assert await world.value("SELECT array_agg(DISTINCT lane) FROM outbox") == [2]
    assert not await world.sql(GAPS)


async def test_a_command_twice_in_one_batch_is_the_callers_mistake(world: World) -> None:
    with pytest.raises(ValueError, match="twice"):
        await world.store.ledger.enqueue_bulk([mt(1, cmd_id=(same := uuid4())), mt(1, cmd_id=same)])


async def test_a_text_for_later_is_not_due_yet(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread, klass=MessageClass.SEND_LATER, due_at=later(60))
    assert world.heard(OutboxGrew) == []
    assert await world.store.ledger.due(1, later(59), 10) == []
    assert [row.lane for row in await world.store.ledger.due(1, later(60), 10)] == [1]


async def test_due_rows_come_by_lane_then_time(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread, klass=MessageClass.BULK)
    await world.send(thread, due_at=later(-5))
    await world.send(thread, due_at=later(-9), segments=3)
    assert [(r.lane, r.cost) for r in await world.store.ledger.due(1, later(0), 10)] == [(1, 3), (1, 1), (2, 1)]
    assert await world.store.ledger.due(2, later(0), 10) == []


async def test_streams_that_are_left_out_hide_no_other(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.sql("INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'Spring', 'active')")
    await world.send(thread, klass=MessageClass.BULK)
    await world.send(thread, klass=MessageClass.BULK, campaign_id=1)
    await world.send(thread)
    streams = [row.stream for row in await world.store.ledger.due(1, later(0), 10)]
    assert len(set(streams)) == 3
    for left_out in streams:
        seen = [row.stream for row in await world.store.ledger.due(1, later(0), 10, [left_out])]
        assert seen == [stream for stream in streams if stream != left_out]
    assert await world.store.ledger.due(1, later(0), 10, streams) == []


async def test_a_text_of_a_campaign_bears_it_wherever_it_is_stored(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.sql("INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'Spring', 'active')")
    await world.send(thread, klass=MessageClass.BULK, campaign_id=1)
    assert await world.value("SELECT campaign_id FROM message WHERE direction = 'out'") == 1
    assert [row.campaign_id for row in await world.store.ledger.due(1, later(0), 10)] == [1]
