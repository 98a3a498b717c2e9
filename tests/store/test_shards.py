"""One server at a time has a shard, and a write under an older term is refused, whatever its server believes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import trio

from server.domain.shards import COURIER, LIFELINE, shard_of
from server.ports.terms import Term, TermOver, bearing
from tests.store.carried import Campaigns
from tests.store.test_bulk import until
from tests.store.world import NOON, World, holding

LEASE_S = 60.0


async def another(world: World) -> int:
    """A server more, and its generation."""
    return (await world.store.fleet.join("another host", str(uuid4()), 1, uuid4())).gen


async def keep(world: World, gen: int, *shards: str, lease_s: float = LEASE_S) -> dict[str, int]:
    return dict(await world.store.shards.keep(gen, shards, lease_s))


async def test_who_comes_first_has_it_and_keeps_its_term(world: World) -> None:
    other = await another(world)
    assert await keep(world, world.gen, LIFELINE, COURIER) == {LIFELINE: 1, COURIER: 1}
    assert await keep(world, other, LIFELINE, COURIER) == {}
    assert await keep(world, world.gen, LIFELINE, COURIER) == {LIFELINE: 1, COURIER: 1}


async def test_what_is_given_up_is_taken_under_the_next_term(world: World) -> None:
    other = await another(world)
    await keep(world, world.gen, LIFELINE, COURIER)
    assert await keep(world, world.gen, COURIER) == {COURIER: 1}
    assert await keep(world, other, LIFELINE, COURIER) == {LIFELINE: 2}


@pytest.mark.parametrize(
    ("ended", "its_own"),
    [
        pytest.param("UPDATE node SET left_at = now() WHERE gen = $1", {}, id="it ended"),
        pytest.param("UPDATE node SET fenced_at = now() WHERE gen = $1", {}, id="it was declared dead"),
        pytest.param("UPDATE node SET expires_at = now() WHERE gen = $1", {LIFELINE: 2}, id="it stands still"),
        pytest.param("UPDATE shard_lease SET expires_at = now() WHERE gen = $1", {LIFELINE: 2}, id="its lease ran out"),
    ],
)
@pytest.mark.parametrize("first", ["another", "itself"])
async def test_whose_holder_is_gone_is_taken_under_the_next_term(
    world: World, ended: str, its_own: dict[str, int], first: str
) -> None:
    other = await another(world)
    await keep(world, world.gen, LIFELINE)
    await world.sql(ended, world.gen)
    if first == "itself":
        assert await keep(world, world.gen, LIFELINE) in (its_own, {LIFELINE: 1})
        return
    assert await keep(world, other, LIFELINE) == {LIFELINE: 2}
    assert await keep(world, world.gen, LIFELINE) == {}


async def test_of_twenty_who_want_it_at_once_one_gets_it(world: World) -> None:
    gens = [await another(world) for _ in range(20)]
    got: list[dict[str, int]] = []

    async def take(gen: int) -> None:
        got.append(await keep(world, gen, LIFELINE))

    async with trio.open_nursery() as nursery:
        for gen in gens:
            nursery.start_soon(take, gen)
    assert [one for one in got if one] == [{LIFELINE: 1}]


# Fencing


async def is_refused(term: Term, write: Awaitable[Any]) -> bool:
    """Whether *write* is, under *term*."""
    try:
        with bearing(term):
            await write
    except TermOver:
        return True
    return False


def counted(execute: Any, turns: list[str]) -> Any:
    async def run(self: Any, query: str, *given: Any, **more: Any) -> Any:
        turns.append(query)
        return await execute(self, query, *given, **more)

    return run


Write = Callable[[World], Awaitable[Any]]
WRITES = [
    pytest.param(LIFELINE, lambda w: w.store.ledger.expire_due(NOON, 10), id="validity"),
    pytest.param(LIFELINE, lambda w: w.store.ledger.join_early_receipts(), id="early receipts"),
    pytest.param(LIFELINE, lambda w: w.store.ledger.climb(uuid4(), 0, NOON), id="a rung of the ladder"),
    pytest.param(LIFELINE, lambda w: w.store.ledger.give_up(uuid4(), NOON), id="the end of the ladder"),
    pytest.param(LIFELINE, lambda w: w.store.ledger.resend(uuid4(), NOON, NOON), id="the same key again"),
    pytest.param(LIFELINE, lambda w: w.store.ledger.note_sweep(1, NOON), id="how far was swept"),
    pytest.param(COURIER, lambda w: w.store.hooks.claim(8, [], 30.0), id="a webhook's try"),
]


@pytest.mark.parametrize(("shard", "write"), WRITES)
async def test_a_write_under_an_older_term_is_refused(world: World, shard: str, write: Write) -> None:
    old = Term(shard, (await keep(world, world.gen, shard))[shard])
    assert not await is_refused(old, write(world))
    await keep(world, world.gen)
    assert await keep(world, await another(world), shard) == {shard: 2}
    assert await is_refused(old, write(world))
    await write(world)  # whose term is not asked for


async def test_a_webhooks_try_under_an_older_term_takes_nothing_and_under_the_newest_what_there_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one turn at the database: the statement that takes looks at the term itself."""
    old = Term(COURIER, (await keep(world, world.gen, COURIER))[COURIER])
    await world.store.hooks.add(1, 1, "http://127.0.0.1:9/hook", ("message.received",), "whsec_AAAA")
    await world.receive()
    assert len(await world.store.events.number(10)) == 1
    await keep(world, world.gen)
    other = await another(world)
    new = Term(COURIER, (await keep(world, other, COURIER))[COURIER])
    assert await is_refused(old, world.store.hooks.claim(8, [], 30.0))
    assert await world.value("SELECT sum(tries) FROM webhook_delivery") == 0
    turns: list[str] = []
    for name in ("execute", "_execute"):  # BEGIN and COMMIT, and what has values
        monkeypatch.setattr(asyncpg.Connection, name, counted(vars(asyncpg.Connection)[name], turns))
    with bearing(new):
        assert [post.tries for post in await world.store.hooks.claim(8, [], 30.0)] == [1]
        assert await world.store.hooks.claim(8, [], 30.0) == []
    assert len(turns) == 2


async def test_who_was_declared_dead_writes_nothing_even_before_another_has_it(world: World) -> None:
    term = Term(LIFELINE, (await keep(world, world.gen, LIFELINE))[LIFELINE])
    await world.sql("UPDATE node SET fenced_at = now() WHERE gen = $1", world.gen)
    assert await is_refused(term, world.store.ledger.expire_due(NOON, 10))


async def test_a_server_that_stood_still_queues_nothing_of_a_campaign_that_another_carries_on(world: World) -> None:
    it = Campaigns(world)
    campaign_id = await it.launched()
    shard = shard_of(campaign_id)
    term = Term(shard, (await keep(world, world.gen, shard))[shard])
    await world.sql("UPDATE node SET expires_at = now() WHERE gen = $1", world.gen)  # it stands still
    assert await keep(world, await another(world), shard) == {shard: 2}
    assert await is_refused(term, world.store.campaign_engine.advance(campaign_id, NOON)), "it goes on"
    assert await world.value("SELECT count(*) FROM outbox") == 0
    await it.advance(campaign_id)
    assert await world.value("SELECT count(*) FROM outbox") > 0


async def test_it_changes_hands_once_what_was_begun_under_the_old_term_is_over(world: World) -> None:
    term = (await keep(world, world.gen, LIFELINE))[LIFELINE]
    other, got = await another(world), []

    async def take() -> None:
        got.append(await keep(world, other, LIFELINE))

    async with trio.open_nursery() as nursery, holding(world, f"SELECT bears_term('{LIFELINE}', {term})"):
        await world.sql("UPDATE node SET left_at = now() WHERE gen = $1", world.gen)
        nursery.start_soon(take)
        with trio.move_on_after(10):  # it takes it at once, where it does not wait
            await until(world, "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        assert got == []
    assert got == [{LIFELINE: 2}]
