"""Owns the pace of one limit that several servers share: as a limit of one's own, within the stretches that are held.

Nothing leaves outside of them, nor what they do not cover, nor so late that the bucket would not be full again where
the stretch ends. What is lacking is asked for where a row waits for it, and for no more than that row needs.
"""

from __future__ import annotations

import math
from typing import Final

from server.domain.bucket import Bucket, instant_for
from server.domain.lease import DRIFT, MICRO, SLICE_S, Reading, Stretch, joined, ours
from server.ports.leases import Ask
from server.rate.limit import ROUNDING_S, Limit
from server.rate.stream import LimitKey

_SOON_S: Final = {"account": 0.050, "registration": 0.051, "campaign": 0.052, "number": 0.053}
"""What is lacking may be there soon: too far off to grant anything for it, near enough to look again. What most share
comes last, when all else is there: what is held of it meanwhile, nobody else has."""
T3_S: Final = 0.060
"""From the grant's instant to the first byte, mostly: what is later than its stretch has taken two transactions."""
LAPSES_S: Final = 0.020
"""From the last look at the limits to the first byte, at most."""


class LeasedLimit(Limit):
    """`asked` is under way: the ask, and how many segments it is to cover."""

    __slots__ = ("_asked", "_held", "_pause_s", "_short")

    def __init__(self, key: LimitKey, rate: float, burst: float, now: float) -> None:
        """Nothing is held."""
        super().__init__(key, rate, burst, now)
        self._held: tuple[Stretch, ...] = ()
        self._short = 0
        self._pause_s = 0.0
        self._asked: tuple[Ask, int] | None = None

    def instant(self, cost: int, now: float) -> float:
        if self.rate == 0:
            return math.inf
        at = self._within(self._promised, cost, now, T3_S)
        return now + _SOON_S[self.key.kind] if at is None else at

    def wait_s(self, cost: int, now: float) -> float:
        at = None if self.rate == 0 else self._within(self._wire, cost, now, LAPSES_S)
        if at is None:
            return math.inf
        return at - now if at - now > ROUNDING_S else 0.0

    def _within(self, bucket: Bucket, cost: int, now: float, spare_s: float) -> float | None:
        for stretch in self._held:
            if cost > stretch.covers:
                continue
            at = instant_for(bucket, cost, max(now, stretch.begins))
            full_at = max(bucket.ready_at, at) + cost / bucket.rate
            if full_at + LAPSES_S <= stretch.ends and at + spare_s <= stretch.ends:
                return at
        return None

    def wanted(self, cost: int, now: float) -> bool:
        if self.rate == 0 or self._within(self._promised, cost, now, T3_S) is not None:
            return False
        self._short = max(self._short, cost)
        return self._asked is None

    def throttled(self, retry_after_s: float | None, now: float) -> None:
        super().throttled(retry_after_s, now)
        self._pause_s = max(self._pause_s, self._changed_at - now)

    @property
    def lacks(self) -> bool:
        """Whether `ask` has something to ask for."""
        return self._asked is None and self._configured > 0 and (self._short > 0 or self._pause_s > 0)

    def ask(self, slow_s: float) -> Ask:
        """What is to be asked for now, of a book that takes *slow_s* to answer; once until it is answered.

        A pause is a stretch that nobody uses.
        """
        cost, needs_s = self._short, self._short / (self.rate or self._configured)
        length_s = self._pause_s or needs_s * (1 + 3 * DRIFT) + SLICE_S + slow_s
        debt_s = max(self._burst, cost) / self._configured
        ask = Ask(":".join(map(str, self.key)), math.ceil(length_s * MICRO), math.ceil(debt_s * MICRO))
        self._asked = ask, 0 if self._pause_s else cost
        self._short, self._pause_s = self._short if self._pause_s else 0, 0.0
        return ask

    def answered(self, begins: int, reading: Reading) -> None:
        """The book gave what was asked for."""
        if self._asked is None:
            return
        (ask, covers), self._asked = self._asked, None
        if covers:
            new = ours(begins, ask.length, covers, reading)
            self._held = joined(self._held, new, begins, reading.answered_at)

    def unanswered(self) -> None:
        """Whatever the book gave is burnt. Who still waits asks again."""
        self._asked = None
