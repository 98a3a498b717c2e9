"""What a stop or a change of a campaign does to what is queued, and when whoever gave the command is answered."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import trio

from server.domain.carrier import Accepted
from server.domain.gate import MessageClass
from server.domain.messages import CampaignStopped
from server.ports import Voided
from server.ports.bulk import Addresses, BulkText, Launched
from server.store.campaigns import stops
from tests.store.world import ALICE, BOB, NOON, World, holding

AS_CAMPAIGN = "UPDATE campaign SET kind = 'campaign', plan = '{}'"
STATES = "SELECT state, round, thread_id FROM campaign_recipient ORDER BY ord"


async def running(world: World) -> int:
    """A campaign with a text to Alice and one to Bob in the outbox."""
    launched = await world.store.bulk.launch(BulkText(1, 1, Addresses((ALICE, BOB)), "Hi"), uuid4(), 2, NOON)
    assert isinstance(launched, Launched)
    await world.store.bulk_engine.advance(launched.bulk_id, NOON)
    await world.sql(AS_CAMPAIGN)
    return launched.bulk_id


async def requeue(world: World, campaign_id: int) -> CampaignStopped:
    return await world.store.call(lambda c: stops.requeue(c, campaign_id))


async def settle(world: World, stop: CampaignStopped) -> None:
    await stops.settled(world.store._postgres, world.told.extend, stop, NOON)


async def test_what_was_queued_before_a_stop_is_let_go_by_nobody_and_what_is_queued_after_it_is(world: World) -> None:
    campaign_id = await running(world)
    await requeue(world, campaign_id)
    assert await world.authorise() == []
    assert len(await world.queued()) == 2, "T3 leaves them as they are"
    thread = await world.value("SELECT min(thread_id) FROM outbox")
    await world.send(thread, klass=MessageClass.BULK, campaign_id=campaign_id)
    assert [one.campaign_id for one in await world.authorise()] == [campaign_id]


async def test_what_was_queued_is_taken_back_and_its_recipients_are_pending_in_another_round(world: World) -> None:
    campaign_id = await running(world)
    await settle(world, await requeue(world, campaign_id))
    assert await world.queued() == []
    assert [tuple(row) for row in await world.sql(STATES)] == [("pending", 1, None)] * 2
    assert [row["state"] for row in await world.sql("SELECT state FROM message")] == ["cancelled"] * 2
    assert world.heard(CampaignStopped) == [CampaignStopped(1, campaign_id, 2)]


async def test_what_was_held_is_taken_back_too(world: World) -> None:
    campaign_id = await running(world)
    await world.sql("UPDATE outbox SET state = 'held'")
    await settle(world, await requeue(world, campaign_id))
    assert [tuple(row) for row in await world.sql(STATES)] == [("pending", 1, None)] * 2


@pytest.mark.parametrize(
    "spared",
    [
        pytest.param("UPDATE outbox SET resends = 1", id="what may have left and goes on under its key"),
        pytest.param("UPDATE outbox SET klass = 'person'", id="what a person wrote to one of them"),
    ],
)
async def test_a_stop_leaves_alone(world: World, spared: str) -> None:
    campaign_id = await running(world)
    await world.sql(spared)
    await settle(world, await requeue(world, campaign_id))
    assert len(await world.queued()) == 2
    assert len(await world.authorise()) == 2


async def test_what_t3_let_go_stays_in_flight_and_is_taken_back_where_it_comes_back_unsent(world: World) -> None:
    campaign_id = await running(world)
    first, second = await world.authorise()
    await settle(world, await requeue(world, campaign_id))
    assert [row["state"] for row in await world.sql(STATES)] == ["in_flight"] * 2
    record = world.store.ledger.record_outcome
    await record(first.attempt_id, world.gen, Voided("its campaign was stopped or changed"), NOON)
    await record(second.attempt_id, world.gen, Accepted("SM2", "queued", 1), NOON)
    assert await world.authorise() == []
    await stops.take_back(world.store._postgres, world.told.extend, campaign_id, NOON)
    assert [tuple(row)[:2] for row in await world.sql(STATES)] == [("pending", 1), ("wired", 0)]


async def test_the_answer_waits_until_nothing_that_t3_let_go_can_leave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stops, "BULK_LEAVES_WITHIN_S", 3600.0)
    campaign_id = await running(world)
    one, two = await world.authorise()
    stop, answered = await requeue(world, campaign_id), trio.Event()
    looked = 0
    read = world.store._postgres.read

    async def counted(work: Any) -> Any:
        nonlocal looked
        looked += 1
        return await read(work)

    monkeypatch.setattr(world.store._postgres, "read", counted)

    async def answer() -> None:
        await settle(world, stop)
        answered.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        await world.store.ledger.record_outcome(one.attempt_id, world.gen, Voided("stopped"), NOON)
        looked = 0
        while looked < 2 and not answered.is_set():
            await trio.lowlevel.checkpoint()
        assert not answered.is_set()
        await world.store.ledger.record_outcome(two.attempt_id, world.gen, Accepted("SM2", "queued", 1), NOON)


async def test_the_answer_waits_no_longer_than_what_t3_let_go_may_take(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stops, "BULK_LEAVES_WITHIN_S", stops.ALLOWED_AFTER_S)
    campaign_id = await running(world)
    assert len(await world.authorise()) == 2
    await settle(world, await requeue(world, campaign_id))


async def test_a_stop_waits_for_a_t3_that_is_under_way(world: World) -> None:
    campaign_id, stopped = await running(world), trio.Event()

    async def stop() -> None:
        await requeue(world, campaign_id)
        stopped.set()

    async with trio.open_nursery() as nursery, holding(world, f"SELECT pg_advisory_xact_lock_shared({campaign_id})"):
        nursery.start_soon(stop)
        while not stopped.is_set() and not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await trio.lowlevel.checkpoint()
        assert not stopped.is_set()
