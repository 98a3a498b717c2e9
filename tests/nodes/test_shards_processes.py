"""`threadline serve --nodes 2`: what the holder of a shard began goes on elsewhere, and its late writes are refused."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
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
from tests.integration.server import ANN, eventually
from tests.integration.test_server_process import environ, serving
from tests.integration.test_two_servers import ENV, Browser, bodies, log_in, senders, thread_with_maya, town
from tests.nodes.test_processes import living, settled

pytestmark = pytest.mark.integration

RECIPIENTS: Final = 99
"""Ten seconds of the number's pace, of which four are queued ahead."""

_WITNESS: Final = """
CREATE SEQUENCE refused;  -- what it counts is not rolled back
ALTER FUNCTION bears_term RENAME TO bears_term_as_it_is;
CREATE FUNCTION bears_term(p_shard text, p_term bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    bears boolean := bears_term_as_it_is(p_shard, p_term);
BEGIN
    IF NOT bears THEN
        PERFORM nextval('refused');
    END IF;
    RETURN bears;
END $$
"""
_HOLDER: Final = "SELECT s.gen, s.term, n.pid FROM shard_lease s JOIN node n USING (gen) WHERE s.shard = $1"
_PENDING: Final = "SELECT count(*) FROM campaign_recipient WHERE state = 'pending'"


async def launched(store: Store, url: str) -> str:
    """The shard of a text to so many, which is being queued."""
    addresses = [f"+1617555{n:04}" for n in range(101, 101 + RECIPIENTS)]
    text = {"audience": {"addresses": addresses}, "body": "Open house", "cmd_id": str(uuid4())}
    async with httpx2.AsyncClient(trust_env=False, verify=False) as http:
        browser = Browser(http, url, await log_in(store, ANN))
        assert await browser.post("/api/v1/bulk", text | {"expected_count": RECIPIENTS}) == 202
    await eventually(lambda: value(store, f"SELECT ({_PENDING}) BETWEEN 1 AND {RECIPIENTS - 1}"))
    return shard_of(await value(store, "SELECT id FROM campaign"))


async def value(store: Store, query: str) -> Any:
    return await store.call(lambda c: c.fetchval(query))


async def shared(store: Store) -> bool:
    """Each of the two has what it is wanted for."""
    gens = {node.gen for node in await living(store)}
    rows = await store.call(lambda c: c.fetch("SELECT shard, gen FROM shard_lease"))
    return bool(rows) and all(row["gen"] == wanted(row["shard"], gens) for row in rows)


async def holder(store: Store, shard: str) -> Any:
    return await store.call(lambda c: c.fetchrow(_HOLDER, shard))


async def carried_on(store: Store, shard: str, first: Any, pending: int) -> bool:
    """Another has it, under a later term, and has queued of it."""
    now = await holder(store, shard)
    is_another: bool = now["gen"] != first["gen"] and now["term"] > first["term"]
    return is_another and bool(await value(store, _PENDING) < pending)


@asynccontextmanager
async def not_beating(store: Store, dsn: str, gen: int) -> AsyncIterator[None]:
    """This server does not hear meanwhile that it was declared dead, and so goes on as before."""

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


@pytest.mark.parametrize("stands_still", [pytest.param(False, marks=pytest.mark.whole), True])
async def test_a_text_to_many_goes_on_at_another_and_who_is_late_is_refused_by_its_term(
    dsn: str, tmp_path: Path, stands_still: bool
) -> None:
    async with town(dsn) as (store, arrivals):
        await thread_with_maya(store)
        await store.call(lambda c: c.execute(_WITNESS))
        env = environ(dsn, tmp_path, **ENV, THREADLINE_QUIET_HOURS=str(ANY_HOUR))
        async with serving(env, "--nodes", "2") as (_, url):
            await eventually(partial(shared, store))
            shard = await launched(store, url)
            first, pending = await holder(store, shard), await value(store, _PENDING)
            os.kill(first["pid"], signal.SIGSTOP if stands_still else signal.SIGKILL)
            try:
                await eventually(partial(carried_on, store, shard, first, pending))
                assert not await value(store, "SELECT is_called FROM refused")
                if stands_still:
                    async with not_beating(store, dsn, first["gen"]):
                        os.kill(first["pid"], signal.SIGCONT)
                        await eventually(lambda: value(store, "SELECT is_called FROM refused"))
            finally:
                with suppress(ProcessLookupError):
                    os.kill(first["pid"], signal.SIGCONT)
            await settled(store)
            assert await value(store, _PENDING) == 0
        by, in_doubt = await senders(store), await bodies(store, "unconfirmed")
        assert len(by) + len(in_doubt) == RECIPIENTS
        assert len(by) <= len(arrivals.at) <= RECIPIENTS, "nobody was reached twice"
