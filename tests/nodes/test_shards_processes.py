"""`threadline serve --nodes 2`: what the holder of a shard began goes on elsewhere, and its late writes are refused."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import httpx2
import pytest
import trio

from server.domain.shards import shard_of, wanted
from server.store.store import Store
from tests.crash.processes import ANY_HOUR
from tests.integration.server import ANN
from tests.integration.test_server_process import environ, serving
from tests.integration.test_two_servers import ENV, RATE, Browser, bodies, log_in, senders, thread_with_maya, town
from tests.nodes.test_processes import PATIENCE_S, living, settled

pytestmark = pytest.mark.integration

RECIPIENTS: Final = 99
SLOW: Final = 0.5
"""Segments per second, at which most wait to be queued for longer than the test waits for anything that it must see."""
LEASE_S: Final = 10
"""Of a node: no busy machine keeps one that runs from saying so for that long."""

_WITNESS: Final = """
CREATE TABLE late (shard text, term bigint);
CREATE SEQUENCE refused;  -- what it counts is not rolled back
ALTER FUNCTION bears_term RENAME TO bears_term_as_it_is;
CREATE FUNCTION bears_term(p_shard text, p_term bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    bears boolean := bears_term_as_it_is(p_shard, p_term);
BEGIN
    IF NOT bears AND EXISTS (SELECT FROM late l WHERE l.shard = p_shard AND l.term = p_term) THEN
        PERFORM nextval('refused');
    END IF;
    RETURN bears;
END $$;
ALTER FUNCTION keep_shards RENAME TO keep_shards_as_it_is;
CREATE FUNCTION keep_shards(p_gen bigint, p_wanted text[], p_lease interval) RETURNS TABLE (shard text, term bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM node n WHERE n.gen = p_gen FOR SHARE;  -- as long as it cannot beat, it does not hear this either
    RETURN QUERY SELECT * FROM keep_shards_as_it_is(p_gen, p_wanted, p_lease);
END $$
"""
"""Counts the writes that are refused under the term that is watched, and of no other."""

_HOLDER: Final = "SELECT s.gen, s.term, n.pid FROM shard_lease s JOIN node n USING (gen) WHERE s.shard = $1"
_PENDING: Final = "SELECT count(*) FROM campaign_recipient WHERE state = 'pending'"
_REFUSED: Final = "SELECT last_value FROM refused WHERE is_called"


async def comes(condition: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it is so within the time that these tests wait for anything."""
    with trio.move_on_after(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - rows set no event
            await trio.sleep(0.05)
        return True
    return False


async def value(store: Store, query: str, *given: object) -> Any:
    return await store.call(lambda c: c.fetchval(query, *given))


async def pending(store: Store) -> int:
    count: int = await value(store, _PENDING)
    return count


async def launched(store: Store, url: str) -> str:
    """The shard of a text to so many, of which some are queued and most are not."""
    addresses = [f"+1617555{n:04}" for n in range(101, 101 + RECIPIENTS)]
    text = {"audience": {"addresses": addresses}, "body": "Open house", "cmd_id": str(uuid4())}
    async with httpx2.AsyncClient(trust_env=False, verify=False) as http:
        browser = Browser(http, url, await log_in(store, ANN))
        assert await browser.post("/api/v1/bulk", text | {"expected_count": RECIPIENTS}) == 202

    async def is_being_queued() -> bool:
        return 0 < await pending(store) < RECIPIENTS

    assert await comes(is_being_queued)
    return shard_of(await value(store, "SELECT id FROM campaign"))


async def shared(store: Store) -> bool:
    """Each of the two has what it is wanted for."""
    gens = {node.gen for node in await living(store)}
    rows = await store.call(lambda c: c.fetch("SELECT shard, gen FROM shard_lease"))
    return bool(rows) and all(row["gen"] == wanted(row["shard"], gens) for row in rows)


async def holder(store: Store, shard: str) -> asyncpg.Record:
    row = await store.call(lambda c: c.fetchrow(_HOLDER, shard))
    assert row is not None
    return row


async def ended(store: Store, shard: str, how: signal.Signals) -> asyncpg.Record:
    """The holder of the shard, which was killed, or stands still and whose lease as a node is over."""
    one = await holder(store, shard)
    os.kill(one["pid"], how)
    now = await holder(store, shard)
    assert how is signal.SIGKILL or now == one
    await value(store, "INSERT INTO late VALUES ($1, $2)", shard, one["term"])
    await value(store, "UPDATE node SET expires_at = clock_timestamp() WHERE gen = $1", one["gen"])
    return one


async def is_anothers(store: Store, shard: str, first: asyncpg.Record) -> bool:
    now = await holder(store, shard)
    return bool(now["gen"] != first["gen"] and now["term"] > first["term"])


@asynccontextmanager
async def hearing_nothing(store: Store, dsn: str, gen: int) -> AsyncIterator[None]:
    """This server hears meanwhile neither that it was declared dead nor what it lost, and so goes on as before."""

    async def begin() -> asyncpg.Connection[asyncpg.Record]:
        connection = await asyncpg.connect(dsn)
        await connection.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
        await connection.execute("SELECT FROM node WHERE gen = $1 FOR NO KEY UPDATE", gen)
        return connection

    connection = await store.bridge.call(begin)
    try:
        yield
    finally:
        with trio.CancelScope(shield=True):
            await store.bridge.call(connection.close)


async def carries_on(store: Store) -> None:
    """At the full pace from here on: more is queued, and all of it leaves."""
    waiting = await pending(store)
    await value(store, "UPDATE number SET rate = $1", RATE)

    async def has_queued() -> bool:
        return await pending(store) < waiting

    assert await comes(has_queued)


@pytest.mark.parametrize("stands_still", [pytest.param(False, marks=pytest.mark.whole), True])
async def test_a_text_to_many_goes_on_at_another_and_who_is_late_is_refused_by_its_term(
    dsn: str, tmp_path: Path, stands_still: bool
) -> None:
    async with town(dsn) as (store, arrivals):
        await thread_with_maya(store)
        await value(store, "UPDATE number SET rate = $1", SLOW)
        await store.call(lambda c: c.execute(_WITNESS))
        more = {"THREADLINE_NODE_LEASE": str(LEASE_S), "THREADLINE_QUIET_HOURS": str(ANY_HOUR)}
        async with serving(environ(dsn, tmp_path, **ENV | more), "--nodes", "2") as (_, url):
            assert await comes(partial(shared, store))
            shard = await launched(store, url)
            first = await ended(store, shard, signal.SIGSTOP if stands_still else signal.SIGKILL)
            try:
                assert await comes(partial(is_anothers, store, shard, first))
                if not stands_still:
                    await carries_on(store)
                else:
                    before = await value(store, _REFUSED)

                    async def is_refused() -> bool:
                        return bool(await value(store, _REFUSED) != before)

                    async with hearing_nothing(store, dsn, first["gen"]):
                        os.kill(first["pid"], signal.SIGCONT)
                        assert await comes(is_refused), "it wrote under a term that is over, or not at all"
                        await carries_on(store)
            finally:
                with suppress(ProcessLookupError):
                    os.kill(first["pid"], signal.SIGCONT)
            await settled(store)
            assert await pending(store) == 0
        by, in_doubt = await senders(store), await bodies(store, "unconfirmed")
        assert len(by) + len(in_doubt) == RECIPIENTS
        assert len(by) <= len(arrivals.at) <= RECIPIENTS, "nobody was reached twice"
