"""The bus over a real server of Redis' protocol, on the stepped loop: killed, back again, flushed, silent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from server.app.valkey import Valkey
from server.ports.nodes import BusLost
from server.store.bridge import open_bridge
from server.store.redis_bus import RedisBus, open_redis_bus

pytestmark = pytest.mark.integration

WITHIN_S = 60.0


@asynccontextmanager
async def redis(folder: Path) -> AsyncIterator[Valkey]:
    valkey = Valkey(folder)
    await valkey.start()
    try:
        yield valkey
    finally:
        await valkey.stop()


class Ear:
    """Listens until the bus is lost."""

    def __init__(self, bus: RedisBus, silence_s: float = WITHIN_S) -> None:
        self.heard: list[bytes] = []
        self.lost = trio.Event()
        self._bus, self._silence_s = bus, silence_s
        self._some = trio.Event()

    async def run(self) -> None:
        with pytest.raises(BusLost):
            await self._bus.listen(self._hear, self._silence_s)
        self.lost.set()

    def _hear(self, message: bytes) -> None:
        self.heard.append(message)
        self._some.set()

    async def hears(self, message: bytes) -> None:
        with trio.fail_after(WITHIN_S):
            while message not in self.heard:
                self._some = trio.Event()
                await self._some.wait()

    async def joins(self) -> None:
        """Until what is said is heard: nothing is kept for who comes later."""
        with trio.fail_after(WITHIN_S):
            while not self.heard:
                await self._bus.say(b"hello")
                await trio.sleep(0.01)


async def test_all_hear_what_one_says_and_in_order(tmp_path: Path) -> None:
    async with (
        redis(tmp_path) as valkey,
        open_bridge() as bridge,
        open_redis_bus(bridge, valkey.url, "here") as one,
        open_redis_bus(bridge, valkey.url, "here") as two,
        open_redis_bus(bridge, valkey.url, "elsewhere") as three,
        trio.open_nursery() as nursery,
    ):
        ears = [Ear(one), Ear(two), Ear(three)]
        for ear, bus in zip(ears, (one, two, three), strict=True):
            nursery.start_soon(ear.run)
            assert ear._bus is bus
            await ear.joins()
        for ear in ears:
            ear.heard.clear()
        for n in range(200):
            await one.say(b"%d" % n)
        await three.say(b"last")
        await ears[1].hears(b"199")
        await ears[2].hears(b"last")
        assert ears[1].heard == [b"%d" % n for n in range(200)]
        assert ears[2].heard == [b"last"]
        nursery.cancel_scope.cancel()


async def test_who_listens_hears_of_the_end_and_again_of_a_new_one(tmp_path: Path) -> None:
    async with (
        redis(tmp_path) as valkey,
        open_bridge() as bridge,
        open_redis_bus(bridge, valkey.url, "here") as bus,
        trio.open_nursery() as nursery,
    ):
        ear = Ear(bus)
        nursery.start_soon(ear.run)
        await ear.joins()
        valkey.kill()
        with trio.fail_after(WITHIN_S):
            await ear.lost.wait()
        with pytest.raises(BusLost):
            await bus.say(b"to nobody")
        await valkey.stop()
        await valkey.start()
        again = Ear(bus)
        nursery.start_soon(again.run)
        await again.joins()
        nursery.cancel_scope.cancel()


async def test_silence_is_a_loss(tmp_path: Path) -> None:
    async with redis(tmp_path) as valkey, open_bridge() as bridge, open_redis_bus(bridge, valkey.url, "here") as bus:
        ear = Ear(bus, silence_s=0.05)
        with trio.fail_after(WITHIN_S):
            await ear.run()
        assert ear.heard == []


async def test_nobody_there_is_told_as_such(tmp_path: Path) -> None:
    async with open_bridge() as bridge, open_redis_bus(bridge, f"unix://{tmp_path}/none.sock", "here") as bus:
        with pytest.raises(BusLost):
            await bus.say(b"hello")
        with pytest.raises(BusLost):
            await bus.listen(lambda _: None, 1.0)


async def test_who_listens_can_be_cancelled(tmp_path: Path) -> None:
    async with (
        redis(tmp_path) as valkey,
        open_bridge() as bridge,
        open_redis_bus(bridge, valkey.url, "here") as bus,
        trio.open_nursery() as nursery,
    ):
        ear = Ear(bus)
        with trio.CancelScope() as scope:
            nursery.start_soon(ear.run)
            await ear.joins()
            scope.cancel()
        nursery.cancel_scope.cancel()
    assert not bridge._open
