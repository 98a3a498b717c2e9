"""The book of leases in Redis: three scripts over one hash for each epoch, on Redis' own clock.

Each script looks at the process that runs it by itself, so a connection that has silently come out at another one, a
replica that was promoted, and a process that has read an older copy from its disk are all the same: another keeper.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import redis.asyncio as redis
import trio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server.domain.lease import SLOW_S
from server.ports.leases import Ask, BookAway, BookLost, Cuts
from server.store.bridge import Bridge

T = TypeVar("T")

_SCRIPTS: Final = Path(__file__).parent / "lua"


class RedisLeases:
    """`ports.leases.LeaseBook`. Made by `open_redis_leases`."""

    def __init__(self, bridge: Bridge, client: redis.Redis, prefix: str) -> None:
        self._bridge, self._prefix = bridge, prefix
        self._look, self._open, self._cut = (
            client.register_script((_SCRIPTS / f"{name}.lua").read_text("ascii")) for name in ("look", "open", "cut")
        )

    async def look(self) -> tuple[str, int]:
        keeper, now = await self._call(self._look)
        return keeper.decode("ascii"), now

    async def open(self, keeper: str, epoch: int, wait_us: int) -> None:
        told = await self._call(lambda: self._open(keys=[self._key(epoch)], args=[keeper, wait_us]))
        if told != b"opened":
            raise BookLost(f"no book can be opened: {told.decode('ascii')}")

    async def cut(self, keeper: str, epoch: int, asks: Sequence[Ask]) -> Cuts:
        args = [keeper, *(word for ask in asks for word in (ask.name, ask.length, ask.debt))]
        told, *values = await self._call(lambda: self._cut(keys=[self._key(epoch)], args=args))
        if told != b"cut":
            raise BookLost(told.decode("ascii"))
        return Cuts(values[0], values[1:])

    def _key(self, epoch: int) -> str:
        return f"{self._prefix}:limits:{epoch}"

    async def _call(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return await self._bridge.call(work)
        except (RedisError, OSError, asyncio.IncompleteReadError) as error:
            raise BookAway(f"Redis cannot be used now ({type(error).__name__}).") from error


@asynccontextmanager
async def open_redis_leases(bridge: Bridge, url: str, prefix: str) -> AsyncIterator[RedisLeases]:
    """The book at *url* under keys that begin with *prefix*; nothing is connected before it is used."""
    client = redis.Redis.from_url(
        url, socket_timeout=SLOW_S, socket_connect_timeout=SLOW_S, retry=Retry(NoBackoff(), 0), max_connections=2
    )
    try:
        yield RedisLeases(bridge, client, prefix)
    finally:
        with trio.CancelScope(shield=True), trio.move_on_after(SLOW_S):
            await bridge.call(client.aclose)
