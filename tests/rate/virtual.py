"""Virtual time for the pacer: what leaves when, with senders as late as the test wants them."""

import heapq
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.rate.pacer import Grant, Pacer


@dataclass(frozen=True, slots=True)
class Left:
    """The first byte of a granted row left *at*, after *asked* questions."""

    grant: Grant
    at: float
    asked: int


def run(
    pacer: Pacer,
    until: float,
    late_s: Callable[[], float] = lambda: 0.0,
    arrivals: Callable[[float], None] | None = None,
) -> list[Left]:
    """Let time pass from 0 to *until*; each sender comes *late_s()* after the time it was told, every time.

    *arrivals* is called with the time at each step, before the pacer is asked.
    """
    left: list[Left] = []
    senders: list[tuple[float, int, Grant, int]] = []
    now, serial = 0.0, 0
    while now <= until:
        if arrivals:
            arrivals(now)
        for grant in pacer.due(now):
            serial += 1
            heapq.heappush(senders, (max(now, grant.instant) + late_s(), serial, grant, 1))
        while senders and senders[0][0] <= now:
            _, number, grant, asked = heapq.heappop(senders)
            if wait_s := pacer.depart(grant, now):
                if wait_s < math.inf:
                    heapq.heappush(senders, (now + wait_s + late_s(), number, grant, asked + 1))
            else:
                left.append(Left(grant, now, asked))
        now = max(math.nextafter(now, math.inf), _next(pacer, senders, now, stepping=arrivals is not None))
    return left


def jitter(at_most_s: float, seed: int) -> Callable[[], float]:
    """Lateness between 0 and *at_most_s*, the same in each run of a test."""
    chance = random.Random(seed)  # noqa: S311  # lateness, not a secret
    return lambda: chance.random() * at_most_s


def _next(pacer: Pacer, senders: Sequence[tuple[float, int, Grant, int]], now: float, *, stepping: bool) -> float:
    wake_at = pacer.wake_at()
    moments = [senders[0][0]] if senders else []
    moments += [] if wake_at is None else [wake_at]
    moments += [now + 0.01] if stepping or not moments else []
    return min(moments)


def worst_excess(departures: Sequence[tuple[float, int]], rate: float, burst: float) -> float:
    """By how many segments the worst window, between departures, breaks rate · w + max(burst, largest cost)."""
    worst = -math.inf
    for first, (begins, _) in enumerate(departures):
        total = largest = 0
        for ends, cost in departures[first:]:
            total, largest = total + cost, max(largest, cost)
            worst = max(worst, total - rate * (ends - begins) - max(burst, largest))
    return worst
