"""Freezes the server that sends, with a text between T3 and T4, until a second one has taken over; then it goes on.

Both keep their journals in one folder, as after a restart that left the old server behind: so the second one reads the
marks of the first, and what bears none it queues again. Afterwards the first must notice that it was declared dead, and
end by itself; what it may have done before that is for the judge. Who stood still without a claim is not declared dead:
that was in vain, and is counted as `random`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import trio

from server.app.ending import FAULT
from server.ports import StoreUnavailable
from tests.crash.ground import Ground, until
from tests.crash.plan import RANDOM, Kill
from tests.crash.processes import RunFailed
from tests.crash.serving import Server

_LEASE_S: Final = "4"
_REACHED_WITHIN_S: Final = 10.0
_TAKEN_WITHIN_S: Final = 60.0
_SENT_WITHIN_S: Final = 10.0  # what was queued again may wait for its turn, or be refused
_NOTICED_WITHIN_S: Final = 40.0

_LAST: Final = "SELECT gen, journal_id::text AS journal FROM node ORDER BY gen DESC LIMIT 1"
_FENCED: Final = "SELECT fenced_at IS NOT NULL FROM node WHERE gen = $1"
_TAKEN: Final = """SELECT l.gen > n.gen AND l.not_before < clock_timestamp()
    AND NOT EXISTS (SELECT FROM attempt a WHERE a.gen = n.gen AND a.state = 'authorised')
    FROM node n, limiter_authority l WHERE n.gen = $1"""
_SENT: Final = """SELECT NOT EXISTS (SELECT FROM attempt a JOIN outbox o ON o.id = a.outbox_id
    WHERE a.gen = $1 AND a.state = 'void')"""


async def freeze(ground: Ground, kill: Kill, release: Callable[[], None]) -> tuple[str, dict[str, Any]]:
    """Where it stood still, and what the judge has to know; *release* begins the traffic. Both servers have ended."""
    server = ground.server
    await server.start(kill.setting, THREADLINE_NODE_LEASE=_LEASE_S)
    await server.ready()
    gen, journal = await _last(ground)
    async with second_server(ground, THREADLINE_NODE_LEASE=_LEASE_S) as second:
        release()
        if not await server.stands_still(_REACHED_WITHIN_S):
            await server.stand_still()
        began = time.monotonic()
        await ground.carrier.control(webhook_base=second.url)
        if not await until(lambda: _is(ground, _TAKEN, gen), _TAKEN_WITHIN_S):
            raise RunFailed("The second server did not take over from one that stood still.")
        await until(lambda: _is(ground, _SENT, gen), _SENT_WITHIN_S)
        fenced = await _is(ground, _FENCED, gen)
        continued_s = time.monotonic()
        server.go_on()
        if not fenced:
            await server.stop()
        elif await server.ended_by_itself(_NOTICED_WITHIN_S) != FAULT:
            raise RunFailed("The server that had been taken over did not end by itself; see server.log.")
        await ground.carrier.control(webhook_base=server.url)
        await second.stop()
    facts = {"journal": journal, "continued_s": continued_s, "stood_still_s": round(continued_s - began, 3)}
    return kill.at if fenced else RANDOM, facts


@asynccontextmanager
async def second_server(ground: Ground, **settings: str) -> AsyncIterator[Server]:
    """On another port, behind the same public address."""
    second = Server(ground.dsn, ground.out)
    async with trio.open_nursery() as nursery:
        await nursery.start(second.listen)
        try:
            await second.start(PUBLIC_URL=ground.server.url, **settings)
            if not await second.ready():
                raise RunFailed("The second server did not start; see server.log.")
            yield second
        finally:
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                await second.end()


async def _last(ground: Ground) -> tuple[int, str]:
    [row] = await ground.store.call(lambda connection: connection.fetch(_LAST))
    return row["gen"], row["journal"]


async def _is(ground: Ground, query: str, gen: int) -> bool:
    try:
        return bool(await ground.store.call(lambda connection: connection.fetchval(query, gen)))
    except StoreUnavailable:
        return False
