"""`python -m tests.races [--n N] [--seed S]`: N races of STOP against send and N of two campaigns under a cap of one, a
tenth as many of each other contest, then all orders of T3's statements against those of whoever may say no, on a
PostgreSQL of its own. Of orders that differ in what commutes only, one is stepped; from 10,000 races on some matches
are stepped a second time with none left out, and must come to the same verdicts. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg
import orjson

from server.store import embedded
from server.store.schema import schema_sql
from tests.races import contests
from tests.races.contests import SIDES, Contest
from tests.races.ground import SETTINGS, Ground, open_ground
from tests.races.matches import MANY, MATCHES, WHOLE
from tests.races.orders import Orders, every_order, open_stepper
from tests.races.stepping import Stepping
from tests.races.tree import Tree
from tests.races.verdicts import FAULTS

FULL: Final = (contests.STOP, contests.CAMPAIGNS)
TENTH: Final = (
    contests.STOPS,
    contests.REVOCATION,
    contests.UNDO,
    contests.PAUSE,
    contests.SENDERS,
    contests.HAND_OVER,
    contests.LEAVE,
    contests.OUTCOME,
    contests.LADDER,
    contests.DECISIONS,
)
_LONG: Final = 10_000
_FEWEST: Final = 160  # below, chance alone may give all to one side


def main(arguments: list[str]) -> int:
    """Run it; 0 where nobody's no was lost and both sides won often."""
    options = _options().parse_args(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    began = time.monotonic()
    with _database() as dsn:
        told = asyncio.run(_run(dsn, options.n, seed))
    told |= {"seconds": round(time.monotonic() - began, 1), "seed": seed}
    print(orjson.dumps(told).decode())
    return int(not told["ok"])


async def _run(dsn: str, races: int, seed: int) -> dict[str, Any]:
    await _apply(dsn, schema_sql())
    wins: dict[str, Counter[str]] = {}
    async with open_ground(dsn, SIDES) as ground:
        for contest in (*FULL, *TENTH):
            share = races if contest in FULL else max(races // 10, _FEWEST)
            wins[contest.name] = await contest.hold(ground, share, Random(f"{seed} {contest.name}"))  # noqa: S311
            print(f"{contest.name}: {dict(wins[contest.name])}", file=sys.stderr, flush=True)
        orders, conflicts = await _orders(ground, full=races >= _LONG)
        conflicts += ground.conflicts
    faults = sum((Counter({word: tally[word] for word in FAULTS}) for tally in wins.values()), Counter[str]())
    even = all(_even(contest, wins[contest.name]) for contest in (*FULL, *TENTH))
    faults += sum((Counter({word: tally[word] for word in FAULTS}) for tally in orders.values()), Counter[str]())
    return {
        "ok": even and not faults.total(),
        "n": sum(tally.total() for tally in wins.values()),
        "leaks": faults["leak"],
        "over_cap": faults["over cap"],
        "lost": faults["lost"],
        "fell": faults["fell"],
        "wins": wins,
        "orders": {name: tally.total() for name, tally in orders.items()},
        "deadlocks_retried": conflicts,
    }


async def _orders(ground: Ground, *, full: bool) -> tuple[dict[str, Counter[str]], int]:
    """What the orders of each match came to, and how many deadlocks were retried in them."""
    stepping = Stepping(schema_sql())
    await _apply(ground.dsn, stepping.sql)
    tallies: dict[str, Counter[str]] = {}
    async with open_stepper(ground.dsn) as stepper:
        for name, deal in MATCHES.items():
            if not full and name in MANY:
                continue
            tallies[name] = _told(name, await every_order(ground, stepper, deal, Tree(stepping.commute)))
            if full and name in WHOLE:
                whole = f"{name}, none left out"
                tallies[whole] = _told(whole, await every_order(ground, stepper, deal, Tree()))
                assert tallies[whole].keys() == tallies[name].keys(), "what was left out came to something else"
        return tallies, stepper.conflicts


def _told(name: str, orders: Orders) -> Counter[str]:
    print(f"{name}: {orders.count} orders, {orders.verdicts}", file=sys.stderr, flush=True)
    for word in FAULTS:
        if word in orders.stories:
            print(f"{word}: {orders.stories[word]}", file=sys.stderr, flush=True)
    return Counter(orders.verdicts)


def _even(contest: Contest, tally: Counter[str]) -> bool:
    """A race that one side always wins is none."""
    return min(tally[contest.left], tally[contest.right]) * 20 >= tally.total()


async def _apply(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql)
    await connection.close()


@contextmanager
def _database() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="threadline-races-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # PostgreSQL runs as somebody else then
    try:
        with embedded.start(folder, settings=SETTINGS) as server:
            yield server.dsn
    finally:
        embedded.destroy(folder)
        shutil.rmtree(folder)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    parser.add_argument("--n", type=int, default=200, metavar="N", help="races of each of the two great contests")
    parser.add_argument("--seed", type=int, metavar="S", help="chance as in another run; timing is the machine's")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
