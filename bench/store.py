"""Rows per second through the store's transactions, on one server process and a database with fsync on.

    python -m bench.store DSN      DSN names an empty database; prints one JSON line

T1: 64 callers in flight over 2,000 threads. T3+T4: batches of 64 authorised one after the other, their outcomes written
by the grouped writer meanwhile. `bytes` are those of a text that came in and of one that was sent, in the log and on
disk, indexes included; after a checkpoint each touched page is logged whole once, which is part of it.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import trio

from server.domain.carrier import Accepted, InboundText
from server.domain.gate import MessageClass
from server.ports import Authorised, EnqueueMt, Granted, MoArrival
from server.store.schema import schema_sql
from server.store.store import Store, open_store

SEED = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Bench', true, 'Bench', 'bench');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (1, true, 'simulator', 'AC1', 'secret', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate) VALUES (1, 1, '+12025550199', 1000);
"""
IN_FLIGHT, BATCH = 64, 64
MIDDAY = datetime(2026, 3, 11, 18, 0, tzinfo=UTC)  # bulk may leave everywhere in the United States
AREAS = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228)


def _person(number: int) -> str:
    return f"+1{AREAS[number // 100]}555{100 + number % 100:04}"


async def _t1(store: Store, texts: int) -> float:
    numbers = itertools.count()

    async def caller() -> None:
        while (n := next(numbers)) < texts:
            text = InboundText(f"SM{n}", _person(n % 2000), "+12025550199", "Is the house on Elm Street still free?")
            await store.ledger.record_mo(MoArrival(1, text, None))

    started = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(IN_FLIGHT):
            nursery.start_soon(caller)
    return texts / (time.perf_counter() - started)


async def _t2(store: Store, texts: int, now: datetime) -> float:
    started = time.perf_counter()
    for start in range(0, texts, 500):
        batch = [
            EnqueueMt(1, 1 + n % 2000, uuid4(), b"", MessageClass.BULK, "Hello from the bench", 1, now)
            for n in range(start, min(start + 500, texts))
        ]
        await store.ledger.enqueue_bulk(batch)
    return texts / (time.perf_counter() - started)


async def _t3_t4(store: Store, texts: int, now: datetime) -> tuple[float, float]:
    gen = (await store.fleet.join("bench", "boot", os.getpid(), uuid4())).gen
    await store.fleet.beat(gen, 600)
    taken = await store.fleet.take_limiter(gen, 600)
    assert taken is not None
    await trio.sleep(taken[1])
    rows = [row.outbox_id for row in await store.ledger.due(1, now, texts)]
    in_t3 = 0.0
    started = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for start in range(0, len(rows), BATCH):
            granted = [Granted(row, now) for row in rows[start : start + BATCH]]
            before = time.perf_counter()
            answers = await store.ledger.authorise(granted, gen, taken[0], now)
            in_t3 += time.perf_counter() - before
            assert isinstance(answers, list), answers
            for mt in answers:
                assert isinstance(mt, Authorised), mt
                accepted = Accepted(f"MT{mt.outbox_id}", "queued", 1)
                nursery.start_soon(store.ledger.record_outcome, mt.attempt_id, gen, accepted, now)
    took = time.perf_counter() - started
    return len(rows) / took, 1000 * in_t3 / (len(rows) / BATCH)


async def _bytes(store: Store) -> tuple[int, int]:
    """Of the log so far, and of the database's files."""
    sql = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, pg_database_size(current_database())"
    row = await store.call(lambda c: c.fetchrow(sql))
    assert row is not None
    return row[0], row[1]


def _each(before: tuple[int, int], after: tuple[int, int], texts: int) -> dict[str, int]:
    log, disk = (round((then - first) / texts) for first, then in zip(before, after, strict=True))
    return {"log": log, "disk": disk}


async def main(dsn: str) -> None:
    texts = int(os.environ.get("TEXTS", "20000"))
    async with open_store(dsn, schema=schema_sql()) as store:
        await store.call(lambda c: c.execute(SEED))
        cpu, now = time.process_time(), MIDDAY
        before = await _bytes(store)
        t1 = await _t1(store, texts)
        cpu, after_in = time.process_time() - cpu, await _bytes(store)
        t2 = await _t2(store, texts // 2, now)
        t34, t3_ms = await _t3_t4(store, texts // 2, now)
        after_out = await _bytes(store)
    figures = {
        "bytes_in": _each(before, after_in, texts),
        "bytes_sent": _each(after_in, after_out, texts // 2),
        "t1_rows_per_s": round(t1),
        "t1_cpu_us_per_row": round(cpu / texts * 1e6),
        "t2_bulk_rows_per_s": round(t2),
        "t3_t4_rows_per_s": round(t34),
        "t3_ms_per_64": round(t3_ms, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    trio.run(main, sys.argv[1])
