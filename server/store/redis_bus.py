"""The bus over Redis' publish and subscribe: what one server says, all hear, or do not.

redis-py speaks asyncio, so it runs beyond the bridge. It tries nothing again by itself: a connection that was lost
means that something may have been missed, and whoever listens must know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import redis.asyncio as redis
import trio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server.ports.nodes import BusLost
from server.store.bridge import Bridge

T = TypeVar("T")

ANSWER_WITHIN_S: Final = 2.0


class RedisBus:
    """`ports.nodes.Bus`. Made by `open_redis_bus`."""

    def __init__(self, bridge: Bridge, client: redis.Redis, channel: str) -> None:
        self._bridge, self._client, self._channel = bridge, client, channel

    async def say(self, message: bytes) -> None:
        async def run() -> None:
            await self._client.publish(self._channel, message)

        await self._call(run)

    async def listen(self, heard: Callable[[bytes], None], silence_s: float) -> None:
        async def run() -> None:
            async with self._client.pubsub() as subscription:
                await subscription.subscribe(self._channel)
                while (told := await subscription.get_message(timeout=silence_s)) is not None:
                    if told["type"] == "message":
                        heard(told["data"])
            raise TimeoutError

        await self._call(run)

    async def _call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            return await self._bridge.call(work)
        except (RedisError, OSError, asyncio.IncompleteReadError) as error:
            raise BusLost(f"Redis cannot be used now ({type(error).__name__}).") from error


@asynccontextmanager
async def open_redis_bus(bridge: Bridge, url: str, channel: str) -> AsyncIterator[RedisBus]:
    """A bus at *url* on *channel*; nothing is connected before it is used."""
    client = redis.Redis.from_url(
        url,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
        max_connections=4,
    )
    try:
        yield RedisBus(bridge, client, channel)
    finally:
        with trio.CancelScope(shield=True), trio.move_on_after(ANSWER_WITHIN_S):
            await bridge.call(client.aclose)
