"""How often the courier asks for work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.webhooks import AT_ONCE, Courier
from server.ports.events import Answered, Event, HookQueue, Post, Poster

AT = datetime(2026, 3, 10, 16, tzinfo=UTC)


class Queue:
    """`waiting` deliveries, each to an endpoint of its own; `claims` is how many each look took."""

    def __init__(self) -> None:
        self.waiting, self.claims, self.settled = 0, list[int](), 0

    async def claim(self, limit: int, busy: Sequence[int], lease_s: float) -> Sequence[Post]:
        await trio.lowlevel.checkpoint()
        taken = min(limit, self.waiting)
        first, self.waiting = self.waiting, self.waiting - taken
        self.claims.append(taken)
        event = Event(1, 1, "message.received", {}, AT)
        return [Post(first - n, first - n, 1, "http://127.0.0.1:1/", True, [], event) for n in range(taken)]

    async def settle(self, *_: Any, **__: Any) -> None:
        self.settled += 1


class Posting:
    async def __call__(self, *_: Any) -> Answered:
        return Answered(204, None)

    async def aclose(self) -> None:
        pass


async def test_who_took_all_there_was_does_not_look_again_until_it_is_rung(autojump_clock: MockClock) -> None:
    queue = Queue()
    courier = Courier(cast("HookQueue", queue), cast("Poster", Posting()), lambda: AT)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(courier.run)
        await wait_all_tasks_blocked()
        queue.claims.clear()
        queue.waiting = AT_ONCE - 1
        courier.ring()
        await wait_all_tasks_blocked()
        assert queue.claims == [AT_ONCE - 1]
        queue.waiting = 2 * AT_ONCE + 1
        courier.ring()
        await wait_all_tasks_blocked()
        assert queue.claims[1:] == [AT_ONCE, AT_ONCE, 1]
        assert queue.settled == 3 * AT_ONCE
        nursery.cancel_scope.cancel()
