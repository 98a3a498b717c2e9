"""Decides where a run kills the server: half at named points, each equally often, half at random moments."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

from server.killpoints import POINTS

RANDOM: Final = "random"
LONG_RUN: Final = 130  # from here on half of the kills suffice for five at each point
_OFTEN: Final = 5
_STARTING: Final = 0.2  # share of random kills that do not wait until the server is ready
_LONGEST_S: Final = 1.4


@dataclass(frozen=True, slots=True)
class Kill:
    """*at* a point, the *nth* time that it is reached, or at `random`: *after_s* from being ready or from the start."""

    at: str
    nth: int = 1
    after_s: float = 0.0
    starting: bool = False

    @property
    def setting(self) -> str | None:
        return None if self.at == RANDOM else f"{self.at}:{self.nth}"


class Plan:
    """The kills to come. A point that was not reached takes the place of a random kill later on."""

    def __init__(self, kills: int, rng: Random) -> None:
        self._rng = rng
        points = rng.sample(POINTS, len(POINTS))
        named = [points[i % len(points)] for i in range(kills // 2)]
        self._ahead = [self._named(point) for point in named]
        self._ahead += [self._random() for _ in range(kills - len(named))]
        rng.shuffle(self._ahead)
        self.missed: Counter[str] = Counter()

    def __iter__(self) -> Plan:
        return self

    def __next__(self) -> Kill:
        if not self._ahead:
            raise StopIteration
        return self._ahead.pop(0)

    def miss(self, kill: Kill) -> None:
        """*kill* did not happen where it should."""
        self.missed[kill.at] += 1
        for place, other in enumerate(self._ahead):
            if other.at == RANDOM:
                self._ahead[place] = Kill(kill.at)
                return

    def _named(self, point: str) -> Kill:
        # The sweep at each start goes through T1 with everything of the last minutes: webhooks come later.
        return Kill(point, self._rng.choice((1, 1, 2, 20) if point.startswith("t1") else (1, 1, 2)))

    def _random(self) -> Kill:
        return Kill(RANDOM, after_s=self._rng.uniform(0, _LONGEST_S), starting=self._rng.random() < _STARTING)


def shortcomings(killed_at: Counter[str], kills: int) -> list[str]:
    """What the kills of a run fall short of, in sentences."""
    if killed_at.total() != kills:
        return [f"{killed_at.total()} kills instead of {kills}."]
    if kills < LONG_RUN:
        return []
    return [f"{point} was hit {killed_at[point]} times only." for point in POINTS if killed_at[point] < _OFTEN]
