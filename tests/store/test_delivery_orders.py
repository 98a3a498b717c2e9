"""Answers, receipts and doubts in any order and number, through the real functions: the lattice says what is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Final
from uuid import uuid4

import trio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from server.domain.carrier import Accepted, CarrierStatus, Receipt, Unknown
from server.domain.delivery import State, advance, reported
from server.ports import Authorised
from server.store.options import StoreOptions
from server.store.store import open_store
from tests.store.test_ledger_inbound import GAPS
from tests.store.world import LADDER_S, NOON, SEED, World

TEXTS: Final = 12
AT_ONCE: Final = 6  # news that are given together share a commit, or cross
STATUSES: Final[Sequence[CarrierStatus]] = (
    "queued",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "cancelled",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class News:
    """A receipt with or without our token; or, without a status, our own word on it: what the answer was."""

    status: CarrierStatus | None
    token: bool = False
    word: str = ""


RECEIPT = st.builds(News, st.sampled_from(STATUSES), st.booleans())
ANSWER = st.sampled_from(["accepted", "unknown", "unknown, then given up", "none"]).map(lambda w: News(None, word=w))


@st.composite
def histories(draw: st.DrawFn) -> list[News]:
    """What is heard of one text, in the order in which it comes: one answer, and receipts, some of them repeated."""
    receipts = draw(st.lists(RECEIPT, max_size=5))
    repeated = draw(st.lists(st.sampled_from(receipts), max_size=3)) if receipts else []
    news: list[News] = draw(st.permutations([*receipts, *repeated, draw(ANSWER)]))
    return news


def shown(history: Sequence[News]) -> State:
    """By the lattice alone: what proves that the carrier has it makes all its receipts count."""
    told = [one for one in history if one.status is not None]
    words = {one.word for one in history if one.status is None}
    state = State.UNCONFIRMED if "unknown, then given up" in words else State.QUEUED
    if "accepted" in words or any(one.token for one in told):
        for one in told:
            # a word that is new to us proves no more, with our token, than that the carrier has it
            proves = reported(one.status or "") or (State.SENT if one.token else None)
            state = advance(state, proves) if proves else state
        state = advance(state, State.SENT) if "accepted" in words else state
    return state


async def hear(world: World, mt: Authorised, sid: str, news: News) -> None:
    ledger = world.store.ledger
    if news.status is not None:
        receipt = Receipt(sid, news.status, attempt_id=mt.attempt_id if news.token else None)
        await ledger.apply_receipt(1, receipt, NOON)
    elif news.word == "accepted":
        await ledger.record_outcome(mt.attempt_id, world.gen, Accepted(sid, "queued", 1), NOON)
    elif news.word.startswith("unknown"):
        await ledger.record_outcome(mt.attempt_id, world.gen, Unknown("reset"), NOON)
        if news.word.endswith("given up"):
            await ledger.give_up(mt.attempt_id, NOON)


@settings(
    max_examples=5,
    deadline=None,
    phases=(Phase.generate,),  # shrinking through a database takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stories=st.lists(histories(), min_size=TEXTS, max_size=TEXTS), chance=st.randoms(use_true_random=False))
async def test_any_order_and_number_of_news_ends_where_the_lattice_says(
    dsn: str, stories: list[list[News]], chance: Random
) -> None:
    async with one_of_many(dsn) as world:
        await play(world, stories, chance)


@asynccontextmanager
async def one_of_many(dsn: str) -> AsyncIterator[World]:
    """The same database serves all examples; each has its own texts."""
    async with open_store(dsn, options=StoreOptions(ladder_s=LADDER_S, wall=lambda: NOON)) as store:
        world = World(store, dsn)
        if not await world.value("SELECT count(*) FROM workspace"):
            await store.call(lambda c: c.execute(SEED))
        else:
            await world.sql("UPDATE node SET left_at = clock_timestamp()")
        await world.take_office()
        yield world


async def play(world: World, stories: Sequence[Sequence[News]], chance: Random) -> None:
    thread = (await world.receive()).thread_id
    seqs = [(await world.send(thread)).seq for _ in stories]
    rows = [row["id"] for row in await world.sql("SELECT id FROM outbox WHERE seq >= $1 ORDER BY id", seqs[0])]
    mts = await world.authorise(rows=rows)
    sids = [f"SM-{uuid4()}" for _ in stories]
    waiting = [(n, list(story)) for n, story in enumerate(stories)]
    while waiting:
        together = chance.sample(waiting, min(AT_ONCE, len(waiting)))
        async with trio.open_nursery() as nursery:
            for n, story in together:
                nursery.start_soon(hear, world, mts[n], sids[n], story.pop(0))
        if chance.random() < 0.2:
            await world.store.ledger.join_early_receipts()
        waiting = [(n, story) for n, story in waiting if story]
    await world.store.ledger.join_early_receipts()
    assert [await world.state(thread, seq) for seq in seqs] == [shown(story).value for story in stories]
    assert not await world.sql(GAPS)


async def test_a_missing_receipt_is_no_failure(world: World) -> None:
    thread = (await world.receive()).thread_id
    seq = (await world.send(thread)).seq
    [mt] = await world.authorise()
    await hear(world, mt, "SM-silent", News(None, word="accepted"))
    await world.store.ledger.join_early_receipts()
    assert await world.store.ledger.expire_due(NOON.replace(year=NOON.year + 1), 100) == 0
    assert await world.state(thread, seq) == "sent"
