"""Decides which fault comes next, how long it lasts, and what a run must have had of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

Kind = Literal[
    "kill", "still", "no_database", "no_redis", "flush", "rolling", "backends", "restart", "crash", "failover"
]

OF_NODES: Final[Sequence[Kind]] = ("kill", "still", "no_database", "no_redis", "flush", "rolling")
"""A node dies, stands still, or is cut from PostgreSQL or Redis; Redis is emptied; all are replaced in turn."""
OF_THE_DATABASE: Final[Sequence[Kind]] = ("failover", "backends", "restart", "crash")
"""Its standby takes over, some connections are ended, it is restarted in order, or killed and started."""

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 60.0
_LASTING: Final = frozenset({"still", "no_database", "no_redis"})
SILENT: Final = 0.6  # share of cuts in which nothing is heard, instead of a reset
RUNS_OVER: Final = 3  # times the pause between two faults, at most


@dataclass(frozen=True, slots=True)
class Fault:
    """*lasts_s* is 0 of what is over at once. *silent*: of a cut."""

    kind: Kind
    lasts_s: float = 0.0
    silent: bool = False


class Plan:
    """*count* faults of *kinds*, each about as often, in any order. They last up to three pauses, and so overlap."""

    def __init__(self, kinds: Sequence[Kind], count: int, every_s: float, rng: Random) -> None:
        self._kinds, self._count, self._rng = kinds, count, rng
        self._longest_s = min(LONGEST_S, RUNS_OVER * every_s)

    def __iter__(self) -> Iterator[Fault]:
        turn: list[Kind] = []
        for _ in range(self._count):
            if not turn:
                turn = [*self._kinds]
                self._rng.shuffle(turn)
            yield self._fault(turn.pop())

    def _fault(self, kind: Kind) -> Fault:
        if kind not in _LASTING:
            return Fault(kind)
        lasts_s = self._rng.uniform(SHORTEST_S, max(SHORTEST_S, self._longest_s))
        return Fault(kind, lasts_s, kind != "still" and self._rng.random() < SILENT)


def shortcomings(struck: Mapping[str, int], kinds: Sequence[Kind], count: int) -> list[str]:
    """What a run had too few of, in sentences: each kind at least half as often as its share."""
    told = Counter(struck)
    wrong = [] if told.total() >= count else [f"{told.total()} faults instead of {count}."]
    least = count // len(kinds) // 2
    return wrong + [f"{kind} came {told[kind]} times only." for kind in kinds if told[kind] < least]
