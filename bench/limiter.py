"""How exactly the limiter paces, and how many grants it gives: 50 waiters at 10/s and at 100/s on a real clock.

`achieved` is the share of the rate that 50 departures took (from the start, whose burst counts as spent); `most` the
departures in the fullest window in which the rate allows ten; `unevenness` the largest gap between two departures over
the smallest. Interleaved with pyrate-limiter and aiolimiter where they are installed
(`bench/peers/limiters/requirements.txt`), medians of the runs. `grants_per_s` is one CPU's: each row offered, granted
and departed, under a number alone and under the whole hierarchy (number, account, registered campaign, marketing
campaign, brand's day). Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Any, Final

import trio

from server.domain.bucket import sensible_burst
from server.domain.limits import Allowance
from server.ports import BrandDay, CampaignPace, DueRow, LimitBook, Number, Registration
from server.rate.limiter import Limiter
from server.rate.pacer import Pacer

WAITERS: Final = 50
Run = Callable[[float], list[float]]


def threadline(rate: float) -> list[float]:
    """When each of the waiters left, in seconds since the start."""

    async def run() -> list[float]:
        limiter, left, began = Limiter(1), list[float](), trio.current_time()
        limiter.set_rate(1, rate, sensible_burst(rate))
        limiter.offer([DueRow(n, 1, 2, 1, None) for n in range(WAITERS)])
        while len(left) < WAITERS:
            for grant in await limiter.grants():
                await trio.sleep_until(grant.instant)
                while wait_s := limiter.depart(grant, trio.current_time()):  # noqa: ASYNC110 - as a sender asks
                    await trio.sleep(wait_s)
                left.append(trio.current_time() - began)
        return left

    return trio.run(run)


def aiolimiter(rate: float) -> list[float]:
    from aiolimiter import AsyncLimiter  # type: ignore[import-not-found]  # a peer, installed for the bench only

    async def run() -> list[float]:
        limiter, left, began = AsyncLimiter(rate, 1.0), list[float](), time.perf_counter()

        async def wait() -> None:
            await limiter.acquire()
            left.append(time.perf_counter() - began)

        await asyncio.gather(*(wait() for _ in range(WAITERS)))
        return left

    return asyncio.run(run())


def pyrate(rate: float) -> list[float]:
    import pyrate_limiter as peer

    async def run() -> list[float]:
        limiter = peer.Limiter(peer.InMemoryBucket([peer.Rate(int(rate), peer.Duration.SECOND)]))
        left, began = list[float](), time.perf_counter()

        async def wait() -> None:
            while not await _acquired(limiter.try_acquire("number", blocking=False)):  # noqa: ASYNC110 - it rings no bell
                await asyncio.sleep(0.001)
            left.append(time.perf_counter() - began)

        await asyncio.gather(*(wait() for _ in range(WAITERS)))
        return left

    return asyncio.run(run())


async def _acquired(told: Any) -> bool:
    return bool(await told if asyncio.iscoroutine(told) else told)


def figures(left: Sequence[float], rate: float) -> dict[str, float]:
    gaps = [later - earlier for earlier, later in pairwise(left)]
    window_s = 10 / rate
    most = max(sum(begins <= at < begins + window_s for at in left) for begins in left)
    return {
        "achieved": WAITERS / left[-1] / rate,
        "most": float(most),
        "unevenness": max(gaps) / max(min(gaps), 1e-6),
    }


def grants_per_s(book: LimitBook, numbers: int, rows: int) -> float:
    """Rows offered, granted and departed for each second of CPU."""
    pacer, now, following, left = Pacer(1), 10.0, 0, 0
    pacer.configure(book, 0.0, 1e9)
    began = time.process_time()
    while left < rows:
        pacer.offer([DueRow(n, 1 + n % numbers, 2, 1, 1 + n % 3) for n in range(following, following + 256)], now)
        following += 256
        for day in pacer.wants(now):
            pacer.credit(day, 10**6, now, spent=False)
        while grants := pacer.due(now):
            left += sum(pacer.depart(grant, max(now, grant.instant)) == 0.0 for grant in grants)
            now = max(now, grants[-1].instant)
        now = max(now, (pacer.wake_at() or now) + 0.02)
    return left / (time.process_time() - began)


def books(numbers: int) -> dict[str, LimitBook]:
    own = [Number(n, 1, 1, f"+1202555010{n}", 20_000.0, 100, 1) for n in range(1, numbers + 1)]
    fast = Allowance(50_000.0, 100)
    return {
        "number": LimitBook(own),
        "hierarchy": LimitBook(
            own,
            {1: fast},
            {1: Registration("CMP1", 1, {"att": Allowance(60_000.0, 100), "tmobile": fast})},
            {n: CampaignPace(20_000.0) for n in (1, 2, 3)},
            {1: BrandDay("Brand", 10**9, frozenset({"unknown"}))},
            date(2026, 3, 10),
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run at 100/s")
    asked = parser.parse_args()
    peers: dict[str, Run] = {"pyrate_limiter": pyrate, "aiolimiter": aiolimiter}
    installed = {name: run for name, run in peers.items() if importlib.util.find_spec(name)}
    contenders: dict[str, Run] = {"threadline": threadline, **installed}
    told: dict[str, Any] = {"bench": "limiter"}
    for rate, runs in ((100.0, 1),) if asked.quick else ((10.0, 3), (100.0, 7)):
        found: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
        for _ in range(runs):
            for name, run in contenders.items():
                found[name].append(figures(run(rate), rate))
        told[f"at_{rate:.0f}"] = {
            name: {key: round(median(one[key] for one in all_runs), 3) for key in all_runs[0]}
            for name, all_runs in found.items()
        }
    rows = 5_000 if asked.quick else 30_000
    told["grants_per_s"] = {
        name: round(median(grants_per_s(book, 4, rows) for _ in range(1 if asked.quick else 5)))
        for name, book in books(4).items()
    }
    told["machine_load"] = round(os.getloadavg()[0], 2)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
