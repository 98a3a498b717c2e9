"""T3 on a real database: what the gate lets through, and that no STOP, pause or successor is overtaken."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import trio

from server.domain.gate import MessageClass
from server.domain.messages import ThreadChanged
from server.ports import Authorised, Fenced, Granted, Refused, StoreUnavailable
from tests.store.world import ALICE, BOB, NOON, OUR_NUMBER, World, holding, later, mt

BULK = MessageClass.BULK


async def blocked_by(world: World, backend: asyncpg.Connection[asyncpg.Record]) -> None:
    """Until somebody waits for a lock that *backend* holds."""
    with trio.move_on_after(10):
        while not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await trio.lowlevel.checkpoint()
        assert not backend.is_closed()
        return
    raise AssertionError("nobody waits for it")


async def test_an_allowed_text_gets_its_attempt_before_it_leaves(world: World) -> None:
    thread = (await world.receive()).thread_id
    sent = await world.send(thread, body="Hi Alice", segments=2, expires_at=later(90))
    [left] = await world.authorise()
    assert (left.request.to, left.request.from_, left.request.body) == (ALICE, OUR_NUMBER, "Hi Alice")
    assert (left.cost, left.request.validity_s, left.klass) == (2, 90, MessageClass.PERSON)
    [attempt] = await world.sql("SELECT id, state, gen, limiter_epoch, slot_at FROM attempt")
    assert tuple(attempt) == (left.attempt_id, "authorised", world.gen, world.limiter_epoch, NOON)
    box = await world.box(thread, sent.seq)
    assert box is not None
    assert (box["state"], box["tries"]) == ("sending", 1)


async def test_rows_that_are_gone_taken_or_not_due_are_left_out(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread)
    await world.send(thread, due_at=later(60), klass=MessageClass.SEND_LATER)
    rows = await world.queued()
    assert len(await world.authorise(rows=[*rows, 999])) == 1
    assert await world.authorise(rows=rows) == []


async def test_two_nodes_granted_the_same_rows_send_each_once(world: World) -> None:
    thread = (await world.receive()).thread_id
    for _ in range(64):
        await world.send(thread)
    rows, taken = await world.queued(), list[Authorised]()

    async def claim() -> None:
        taken.extend(await world.authorise(rows=rows))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(claim)
    assert sorted(one.outbox_id for one in taken) == rows


@pytest.mark.parametrize(
    ("klass", "state", "reason"),
    [
        pytest.param(BULK, "blocked", "opted_out_meanwhile", id="bulk is blocked"),
        pytest.param(MessageClass.PERSON, "held", "opted_out_meanwhile", id="a person's waits for a person"),
        pytest.param(MessageClass.SEND_LATER, "blocked", "opted_out_meanwhile", id="a person's send-later is blocked"),
    ],
)
async def test_what_was_queued_before_a_stop(world: World, klass: MessageClass, state: str, reason: str) -> None:
    thread = (await world.receive()).thread_id
    sent = await world.send(thread, klass=klass)
    await world.stop()
    [answer] = await world.answers()
    assert isinstance(answer, Refused)
    assert await world.state(thread, sent.seq) == state
    change = world.heard(ThreadChanged)[-1].events[0]
    assert (change.ref, change.state, change.error_class, change.error_code) == (sent.seq, state, "gate", reason)
    box = await world.box(thread, sent.seq)
    assert (box and box["state"]) == ("held" if state == "held" else None)


async def test_a_start_does_not_revive_what_was_queued_before_the_stop(world: World) -> None:
    thread = (await world.receive()).thread_id
    sent = await world.send(thread, klass=BULK)
    await world.stop()
    await world.receive("START", keyword="START")
    assert await world.authorise() == []
    assert await world.state(thread, sent.seq) == "blocked"


async def test_an_expired_text_ends_as_expired(world: World) -> None:
    thread = (await world.receive()).thread_id
    sent = await world.send(thread, expires_at=later(-1))
    assert await world.authorise() == []
    assert await world.state(thread, sent.seq) == "expired"


@pytest.mark.parametrize(
    "breach",
    [
        pytest.param("UPDATE endpoint SET address = '+12125551234'", id="a number that may be somebody's"),
        pytest.param(
            "ALTER TABLE carrier_account DROP CONSTRAINT simulators_are_here,"
            " DROP CONSTRAINT simulations_use_simulators;"
            "UPDATE carrier_account SET base_url = 'https://api.twilio.com'",
            id="an account beyond this machine",
        ),
        pytest.param(
            "ALTER TABLE carrier_account DROP CONSTRAINT simulators_are_here,"
            " DROP CONSTRAINT simulations_use_simulators;"
            "UPDATE carrier_account SET kind = 'twilio'",
            id="an account of a real carrier",
        ),
    ],
)
async def test_a_demo_workspace_never_sends_to(world: World, breach: str) -> None:
    thread = (await world.receive()).thread_id
    sent = await world.send(thread)
    await world.store.call(lambda c: c.execute(breach))
    assert await world.authorise() == []
    assert await world.state(thread, sent.seq) == "blocked"


# Fences


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param("UPDATE node SET left_at = now()", id="the node left or died"),
        pytest.param("UPDATE node SET fenced_at = now()", id="its claims were taken over"),
        pytest.param("UPDATE node SET expires_at = clock_timestamp()", id="its lease ran out"),
        pytest.param("UPDATE limiter_authority SET epoch = epoch + 1", id="the limiter was handed over"),
        pytest.param("UPDATE limiter_authority SET not_before = now() + '1 min'", id="the limiter may not grant yet"),
        pytest.param(
            "UPDATE limiter_authority SET epoch = epoch + 1, gen = NULL, keeper = 'one'", id="it is shared by now"
        ),
    ],
)
async def test_a_fenced_node_sends_nothing_and_changes_nothing(world: World, loss: str) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread)
    await world.sql(loss)
    [row] = await world.queued()
    answer = await world.store.ledger.authorise([Granted(row, NOON)], world.gen, world.limiter_epoch, NOON)
    assert isinstance(answer, Fenced)
    assert await world.queued() == [row]


async def test_all_who_share_the_limiter_send_under_its_epoch(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread)
    await world.sql("UPDATE limiter_authority SET gen = NULL, keeper = 'one'")
    [row] = await world.queued()
    other = await world.store.fleet.join("other", "boot", 2, uuid4())
    answers = await world.store.ledger.authorise([Granted(row, NOON)], other.gen, world.limiter_epoch, NOON)
    assert not isinstance(answers, Fenced)
    assert [type(answer) for answer in answers] == [Authorised]


async def test_a_hand_over_waits_for_a_t3_under_the_old_epoch(world: World) -> None:
    await world.sql("UPDATE limiter_authority SET expires_at = '-infinity'")
    successor = await world.store.fleet.join("other", "boot", 2, uuid4())
    taken: list[Any] = []

    async def take() -> None:
        taken.append(await world.store.fleet.take_limiter(successor.gen, 10))

    t3_lock = "SELECT pg_advisory_xact_lock_shared(-1)"
    async with trio.open_nursery() as nursery, holding(world, t3_lock) as t3:
        nursery.start_soon(take)
        await blocked_by(world, t3)
        assert not taken
    [(epoch, _wait_s)] = taken
    assert epoch == world.limiter_epoch + 1


# STOP against T3

STOP = "UPDATE endpoint SET opted_out = true, consent_epoch = consent_epoch + 1"


async def test_a_t3_that_waits_for_a_stop_sees_it(world: World) -> None:
    """Stepped: the STOP holds the endpoint, T3 waits for it, and its gate reads what the STOP committed."""
    thread = (await world.receive()).thread_id
    await world.send(thread, klass=BULK)
    answers: list[Any] = []

    async def t3() -> None:
        answers.extend(await world.answers())

    async with holding(world, STOP) as stop, trio.open_nursery() as nursery:
        nursery.start_soon(t3)
        await blocked_by(world, stop)
        await world.store.bridge.call(lambda: stop.execute("COMMIT"))
    assert [type(answer) for answer in answers] == [Refused]


async def test_of_hundreds_of_races_no_bulk_text_is_authorised_after_a_stop(world: World) -> None:
    """Ordered by epochs: an attempt bears the endpoint's epoch, and one that bears the STOP's is a leak."""
    people = [f"+1202555{n:04}" for n in range(100, 200)]
    threads = {person: (await world.receive(from_=person)).thread_id for person in people}
    for _round in range(4):
        for thread in threads.values():
            await world.send(thread, klass=BULK)
        rows = await world.queued()

        async def stops() -> None:
            for person in people[:60]:
                await world.stop(from_=person)

        async def claims(rows: list[int] = rows) -> None:
            for start in range(0, len(rows), 10):
                await world.authorise(rows=rows[start : start + 10])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stops)
            nursery.start_soon(claims)
        leaks = "SELECT count(*) FROM attempt a JOIN endpoint e ON e.id = a.endpoint_id WHERE a.consent_epoch % 2 = 1"
        assert await world.value(leaks) == 0
        assert await world.value("SELECT count(*) FROM outbox WHERE state = 'queued'") == 0
        for person in people[:60]:
            await world.receive("START", from_=person, keyword="START")


async def test_threads_of_one_batch_in_any_order_never_deadlock_with_inbound(world: World) -> None:
    """T3 that holds and blocks, T1 with keywords and T2 cross on the same threads."""
    people = [f"+1202555{n:04}" for n in range(100, 112)]
    threads = [(await world.receive(from_=person)).thread_id for person in people]

    async def write(order: list[str]) -> None:
        for person in order * 6:
            await world.receive("STOP", from_=person, keyword="STOP")
            await world.receive("START", from_=person, keyword="START")

    async def send() -> None:
        for _ in range(15):
            for thread in threads:
                await world.store.ledger.enqueue_mt(mt(thread, klass=BULK))
            await world.authorise()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, people)
        nursery.start_soon(write, people[::-1])
        nursery.start_soon(send)
    assert await world.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0


# What a caller cannot know


async def test_attempts_of_a_t3_whose_caller_was_cut_off_go_back_to_the_queue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit went through, its answer did not: no worker has the attempt, so it must not stay authorised."""
    thread = (await world.receive()).thread_id
    sent = await world.send(thread)
    postgres = world.store._postgres
    whole = postgres.call

    async def cut_off(work: Any, **more: Any) -> Any:
        await whole(work, **more)
        raise StoreUnavailable("the answer to COMMIT was lost")

    monkeypatch.setattr(postgres, "call", cut_off)
    with pytest.raises(StoreUnavailable):
        await world.authorise(rows=[1])
    monkeypatch.undo()
    with trio.fail_after(60):
        while (box := await world.box(thread, sent.seq)) is None or box["state"] != "queued":
            await trio.lowlevel.checkpoint()
    assert await world.value("SELECT state FROM attempt") == "void"


async def test_campaigns_and_their_missing_rows(world: World) -> None:
    await world.sql("INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'Open house', 'paused')")
    thread = (await world.receive(from_=BOB)).thread_id
    sent = await world.send(thread, klass=BULK)
    await world.sql("UPDATE outbox SET campaign_id = 1")
    assert await world.authorise() == []
    assert await world.state(thread, sent.seq) == "held"


async def test_a_pause_that_was_committed_is_seen_by_a_t3_that_waited_for_it(world: World) -> None:
    await world.sql("INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'Open house', 'active')")
    thread = (await world.receive()).thread_id
    await world.send(thread, klass=BULK)
    await world.sql("UPDATE outbox SET campaign_id = 1")
    answers: list[Any] = []

    async def t3() -> None:
        answers.extend(await world.answers())

    pause = ("SELECT pg_advisory_xact_lock(1)", "UPDATE campaign SET state = 'paused'")
    async with holding(world, *pause) as pausing, trio.open_nursery() as nursery:
        nursery.start_soon(t3)
        await blocked_by(world, pausing)
        await world.store.bridge.call(lambda: pausing.execute("COMMIT"))
    assert [type(answer) for answer in answers] == [Refused]
