"""The book of leases in a real server of Redis' protocol: as its model has it, and refused where it is not the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis.asyncio as redis

from server.app.valkey import Valkey
from server.domain.lease import MICRO
from server.ports.leases import Ask, BookAway, BookLost, Cuts
from server.store.bridge import Bridge, open_bridge
from server.store.redis_leases import RedisLeases, open_redis_leases
from tests.rate.leased_world import Book

pytestmark = pytest.mark.integration

EPOCH = 7


@asynccontextmanager
async def a_book(folder: Path) -> AsyncIterator[tuple[RedisLeases, Valkey, Bridge]]:
    valkey = Valkey(folder)
    await valkey.start()
    try:
        async with open_bridge() as bridge, open_redis_leases(bridge, valkey.url, "test") as book:
            yield book, valkey, bridge
    finally:
        await valkey.stop()


async def tell(bridge: Bridge, valkey: Valkey, *words: str) -> Any:
    async def run() -> Any:
        async with redis.Redis.from_url(valkey.url) as client:
            return await client.execute_command(*words)  # type: ignore[no-untyped-call]  # of redis-py

    return await bridge.call(run)


async def test_the_script_and_its_model_give_the_same_stretches(tmp_path: Path) -> None:
    random = Random(3)  # noqa: S311 - chance, not a secret
    async with a_book(tmp_path) as (book, valkey, bridge):
        keeper, before = await book.look()
        await book.open(keeper, EPOCH, 50_000)
        opened = int(await tell(bridge, valkey, "HGET", f"test:limits:{EPOCH}", "opened"))
        assert before + 50_000 <= opened <= (await book.look())[1] + 50_000
        model = Book(opened)
        for _ in range(200):
            asks = [
                Ask(random.choice(("account:1:", "number:2:", "registration:3:at t")), random.randint(1, 5_000), debt)
                for debt in random.choices((0, 700, 90_000), k=random.randint(0, 4))
            ]
            cuts = await book.cut(keeper, EPOCH, asks)
            assert model.cut(cuts.now, asks) == cuts


@pytest.mark.parametrize("how", ["flushed", "deleted", "of another epoch", "of another keeper", "its clock went back"])
async def test_a_book_that_is_not_the_one_that_was_opened_gives_nothing(tmp_path: Path, how: str) -> None:
    async with a_book(tmp_path) as (book, valkey, bridge):
        keeper, now = await book.look()
        await book.open(keeper, EPOCH, 0)
        epoch = EPOCH
        if how == "flushed":
            await tell(bridge, valkey, "FLUSHALL")
        elif how == "deleted":
            await tell(bridge, valkey, "DEL", f"test:limits:{EPOCH}")
        elif how == "of another epoch":
            epoch = EPOCH + 1
        elif how == "of another keeper":
            keeper = "0" * 40
        else:
            await tell(bridge, valkey, "HSET", f"test:limits:{EPOCH}", "last", str(now + 60 * MICRO))
        given: Cuts | None = None
        with suppress(BookLost):
            given = await book.cut(keeper, epoch, [Ask("account:1:", 1, 1)])
    assert given is None


async def test_a_book_is_opened_once_for_each_epoch(tmp_path: Path) -> None:
    async with a_book(tmp_path) as (book, _, _):
        keeper, _ = await book.look()
        await book.open(keeper, EPOCH, 0)
        with pytest.raises(BookLost):
            await book.open(keeper, EPOCH, 0)
        with pytest.raises(BookLost):
            await book.open("0" * 40, EPOCH + 1, 0)


async def test_a_keeper_that_was_started_again_is_another(tmp_path: Path) -> None:
    async with a_book(tmp_path) as (book, valkey, _):
        keeper, _ = await book.look()
        await book.open(keeper, EPOCH, 0)
        await valkey.stop()
        with pytest.raises(BookAway):
            await book.look()
        await valkey.start()
        assert (await book.look())[0] != keeper
        with pytest.raises(BookLost):
            await book.cut(keeper, EPOCH, [])
