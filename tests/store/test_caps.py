"""Caps on a real database: what counts, that a batch counts its own rows, and that no two T3 pass one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import trio

from server.domain.carrier import Accepted, ErrorClass, NotSent, Rejected, Throttled, Unknown
from server.domain.gate import MessageClass
from server.ports import AttemptOutcome, Voided
from tests.store.world import ALICE, BOB, NOON, World, later

BULK = MessageClass.BULK
DAY_S = 24 * 3600.0


async def cap(world: World, texts: int, window: timedelta = timedelta(days=1)) -> None:
    await world.sql("UPDATE workspace SET bulk_cap_texts = $1, bulk_cap_window = $2", texts, window)


async def bulk(world: World, texts: int, *, to: str = ALICE, thread: int | None = None) -> int:
    """Queue them; the thread."""
    thread = (await world.receive(from_=to)).thread_id if thread is None else thread
    for _ in range(texts):
        await world.send(thread, klass=BULK)
    return thread


async def waiting(world: World) -> list[tuple[str, datetime, str]]:
    rows = await world.sql("SELECT state, due_at, reason FROM outbox WHERE state <> 'sending' ORDER BY id")
    return [(row["state"], row["due_at"], row["reason"]) for row in rows]


async def test_a_batch_counts_its_own_rows(world: World) -> None:
    await cap(world, 2)
    await bulk(world, 5)
    await bulk(world, 1, to=BOB)
    assert len(await world.authorise()) == 3
    assert await waiting(world) == [("queued", later(DAY_S), "cap_reached")] * 3


async def test_a_later_batch_counts_what_left_before_it(world: World) -> None:
    await cap(world, 2)
    thread = await bulk(world, 1)
    assert len(await world.authorise()) == 1
    await bulk(world, 3, thread=thread)
    assert len(await world.authorise(now=later(60))) == 1
    assert await waiting(world) == [("queued", later(DAY_S), "cap_reached")] * 2


async def test_what_waits_for_a_cap_leaves_when_it_resets(world: World) -> None:
    await cap(world, 1)
    await bulk(world, 2)
    assert len(await world.authorise()) == 1
    assert await world.authorise(now=later(DAY_S - 1)) == []
    assert len(await world.authorise(now=later(DAY_S))) == 1


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        pytest.param(None, True, id="authorised and nothing more is known"),
        pytest.param(Accepted("SM1", "queued", 1), True, id="accepted"),
        pytest.param(Unknown("reset"), True, id="unknown"),
        pytest.param(Rejected(ErrorClass.FILTERED, "30007", "No."), False, id="rejected"),
        pytest.param(Throttled(None, "429"), False, id="throttled"),
        pytest.param(NotSent("refused"), False, id="not sent"),
        pytest.param(Voided("late"), False, id="void"),
    ],
)
async def test_what_may_have_left_counts(world: World, outcome: AttemptOutcome | None, counts: bool) -> None:
    await cap(world, 1)
    thread = await bulk(world, 1)
    [one] = await world.authorise()
    if outcome is not None:
        assert await world.store.ledger.record_outcome(one.attempt_id, world.gen, outcome, NOON)
    await world.sql("DELETE FROM outbox")  # what goes back to the queue is not the question here
    await bulk(world, 1, thread=thread)
    assert len(await world.authorise(now=later(120))) == (0 if counts else 1)


async def test_what_nobody_could_confirm_counts(world: World) -> None:
    await cap(world, 1)
    thread = await bulk(world, 1)
    [one] = await world.authorise()
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Unknown("reset"), NOON)
    await world.store.ledger.give_up(one.attempt_id, NOON)
    await bulk(world, 1, thread=thread)
    assert await world.authorise(now=later(120)) == []


async def test_a_rejected_text_of_the_same_batch_makes_room_again(world: World) -> None:
    await cap(world, 1)
    await bulk(world, 2)
    [one] = await world.authorise()
    refused = Rejected(ErrorClass.FILTERED, "30007", "No.")
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, refused, NOON)
    assert len(await world.authorise(now=later(DAY_S))) == 1


@pytest.mark.parametrize("klass", [MessageClass.PERSON, MessageClass.SEND_LATER, MessageClass.KEYWORD_ANSWER])
async def test_other_texts_neither_count_nor_wait(world: World, klass: MessageClass) -> None:
    await cap(world, 1)
    thread = (await world.receive()).thread_id
    for _ in range(3):
        await world.send(thread, klass=klass)
    await bulk(world, 1, thread=thread)
    assert len(await world.authorise()) == 4
    await world.send(thread, klass=klass)
    assert len(await world.authorise()) == 1


async def test_a_cap_is_the_workspaces_own(world: World) -> None:
    await bulk(world, 5)
    assert len(await world.authorise()) == 5


@pytest.mark.parametrize("cap_of", [1, 2])
async def test_of_two_t3_at_once_on_one_recipient_exactly_the_cap_leaves(world: World, cap_of: int) -> None:
    """Two campaigns, two claimers: each T3 sees what the other committed, since both lock the recipient first."""
    await world.sql("INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'A', 'active'), (1, 'B', 'active')")
    await cap(world, cap_of)
    for n in range(10):
        await world.store.fleet.beat(world.gen, 60.0)
        thread = await bulk(world, 6, to=f"+1202555{100 + n:04}")
        await world.sql("UPDATE outbox SET campaign_id = 1 + id % 2 WHERE thread_id = $1", thread)
        rows, left = await world.queued(), list[Any]()
        rows = [row for row in rows if row in await _of(world, thread)]

        async def t3(mine: Sequence[int], left: list[Any] = left) -> None:
            left.extend(await world.authorise(rows=mine))

        async with trio.open_nursery() as nursery:
            for share in (rows[::3], rows[1::3], rows[2::3]):
                nursery.start_soon(t3, share)
        assert len(left) == cap_of
    assert await world.value("SELECT count(*) FROM attempt") == 10 * cap_of


async def _of(world: World, thread: int) -> set[int]:
    return {row["id"] for row in await world.sql("SELECT id FROM outbox WHERE thread_id = $1", thread)}


async def test_the_look_back_is_carried_by_an_index(world: World) -> None:
    await cap(world, 3)
    await bulk(world, 3)
    assert len(await world.authorise()) == 3
    await world.sql("ANALYZE attempt")
    plan = await world.store.call(_plan)
    assert "attempt_capped" in plan, plan


async def _plan(connection: Any) -> str:
    await connection.execute("SET LOCAL enable_seqscan = off")
    rows = await connection.fetch(
        """EXPLAIN SELECT t.slot_at FROM attempt t WHERE t.endpoint_id = 1 AND t.klass = 'bulk'
           AND t.state IN ('authorised', 'accepted', 'unknown', 'unconfirmed') AND t.slot_at > now() - interval '1 day'
           ORDER BY t.slot_at DESC LIMIT 3"""
    )
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param("bulk_cap_texts = 3, bulk_cap_window = NULL", id="no window"),
        pytest.param("bulk_cap_texts = 0, bulk_cap_window = '1 day'", id="no text at all"),
        pytest.param("bulk_cap_texts = 3, bulk_cap_window = '-1 day'", id="a window that ends before it begins"),
    ],
)
async def test_half_a_cap_is_refused(world: World, columns: str) -> None:
    with pytest.raises(Exception, match=r"bulk_cap|workspace_check"):
        await world.sql(f"UPDATE workspace SET {columns}")  # noqa: S608 - a constant of this file
