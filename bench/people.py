"""How long finding people takes among a million: counts of filters, searches, pages; and what each index costs.

    ./test bench people [--count N] [--rounds N] [--indexes]

A million contacts with a number each, two tags of fifty, 200,000 conversations, stages and custom fields. All goes by
the store (`PostgresFinder`), one after another, so PostgreSQL may use both cores for one of them; pages are asked for
by HTTP too, from a whole server, with their rows. Counts are held against how the crowd was made. Prints one JSON line;
`cpu_ms` is PostgreSQL's. `--indexes`: also what 20,000 more contacts cost without each of the indexes.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import asyncpg
import trio

from bench.rig import cpu
from bench.rig.contenders import Running, running, threadline
from bench.rig.figures import rounded
from bench.rig.ground import SESSION, Turn, open_ground
from server.ports.filters import Sort
from server.store.store import Store, open_store

COUNT: Final = 1_000_000
_CROWD: Final = (Path(__file__).parent / "rig" / "crowd.sql").read_text(encoding="utf-8")
_INDEXES: Final = (
    "contact_by_name",
    "contact_by_creation",
    "contact_search",
    "endpoint_by_end",
    "endpoint_opted_out",
)

Figures = dict[str, Any]


def _is(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "is": op} if value is None else {"field": field, "is": op, "value": value}


OPEN_HOUSE: Final = _is("tag", "has", "Open House Attendee")
COUNTS: Final[dict[str, dict[str, Any]]] = {
    "tag": OPEN_HOUSE,
    "stage": _is("stage", "is", "New Lead"),
    "not opted out": _is("opted_out", "no"),
    "opted out": _is("opted_out", "yes"),
    "texted us in 30 days": _is("last_in", "within_days", 30),
    "never texted": _is("last_text", "never"),
    "area code": _is("area_code", "is", "617"),
    "city": _is("city", "is", "boston"),
    "budget": _is("custom.budget", "at_least", 900_000),
    "choice": _is("custom.kind", "is", "House"),
    "tag, stage and consent": {"all": [OPEN_HOUSE, _is("stage", "is", "New Lead"), _is("opted_out", "no")]},
    "tag or stage, not opted out": {
        "all": [{"any": [OPEN_HOUSE, _is("stage", "is", "New Lead")]}, {"not": _is("opted_out", "yes")}]
    },
    "new and never texted": {"all": [_is("created", "within_days", 90), _is("last_text", "never")]},
}
SEARCHES: Final = (
    "m", "ma", "may", "maya", "maya tor", "smith", "smith-a1", "p99999", "p777@gmail", "617", "617 200", "0037",
    "(617) 200-1111", "open house", "maya open", "josé", "zzz", "com",
)  # fmt: skip
PAGES: Final[tuple[tuple[Sort, str, str], ...]] = (
    ("name", "", ""), ("created", "", ""), ("activity", "", ""), ("name", "tag", ""), ("activity", "tag", ""),
    ("created", "tag or stage, not opted out", ""), ("name", "tag, stage and consent", ""), ("name", "budget", ""),
    ("activity", "not opted out", ""), ("name", "opted out", ""), ("name", "area code", ""), ("created", "", "maya"),
    ("name", "tag", "maya"),
)  # fmt: skip
_DEEP: Final = 5  # pages of each list


def load(dsn: str, count: int) -> Figures:
    """The crowd, with what its indexes took to build."""

    async def run() -> Figures:
        connection = await asyncpg.connect(dsn, timeout=600, command_timeout=3600)
        took: Figures = {}
        indexes = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY ($1)", list(_INDEXES)
        )
        await connection.execute(
            "SET synchronous_commit = off; SET maintenance_work_mem = '256MB'; SET work_mem = '64MB';"
            "SET session_replication_role = replica"  # no checks of foreign keys: the rows are right
        )
        await connection.execute(";".join(f"DROP INDEX {one['indexname']}" for one in indexes))
        before = time.perf_counter()
        await connection.execute(_CROWD.replace(":count", str(count)))
        took["crowd_s"] = rounded(time.perf_counter() - before)
        for one in indexes:
            before = time.perf_counter()
            await connection.execute(one["indexdef"])
            took[one["indexname"]] = rounded(time.perf_counter() - before)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
        await connection.close()
        return took

    return asyncio.run(run())


class Stopwatch:
    """Times calls by name, each after one that warms what it reads. `cpu_ms` is PostgreSQL's for a call."""

    def __init__(self, postgres_pid: int) -> None:
        self._pid = postgres_pid
        self._took: dict[str, list[float]] = {}
        self._cpu: dict[str, float] = {}

    async def time(self, name: str, rounds: int, ask: Callable[[], Awaitable[object]]) -> None:
        await ask()
        cpu_s = cpu.seconds_with_children(self._pid)
        for _ in range(rounds):
            before = time.perf_counter()
            await ask()
            self._took.setdefault(name, []).append((time.perf_counter() - before) * 1e3)
        spent = (cpu.seconds_with_children(self._pid) - cpu_s) * 1e3
        self._cpu[name] = self._cpu.get(name, 0.0) + spent

    def told(self) -> Figures:
        """All together, and of each the median and the CPU of a call."""
        calls = {name: len(took) for name, took in self._took.items()}
        each = {
            name: {"p50_ms": rounded(median(took)), "cpu_ms": rounded(self._cpu[name] / calls[name])}
            for name, took in self._took.items()
        }
        cpu_ms = sum(self._cpu.values()) / sum(calls.values())
        return {**told([one for took in self._took.values() for one in took]), "cpu_ms": rounded(cpu_ms), "of": each}


def told(took: Sequence[float]) -> Figures:
    ordered = sorted(took)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return {"p50_ms": rounded(p50), "p95_ms": rounded(p95), "max_ms": rounded(ordered[-1])}


async def measure(store: Store, postgres_pid: int, rounds: int) -> Figures:
    finder = store.finder
    counts, searches, pages = (Stopwatch(postgres_pid) for _ in range(3))
    for name, definition in COUNTS.items():
        await counts.time(name, rounds, partial(finder.count, 1, definition))
    for q in SEARCHES:
        await searches.time(q, rounds, partial(finder.page, 1, q=q))
    for sort, name, q in PAGES:
        cursor: str | None = None
        for deep in range(_DEEP):
            ask = partial(finder.page, 1, COUNTS.get(name), q, sort=sort, cursor=cursor)
            await pages.time(f"{sort}: {name or 'all'} {q}".strip(), 2 if deep else rounds, ask)
            cursor = (await ask()).next_cursor
            if cursor is None:
                break
    return {"count": counts.told(), "search": searches.told(), "page": pages.told()}


async def check(store: Store, count: int) -> None:
    """Raises AssertionError where the counts are not those that the crowd was made with."""
    finder = store.finder
    assert await finder.count(1) == count
    assert await finder.count(1, COUNTS["stage"]) == len([i for i in range(2, count + 1, 2) if i // 2 % 6 == 0])
    assert await finder.count(1, COUNTS["choice"]) == len(range(3, count + 1, 3))
    assert await finder.count(1, COUNTS["not opted out"]) + await finder.count(1, COUNTS["opted out"]) == count
    assert await finder.count(1, OPEN_HOUSE) == await finder.count(1, q="open house")


def by_http(server: Running, rounds: int) -> Figures:
    """The same pages with all that their rows show, one request after another on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Cookie": f"threadline={SESSION}", "X-CSRF": "1", "Content-Type": "application/json"}
    headers["Origin"] = f"http://127.0.0.1:{server.port}"
    took = []
    for n in range(rounds + 1):
        for sort, name, q in PAGES:
            body = json.dumps({"filter": COUNTS.get(name), "q": q, "sort": sort})
            before = time.perf_counter()
            connection.request("POST", "/api/v1/contacts/query", body, headers)
            answer = connection.getresponse()
            rows = json.loads(answer.read())
            if n:
                took.append((time.perf_counter() - before) * 1e3)
            assert answer.status == 200, rows
            assert rows["rows"], "each of these lists has somebody"
    connection.close()
    return told(took)


def import_costs(dsn: str, postgres_pid: int, rows: int) -> Figures:
    """PostgreSQL's CPU for *rows* more contacts with their numbers, microseconds each; nothing of it is kept."""
    batch = """
        INSERT INTO contact (workspace_id, first_name, last_name, email, source)
        SELECT 1, 'Import', 'Person ' || i, 'import' || i || '@example.com', 'import' FROM generate_series(1, :rows) i;
        INSERT INTO endpoint (workspace_id, address)
        SELECT 1, '+1999' || lpad(i::text, 7, '0') FROM generate_series(1, :rows) i;
    """.replace(":rows", str(rows))

    async def run() -> Figures:
        connection = await asyncpg.connect(dsn, command_timeout=600)
        took: Figures = {}
        for left_out in (None, *_INDEXES):
            transaction = connection.transaction()
            await transaction.start()
            if left_out:
                await connection.execute(f"DROP INDEX {left_out}")
            before = cpu.seconds_with_children(postgres_pid)
            await connection.execute(batch)
            spent = cpu.seconds_with_children(postgres_pid) - before
            took[f"without {left_out}" if left_out else "with all"] = rounded(spent / rows * 1e6)
            await transaction.rollback()
        await connection.close()
        return took

    return asyncio.run(run())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 contacts, one round")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--indexes", action="store_true")
    asked = parser.parse_args()
    count, rounds = (20_000, 1) if asked.quick else (asked.count, asked.rounds)
    with open_ground() as ground, ground.turn() as turn:
        figures: Figures = {"bench": "people", "contacts": count, "load": load(turn.dsn, count)}
        sys.stderr.write(f"{figures['load']}\n")

        async def through_the_store(turn: Turn) -> Figures:
            async with open_store(turn.dsn) as store:
                await check(store, count)
                return await measure(store, ground.pid, rounds)

        figures |= trio.run(through_the_store, turn)
        with running(threadline(), ground, turn) as server:
            figures["page_by_http"] = by_http(server, rounds)
        if asked.indexes:
            figures["import_cpu_us"] = import_costs(turn.dsn, ground.pid, min(20_000, count))
    print(json.dumps({**figures, "machine_load": round(os.getloadavg()[0], 2)}))


if __name__ == "__main__":
    main()
