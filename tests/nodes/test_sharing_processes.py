"""`threadline serve --nodes 2` with Redis: both send at once under one account's limit, whatever ends under them."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import trio

from server.app.valkey import Valkey
from server.store.store import Store
from tests.integration.server import NUMBER, eventually
from tests.integration.test_server_process import environ, serving
from tests.integration.test_two_servers import (
    ENV,
    Arrivals,
    bodies,
    queue,
    senders,
    sent,
    town,
    worst_excess,
)
from tests.nodes.test_processes import PATIENCE_S, living, settled

pytestmark = pytest.mark.integration

whole = pytest.mark.whole

NUMBERS = (NUMBER, *(f"+1206555013{n}" for n in range(5)))
"""So many that each of two servers has some."""
EACH = 8

SETUP = """
UPDATE carrier_account SET rate = 10, burst = 1;
UPDATE number SET rate = 100, burst = 5;
INSERT INTO number (workspace_id, account_id, address, rate, burst)
SELECT 1, (SELECT min(id) FROM carrier_account), '+1206555013' || n, 100, 5 FROM generate_series(0, 4) n;
WITH e AS (
    INSERT INTO endpoint (workspace_id, address) SELECT 1, '+1503555014' || n FROM generate_series(0, 5) n RETURNING id
), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM e)
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at)
SELECT 1, numbered.id, n.id, now() FROM numbered
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM number) n USING (nth);
"""
"""The account's pace is RATE and BURST, which `worst_excess` judges by."""


@asynccontextmanager
async def sharing(dsn: str, folder: Path) -> AsyncIterator[tuple[Store, Arrivals, Valkey]]:
    """Two servers that share the limits by now, and a thread of each number."""
    valkey = Valkey(folder / "valkey")
    await valkey.start()
    try:
        async with town(dsn, NUMBERS) as (store, arrivals):
            await store.call(lambda c: c.execute(SETUP))
            env = environ(dsn, folder, **ENV, REDIS_URL=valkey.url, THREADLINE_SHARE_LIMITS="1")
            async with serving(env, "--nodes", "2"):
                with trio.fail_after(PATIENCE_S):
                    while not all(node.holds for node in await living(store)):  # noqa: ASYNC110 - rows set no event
                        await trio.sleep(0.1)
                yield store, arrivals, valkey
    finally:
        await valkey.stop()


async def queue_everywhere(store: Store, count: int = EACH) -> int:
    """A few texts in each thread; how many in all."""
    threads = [row["id"] for row in await store.call(lambda c: c.fetch("SELECT id FROM thread ORDER BY id"))]
    for thread in threads:
        await queue(store, thread, count)
    return len(threads) * count


async def judge(store: Store, arrivals: Arrivals, count: int) -> list[int]:
    """Nothing was lost, left twice or too early; gives who sent, in order."""
    await settled(store)
    by, in_doubt = await senders(store), await bodies(store, "unconfirmed")
    assert len(by) + len(in_doubt) == count
    assert len(by) <= len(arrivals.at) <= count, "none left twice"
    assert worst_excess(arrivals.at) <= 0
    return by


async def test_both_send_at_once_and_together_no_more_than_the_account_may(dsn: str, tmp_path: Path) -> None:
    async with sharing(dsn, tmp_path) as (store, arrivals, _):
        count = await queue_everywhere(store)
        by = await judge(store, arrivals, count)
        assert len(set(by)) == 2
        assert sum(one != other for one, other in pairwise(by)) > 2, "by turns, not one after the other"


@whole
@pytest.mark.parametrize("how", ["ends", "stands still"])
async def test_a_redis_that_is_lost_makes_one_send_alone(dsn: str, tmp_path: Path, how: str) -> None:
    async with sharing(dsn, tmp_path) as (store, arrivals, valkey):
        count = await queue_everywhere(store)
        await eventually(sent(store, 10))
        assert valkey._process is not None
        valkey._process.send_signal(signal.SIGKILL if how == "ends" else signal.SIGSTOP)
        try:
            by = await judge(store, arrivals, count)
            assert [node.holds for node in await store.fleet.living()].count(True) == 1
        finally:
            valkey.kill()
        assert len(set(by)) == 2


@whole
async def test_what_a_killed_server_had_leased_is_burnt_and_the_other_sends_its_part(dsn: str, tmp_path: Path) -> None:
    async with sharing(dsn, tmp_path) as (store, arrivals, _):
        count = await queue_everywhere(store)
        await eventually(sent(store, 10))
        one = (await store.fleet.living())[0]
        os.kill(one.pid, signal.SIGKILL)
        by = await judge(store, arrivals, count)
        assert len(set(by)) >= 2
