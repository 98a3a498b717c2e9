"""Where a text to many is killed: while it is launched, when some of it was queued, and anywhere on its way."""

from __future__ import annotations

from collections import Counter
from itertools import cycle, islice
from random import Random
from typing import Final

from server.killpoints import BULK_POINTS, POINTS
from tests.crash.plan import Plan

AT_LAUNCH: Final = ("bulk_piece", "bulk_launched")  # each is over once the launch is
QUEUED: Final = "bulk_queued"
_BETWEEN: Final = 5  # other points between two times that what was queued dies
EACH_HIT: Final = 6  # kills from which on each point of the bulk's own has to be hit
_LAST_SHARE: Final = 0.85  # of the work done when the last kill comes: later nobody is left to be queued


class BulkPlan(Plan):
    """Half of the kills are at points, beginning with those of the bulk's own; the rest come at random."""

    def __init__(self, kills: int, rng: Random) -> None:  # no super: other kinds, and an order of its own
        self._rng = rng
        self.missed: Counter[str] = Counter()
        named = kills // 2
        first = [self._named(point, nth=1) for point in AT_LAUNCH[:named]]
        points = islice(cycle((QUEUED, *rng.sample(POINTS, _BETWEEN))), named - len(first))
        second, *later = [
            *(self._named(point, nth=1) for point in points),
            *(self._random() for _ in range(kills - named)),
        ]
        rng.shuffle(later)
        self._ahead = self._with_losses([*first, second, *later], kills)


def share_before(nth: int, kills: int) -> float:
    """The share of the work that is done before kill *nth*, counted from 0; the launch is killed before any is."""
    return 0.0 if nth < len(AT_LAUNCH) else _LAST_SHARE * (nth - len(AT_LAUNCH) + 1) / max(1, kills - len(AT_LAUNCH))


def missing(killed_at: Counter[str], kills: int) -> list[str]:
    """What the kills of a run fall short of, in sentences."""
    wrong = [] if killed_at.total() == kills else [f"{killed_at.total()} kills instead of {kills}."]
    if kills >= EACH_HIT:
        wrong += [f"{point} was never hit." for point in BULK_POINTS if not killed_at[point]]
    return wrong
