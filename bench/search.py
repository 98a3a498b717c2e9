"""How long History and the inbox take among five million texts of two hundred thousand threads.

    ./test bench search [--texts N] [--threads N] [--rounds N] [--no-inserts] [--no-searches] [--kept FOLDER]

The years are made up (`bench.rig.years`) in the embedded PostgreSQL, indexes are built after, and all is asked of the
store, one question after another: History's first page; searches for words that are common, rare, nowhere, two at
once, side by side, with a date range and a number, in the midst of a campaign to many; the inbox' first pages; and
the badge, each time after some texts came and some were read. `wanted` are the bounds of p95; `cpu_ms` is what one
question cost PostgreSQL, which the neighbours on a machine hardly change. A search may end before its page is full,
and say how far back it has come: `pages` is how many answers it took to fill one. Raises where any of it read a table
of texts or of threads whole, by PostgreSQL's own count of such scans. The badge's first look after a start counts all
threads, and is told apart.

`--kept` makes the years in a folder that stays, where a later run finds them as they ended then, and asks a copy.

`inserts`: what an inbound text costs with both indexes, without that of words, and without either, in turns on a fresh
database: CPU of PostgreSQL, and of both processes, as a ratio to no index. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import asyncpg
import trio

from bench.rig import cpu
from bench.rig.figures import rounded
from bench.rig.ground import LINE, Ground, Turn, open_ground
from bench.rig.years import TEXTS, THREADS, load, word
from server.domain.carrier import InboundText
from server.ports import InboxView, MoArrival, Show
from server.ports.history import Wanted
from server.store.store import Store, open_store

Figures = dict[str, Any]
Ask = Callable[[], Awaitable[object]]

VIEWS: Final[Sequence[Show]] = ("open", "unread", "waiting")
WANTED_MS: Final = {"first_page": 50, "search": 100, "inbox_page": 50, "badge": 20}
_INDEXES: Final = ("message_by_time", "message_found")
_SCANS: Final = """
SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname ~ '^(message_[0-9]|thread)$' ORDER BY 1
"""
_LARGE: Final = 50_000  # threads; of fewer, reading them all may be the shortest way
_MOST_PAGES: Final = 40
_IN_FLIGHT: Final = 64


def searches(now: datetime) -> dict[str, Wanted]:
    def days(n: float) -> datetime:
        return now - timedelta(days=n)

    return {
        "a word of most texts": Wanted(word(0)),
        "1 in 100": Wanted(f'"{word(100)}"'),
        "1 in 1,000": Wanted(f'"{word(1000)}"'),
        "as it begins": Wanted(word(1000)),
        "three letters": Wanted(word(80)[:3]),
        "rare": Wanted(word(29_990)),
        "nowhere": Wanted("zzzzzz"),
        "two common": Wanted(f"{word(0)} {word(1)}"),
        "two of 1 in 200": Wanted(f'"{word(200)}" "{word(210)}"'),
        "two that hardly meet": Wanted(f'"{word(3000)}" "{word(3100)}"'),
        "common side by side": Wanted(f'"{word(0)} {word(1)}"'),
        "side by side": Wanted(f'"{word(50)} {word(60)}"'),
        "never side by side": Wanted(f'"{word(500)} {word(510)}"'),
        "word, dates and number": Wanted(f'"{word(100)}"', days(400), days(370), 3),
        "common, long ago": Wanted(word(0), None, days(600)),
        "rare, long ago": Wanted(word(20_000), None, days(500)),
        "of a campaign": Wanted("maya", None, days(0)),
        "of a campaign, side by side": Wanted('"open house" maya'),
        "never in that campaign": Wanted(f'"open house" "{word(20_000)}"'),
        "Spanish": Wanted("mañana calle"),
        "Chinese": Wanted("看房"),
        "an apostrophe": Wanted("don't"),
        "a number": Wanted(number_id=3),
        "an agent": Wanted(agent_id=5),
        "a campaign": Wanted(campaign_id=1),
        "failed": Wanted(status="failed"),
        "a word that failed": Wanted(word(300), status="failed"),
        "a contact": Wanted(contact_id=THREADS // 2),
    }


class Times:
    """Wall times by name, and PostgreSQL's CPU of all."""

    def __init__(self, postgres_pid: int) -> None:
        self._pid, self._took, self._cpu_s = postgres_pid, dict[str, list[float]](), dict[str, float]()

    async def time(self, name: str, ask: Ask) -> None:
        cpu_s, before = cpu.seconds_with_children(self._pid), time.perf_counter()
        await ask()
        self._took.setdefault(name, []).append((time.perf_counter() - before) * 1e3)
        self._cpu_s[name] = self._cpu_s.get(name, 0) + cpu.seconds_with_children(self._pid) - cpu_s

    def told(self, *, each: bool = False) -> Figures:
        took = sorted(one for of in self._took.values() for one in of)
        figures: Figures = {
            "p50_ms": rounded(median(took)),
            "p95_ms": rounded(took[min(len(took) - 1, int(len(took) * 0.95))]),
            "max_ms": rounded(took[-1]),
            "cpu_ms": rounded(sum(self._cpu_s.values()) / len(took) * 1e3),
        }
        if each:
            figures["of"] = {
                name: {"p50_ms": rounded(median(of)), "cpu_ms": rounded(self._cpu_s[name] / len(of) * 1e3)}
                for name, of in self._took.items()
            }
        return figures


async def measure(store: Store, ground: Ground, turn: Turn, rounds: int, *, large: bool) -> Figures:
    asked = searches(datetime.now(UTC))
    first, search, inbox, badge = (Times(ground.pid) for _ in range(4))
    before = time.perf_counter()
    await store.inbox.unread_threads([1])
    counted_ms = (time.perf_counter() - before) * 1e3
    page, rows = partial(store.history.page, 1), partial(store.inbox.rows, 1)
    pages: dict[str, int] = {}
    for name, wanted in asked.items():  # warms what they read, as an office does all day
        pages[name] = await pages_of(store, wanted)
    for view in VIEWS:
        await rows(1, view=InboxView(view))
    scans = await scanned(turn)
    dice, numbers = random.Random(1), itertools.count()  # noqa: S311 - a made-up office
    for _ in range(rounds):
        await first.time("first", partial(page, Wanted()))
        for name, wanted in asked.items():
            await search.time(name, partial(page, wanted))
        for view in VIEWS:
            await inbox.time(view, partial(rows, 1, view=InboxView(view)))
        for _ in range(5):
            for _ in range(5):
                text = InboundText(f"SMb{next(numbers)}", dice.choice(LINE.handsets), LINE.number, "Is it still free?")
                await store.ledger.record_mo(MoArrival(1, text, None))
            await store.inbox.mark_read(1, 1, dice.randrange(1, 1000), 10**9)
            await badge.time("badge", partial(store.inbox.unread_threads, [1]))
    figures: Figures = {"first_page": first.told(), "search": search.told(each=True)}
    figures |= {"inbox_page": inbox.told(each=True), "badge": badge.told(), "badge_first_ms": rounded(counted_ms)}
    now = await scanned(turn)
    if now != scans and large:
        raise RuntimeError(f"a table was read whole: {scans} before, {now} after")
    return {**figures, "pages": {name: count for name, count in pages.items() if count > 1}}


async def pages_of(store: Store, wanted: Wanted) -> int:
    """How many answers it takes until a page is full, or there is no more."""
    cursor: str | None = None
    found = 0
    for count in range(1, _MOST_PAGES):
        page = await store.history.page(1, wanted, cursor=cursor, limit=50 - found)
        found, cursor = found + len(page.rows), page.next_cursor
        if cursor is None or found == 50:
            return count
    raise RuntimeError(f"{wanted} comes to no end")


async def scanned(turn: Turn) -> Sequence[tuple[str, int]]:
    """How often tables were read whole so far, once all backends have told."""
    await trio.sleep(1.5)  # a backend that is idle tells within a second

    async def read() -> Sequence[tuple[str, int]]:
        connection = await asyncpg.connect(turn.dsn)
        rows = await connection.fetch(_SCANS)
        await connection.close()
        return [tuple(row) for row in rows]

    return await trio.to_thread.run_sync(lambda: asyncio.run(read()))


def filled(turn: Turn, texts: int, threads: int) -> Figures:
    """The years, with what loading them and building their indexes took."""

    async def run() -> Figures:
        took: Figures = {}
        connection = await asyncpg.connect(turn.dsn, command_timeout=3600)
        made = {name: await connection.fetchval("SELECT pg_get_indexdef($1::regclass)", name) for name in _INDEXES}
        await connection.execute(f"DROP INDEX {', '.join(_INDEXES)}")
        before = time.perf_counter()
        await load(turn.dsn, texts, threads)
        took["load_s"] = rounded(time.perf_counter() - before)
        await connection.execute("SET maintenance_work_mem = '512MB'")
        for name, definition in made.items():
            before = time.perf_counter()
            await connection.execute(definition.replace(" ON ONLY ", " ON "))
            took[f"{name}_s"] = rounded(time.perf_counter() - before)
            took[f"{name}_mib"] = rounded(float(await connection.fetchval(_SIZE, name)))
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
        await connection.close()
        return took

    return asyncio.run(run())


_SIZE: Final = "SELECT sum(pg_relation_size(relid)) / 1048576.0 FROM pg_partition_tree($1) WHERE isleaf"


def inserts(ground: Ground, texts: int = 6_000, rounds: int = 3) -> Figures:
    """What inbound texts cost, in turns; each part is the least of its rounds."""
    parts: dict[str, tuple[str, ...]] = {"none": _INDEXES, "by_time": _INDEXES[1:], "both": ()}
    least: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, dropped in parts.items():
            with ground.turn() as turn:
                for index in dropped:
                    ground.run(turn, f"DROP INDEX {index}")
                took = trio.run(received, turn, ground.pid, texts, "message_found" not in dropped)
                least[name] = min(least.get(name, took), took, key=sum)
    postgres, both = (
        {name: rounded(of(took) / of(least["none"])) for name, took in least.items()} for of in (lambda t: t[0], sum)
    )
    each = {name: rounded(took[0] / texts * 1e6) for name, took in least.items()}
    return {"postgres_us": each, "postgres_ratio": postgres, "whole_ratio": both}


async def received(turn: Turn, postgres_pid: int, texts: int, merges: bool) -> tuple[float, float]:
    """CPU seconds of PostgreSQL, and of the store in this process, for so many inbound texts, words merged beside."""
    dice = random.Random(2)  # noqa: S311 - made-up texts
    words = [word(int(30_000 ** dice.random()) - 1) for _ in range(20_000)]
    bodies = [" ".join(dice.choices(words, k=3 + int(dice.random() ** 2 * 24))) for _ in range(texts)]
    numbers = iter(range(texts))
    async with open_store(turn.dsn) as store, trio.open_nursery() as merging:
        if merges:
            merging.start_soon(merge, store)
        own, theirs = time.process_time(), cpu.seconds_with_children(postgres_pid)

        async def caller() -> None:
            for n in numbers:
                text = InboundText(f"SM{n}", LINE.handsets[n % len(LINE.handsets)], LINE.number, bodies[n])
                await store.ledger.record_mo(MoArrival(1, text, None))

        async with trio.open_nursery() as nursery:
            for _ in range(_IN_FLIGHT):
                nursery.start_soon(caller)
        if merges:
            await store.history.merge_words()
        merging.cancel_scope.cancel()
        return cpu.seconds_with_children(postgres_pid) - theirs, time.process_time() - own


async def merge(store: Store) -> None:
    while True:
        await trio.sleep(2.0)
        await store.history.merge_words()


def searched(ground: Ground, texts: int, threads: int, rounds: int) -> Figures:
    years = f"years_{texts}_{threads}"
    said = ground.kept(years, lambda turn: json.dumps(filled(turn, texts, threads)))
    sys.stderr.write(f"{said}\n")
    with ground.turn(of=years) as turn:

        async def through_the_store() -> Figures:
            async with open_store(turn.dsn) as store:
                return await measure(store, ground, turn, rounds, large=threads >= _LARGE)

        return {"load": json.loads(said), **trio.run(through_the_store)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 texts, one round")
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-inserts", action="store_true")
    parser.add_argument("--no-searches", action="store_true")
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="where the years are, or are made")
    asked = parser.parse_args()
    texts, threads, rounds = (20_000, 2_000, 1) if asked.quick else (asked.texts, asked.threads, asked.rounds)
    figures: Figures = {"bench": "search", "texts": texts, "threads": threads, "wanted": WANTED_MS}
    with open_ground(asked.kept) as ground:
        if not asked.no_inserts:
            figures["inserts"] = inserts(ground, 1_000, 1) if asked.quick else inserts(ground)
            sys.stderr.write(f"{figures['inserts']}\n")
        if not asked.no_searches:
            figures |= searched(ground, texts, threads, rounds)
    print(json.dumps({**figures, "machine_load": round(os.getloadavg()[0], 2)}, ensure_ascii=False))


if __name__ == "__main__":
    main()
