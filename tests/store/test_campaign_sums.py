"""The sums of a campaign are those of its recipients, at every moment, whoever moves them and whoever folds."""

from __future__ import annotations

from random import Random
from typing import Any, Final
from uuid import uuid4

import pytest
import trio

from server.domain.carrier import Accepted, CarrierStatus, ErrorClass, Receipt, Rejected, Unknown
from server.ports import Authorised
from server.ports.bulk import CountDiffers
from server.store.bulk import engine as bulk_engine
from server.store.bulk import texts as bulk_module
from server.store.campaigns import queueing
from tests.store.campaigns import add_up
from tests.store.test_bulk import advance, launch, people, text
from tests.store.world import NOON, World, holding, later

FOLDS: Final = "SELECT fold_stats($1, 1, $2)"
DIFFERENCES: Final = "SELECT count(*) FROM campaign_stat_delta"
MINUTES: Final = """
SELECT coalesce(sum(wired), 0)::integer AS wired, coalesce(sum(delivered), 0)::integer AS delivered,
       coalesce(sum(failed), 0)::integer AS failed FROM campaign_minute
"""


async def outcome_of(world: World, one: Authorised, dice: Random) -> None:
    """T4, and in any order with it a receipt or more."""
    sid = f"SM{one.outbox_id}"
    answers = (Accepted(sid, "queued", 1),) * 4, (Rejected(ErrorClass.FILTERED, "30007", "No."), Unknown("reset"))
    answer = dice.choice([*answers[0], *answers[1]])
    statuses: tuple[CarrierStatus, ...] = ("sent", "delivered", "undelivered", "failed")
    said = [Receipt(sid, dice.choice(statuses), None, one.attempt_id, None, None) for _ in range(dice.randrange(3))]
    steps: list[Any] = [*said] if isinstance(answer, Rejected) and dice.random() < 0.5 else [answer, *said]
    dice.shuffle(steps)
    for step in steps:
        if isinstance(step, Receipt):
            await world.store.ledger.apply_receipt(1, step, NOON)
        else:
            await world.store.ledger.record_outcome(one.attempt_id, world.gen, step, later(dice.randrange(300)))


@pytest.mark.parametrize("seed", range(6))
async def test_the_sums_are_those_of_the_rows_after_every_step(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(bulk_engine, "CHUNK", 7)
    monkeypatch.setattr(bulk_module, "CHUNK", 7)
    dice = Random(seed)  # noqa: S311 - a test's order of events
    await world.sql("UPDATE number SET rate = 1000")
    ids = await people(world, 40)
    await world.sql("UPDATE endpoint SET opted_out = true WHERE id % 7 = 0")
    ours = [await launch(world, text(ids, word)) for word in ("Hi", "Hello {{first_name|there}} " + "and more " * 30)]
    await add_up(world)
    await world.sql("UPDATE endpoint SET held = true WHERE id % 11 = 0")
    open_: list[Authorised] = []
    for _ in range(30):
        move = dice.randrange(8)
        if move < 2:
            await world.store.bulk_engine.advance(dice.choice(ours), NOON)
        elif move < 4:
            queued = await world.queued()
            open_ += await world.authorise(rows=dice.sample(queued, min(len(queued), 6)))
        elif move < 6 and open_:
            await outcome_of(world, open_.pop(dice.randrange(len(open_))), dice)
        elif move == 6:
            await world.value(FOLDS, dice.choice(ours), dice.choice((1, 5, 1000)))
        elif open_ and dice.random() < 0.3:
            await world.store.ledger.give_up(open_.pop().attempt_id, NOON)
        await add_up(world)
    await world.store.bulk.recall(1, ours[0], 1, NOON)
    await add_up(world)
    for one in open_:
        await outcome_of(world, one, dice)
    for bulk_id in ours:
        while await world.value(FOLDS, bulk_id, 5):
            await add_up(world)
    rows = await add_up(world)
    assert await world.value(DIFFERENCES) == 0
    [minutes] = await world.sql(MINUTES)
    wired, delivered = (sum(row[name] for row in rows) for name in ("wired", "delivered"))
    failed = sum(row["undelivered"] + row["rejected"] for row in rows)
    assert tuple(minutes) == (wired, delivered, failed)
    assert wired > 0


async def test_the_sums_hold_while_servers_send_fold_and_recall(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 60)))
    await advance(world, bulk_id)  # some seconds of them
    seen, done = 0, False

    async def watch() -> None:
        nonlocal seen
        while not done:
            await add_up(world)
            seen += 1

    async def fold() -> None:
        while not done:
            await world.value(FOLDS, bulk_id, 3)

    async def carry_on() -> None:
        for one in await world.authorise():
            if one.outbox_id % 3:
                answer = Accepted(f"SM{one.outbox_id}", "queued", 1)
                await world.store.ledger.record_outcome(one.attempt_id, world.gen, answer, NOON)
        await advance(world, bulk_id)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        nursery.start_soon(fold)
        nursery.start_soon(fold)
        async with trio.open_nursery() as carrying:
            carrying.start_soon(carry_on)
            carrying.start_soon(carry_on)
        await world.store.bulk.recall(1, bulk_id, 1, NOON)
        done = True
    assert seen > 1
    while await world.value(FOLDS, bulk_id, 100):
        pass
    [row] = await add_up(world)
    assert row["wired"] > 0
    assert await world.value("SELECT to_jsonb(s) ->> 'wired' FROM campaign_stat s") == str(row["wired"])


async def test_a_transaction_that_moves_several_writes_one_row_of_differences_for_each_campaign(world: World) -> None:
    ids = await people(world, 6)
    ours = [await launch(world, text(ids[:3])), await launch(world, text(ids[3:]))]
    for bulk_id in ours:
        await advance(world, bulk_id)
    first = [one.attempt_id for one in await world.authorise()]
    await world.sql("DELETE FROM campaign_stat_delta")
    await world.sql(
        "SELECT settle_attempts($1, array_fill($2::bigint, '{6}'), array_fill('rejected'::text, '{6}'),"
        " NULL, NULL, NULL, NULL, NULL, NULL, array_fill($3::timestamptz, '{6}'))",
        first, world.gen, NOON,
    )  # fmt: skip
    rows = await world.sql("SELECT campaign_id, in_flight, rejected FROM campaign_stat_delta ORDER BY 1")
    assert [tuple(row) for row in rows] == [(bulk_id, -3, 3) for bulk_id in ours]


async def test_a_text_of_no_campaign_writes_no_differences(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread)
    [one] = await world.authorise()
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Accepted("SM1", "queued", 1), NOON)
    await world.store.ledger.apply_receipt(1, Receipt("SM1", "delivered", None, None, None), NOON)
    assert await world.value("SELECT count(*) FROM campaign_stat_delta") == 0


async def test_news_that_change_nothing_write_no_differences(world: World) -> None:
    await advance(world, await launch(world, text(await people(world, 1))))
    [one] = await world.authorise()
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Accepted("SM1", "queued", 1), NOON)
    before = await world.value(DIFFERENCES)
    await world.store.ledger.apply_receipt(1, Receipt("SM1", "sent", None, None, None), NOON)
    assert await world.value(DIFFERENCES) == before
    await add_up(world)


async def test_folding_waits_for_nobody(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 3)))
    async with holding(world, f"SELECT FROM campaign WHERE id = {bulk_id} FOR NO KEY UPDATE"):
        assert await world.value(FOLDS, bulk_id, 100) == 0
    assert await world.value(FOLDS, bulk_id, 100) > 0
    await add_up(world)


async def test_few_differences_are_left_as_they_are(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 3)))
    before = await world.value(DIFFERENCES)
    assert await world.store.bulk_engine.fold(bulk_id) is False
    assert await world.value(DIFFERENCES) == before > 0
    await world.sql(
        "INSERT INTO campaign_stat_delta (campaign_id, at) SELECT $1, now() FROM generate_series(1, $2)",
        bulk_id, queueing.FOLD_FROM,
    )  # fmt: skip
    assert await world.store.bulk_engine.fold(bulk_id) is False
    assert await world.value(DIFFERENCES) == 0
    await add_up(world)


async def test_a_snapshot_that_is_dropped_leaves_no_sums(world: World) -> None:
    given = text(await people(world, 3))
    assert isinstance(await world.store.bulk.launch(given, uuid4(), 2, NOON), CountDiffers)
    assert await world.value(DIFFERENCES) == 0
