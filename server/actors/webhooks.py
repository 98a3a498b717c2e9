"""Posts events to other programs' webhooks: each at least once, under the same id however often it is tried.

The queue is in the database. A try is taken with a lease, so that one which ended with its server is made again by the
next; an endpoint that is slow or down holds up nobody else's. Of several servers one takes from it, under its term; a
try that it took before it lost that is settled all the same, by its number.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
import trio

from server.domain.shards import COURIER
from server.domain.webhooks import RETRIES_S, Again, Delivered, GivenUp, Gone, signatures, verdict
from server.killpoints import reach
from server.ports import StoreUnavailable
from server.ports.events import Answered, Event, HookQueue, Post, Poster
from server.ports.terms import Duty, alone

LOOK_EVERY_S: Final = 0.5
AT_ONCE: Final = 8  # to one endpoint, about
IN_FLIGHT: Final = 128  # to all of them

log = structlog.get_logger(__name__)


def body_of(event: Event) -> bytes:
    """What is posted: the same bytes in every try."""
    told = {"type": event.kind, "timestamp": event.at.astimezone(UTC).isoformat(), "seq": event.seq, "data": event.data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def message_id(post: Post) -> str:
    return f"msg_{post.delivery_id}"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long receivers are waited for, and how long after each try that failed comes the next."""

    answer_s: float = 15.0
    retries_s: Sequence[float] = RETRIES_S

    @property
    def lease_s(self) -> float:
        """After which nobody answers for a try any more."""
        return 2 * self.answer_s


class Courier:
    """*now* is the real time, which receivers compare with their own."""

    def __init__(
        self,
        queue: HookQueue,
        post: Poster,
        now: Callable[[], datetime],
        patience: Patience | None = None,
        holding: Duty = alone,
    ) -> None:
        self._queue, self._post, self._now, self._holding = queue, post, now, holding
        self._patience = patience or Patience()
        self._in_flight: Counter[int] = Counter()
        self._rung = trio.Event()

    def ring(self) -> None:
        """Deliveries were queued. Returns at once."""
        self._rung.set()

    async def run(self) -> None:
        try:
            await self._run()
        finally:
            with trio.move_on_after(1.0, shield=True):
                await self._post.aclose()

    async def _run(self) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                self._rung = trio.Event()
                try:
                    taken = await self._take(nursery)
                except StoreUnavailable:
                    log.warning("webhooks_wait")
                    await trio.sleep(1.0)
                    continue
                if taken < AT_ONCE:  # there were no more
                    with trio.move_on_after(LOOK_EVERY_S):
                        await self._rung.wait()

    async def _take(self, nursery: trio.Nursery) -> int:
        if self._in_flight.total() >= IN_FLIGHT:
            return 0
        busy = [endpoint_id for endpoint_id, posts in self._in_flight.items() if posts >= AT_ONCE]
        posts: Sequence[Post] = ()
        with self._holding(COURIER) as ours:
            if ours:
                posts = await self._queue.claim(AT_ONCE, busy, self._patience.lease_s)
        if posts:
            reach("hook_claimed")
        for post in posts:
            self._in_flight[post.endpoint_id] += 1
            nursery.start_soon(self._deliver, post)
        return len(posts)

    async def _deliver(self, post: Post) -> None:
        try:
            answered = await self._try(post)
            reach("hook_answered")
            await self._settle(post, answered)
            reach("hook_settled")
        except StoreUnavailable:
            log.warning("webhook_not_settled", delivery_id=post.delivery_id)  # its lease ends, and it is tried again
        finally:
            self._landed(post.endpoint_id)

    def _landed(self, endpoint_id: int) -> None:
        """A look for more is worth its turn at the database only where this one stood in the way of others."""
        if self._in_flight[endpoint_id] >= AT_ONCE or self._in_flight.total() >= IN_FLIGHT:
            self._rung.set()
        self._in_flight[endpoint_id] -= 1
        if not self._in_flight[endpoint_id]:
            del self._in_flight[endpoint_id]

    async def _try(self, post: Post) -> Answered:
        at, body = int(self._now().timestamp()), body_of(post.event)
        try:
            signed = signatures(post.secrets, message_id(post), at, body)
        except ValueError as error:
            return Answered(None, str(error))
        headers = [
            ("content-type", "application/json"),
            ("user-agent", "Threadline"),
            ("webhook-id", message_id(post)),
            ("webhook-timestamp", str(at)),
            ("webhook-signature", signed),
        ]
        with trio.move_on_after(self._patience.answer_s):
            return await self._post(post, body, headers)
        return Answered(None, f"No answer came within {self._patience.answer_s:g} seconds.")

    async def _settle(self, post: Post, answered: Answered) -> None:
        jitter = random.random()  # noqa: S311 - no secret
        match verdict(answered.status, post.tries, answered.retry_after_s, jitter, self._patience.retries_s):
            case Delivered():
                await self._queue.settle(post, answered, state="delivered", again_in_s=None)
            case Again(in_s=in_s):
                await self._queue.settle(post, answered, state="pending", again_in_s=in_s)
            case GivenUp():
                await self._queue.settle(post, answered, state="failed", again_in_s=None)
            case Gone(why=why):
                log.info("webhook_gone", endpoint_id=post.endpoint_id)
                await self._queue.gone(post, answered, why)
