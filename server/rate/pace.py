"""Owns the pace of one number: two buckets, its waiting rows, and how far a carrier has slowed it.

The first bucket hands out instants. The second is charged by what really leaves, just before the first byte: a sender
that is late pushes those behind it, and departures never bunch, whatever the first bucket had promised. What is on its
way between the two is known, so promises are pushed back as soon as the wire falls behind them.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from server.domain.bucket import Bucket, burst_just_spent, not_before, take, with_rate
from server.ports import DueRow
from server.rate.lanes import Lanes
from server.rate.stats import NumberStats, Tally

# A 429 halves the rate; each five quiet seconds give a twentieth back: from half to full in 50 s.
_SLOWER: Final = 0.5
_SLOWEST: Final = 1 / 16
_RECOVERY_STEP: Final = 0.05
_RECOVERY_EVERY_S: Final = 5.0
_SAME_429_S: Final = 1.0  # requests in flight together are refused together: that is one refusal, not ten
_RETRY_AFTER_AT_MOST_S: Final = 300.0  # a carrier's slip in Retry-After must not silence a number for a day
_ROUNDING_S: Final = 1e-6  # who has slept what was asked must not be sent to sleep for a rounding error again


class Pace:
    """One number. Times are monotonic seconds; costs are segments. Starts as if the burst had just been spent."""

    def __init__(self, number_id: int, rate: float, burst: float, now: float) -> None:
        """A number that grants *rate* segments/s; 0 means paused."""
        self.number_id = number_id
        self.lanes = Lanes()
        self.version = 0  # tells the schedule's newest entry for this number from older ones
        self._configured = rate
        self._burst = burst
        self._factor = 1.0
        self._changed_at = -math.inf
        self._promised = burst_just_spent(rate, burst, now)
        self._wire = self._promised
        self._on_their_way = 0
        self._tally = Tally(now)

    @property
    def rate(self) -> float:
        """What is granted now, in segments/s."""
        return self._promised.rate

    def next_instant(self, now: float) -> float:
        """When the next row may leave; `inf` while paused or where nobody waits."""
        row = self.lanes.head()
        return math.inf if row is None else now + take(self._promised, row.cost, now)[1]

    def grant(self, now: float) -> tuple[DueRow, float]:
        """Take the next row and reserve its instant. Raises IndexError where nobody waits."""
        row = self.lanes.pop()
        self._promised, wait_s = take(self._promised, row.cost, now)
        self._on_their_way += row.cost
        return row, now + wait_s

    def settle(self, cost: int) -> None:
        """A granted row is no longer on its way: it left, or it will not."""
        self._on_their_way -= cost

    def depart(self, cost: int, now: float) -> float:
        """0.0 and the departure is recorded; or the seconds still to wait (`inf` while paused), and nothing is."""
        wire, wait_s = take(self._wire, cost, now)
        if wait_s > _ROUNDING_S:
            return wait_s
        self._wire = wire
        self._tally.add(cost, now)
        return 0.0

    def catch_up(self) -> bool:
        """Push the promises behind the wire and what is on its way to it; True where that changed them."""
        if self.rate == 0:
            return False
        behind_wire = self._wire.ready_at + self._on_their_way / self.rate
        if behind_wire <= self._promised.ready_at + _ROUNDING_S:
            return False
        self._promised = replace(self._promised, ready_at=behind_wire)
        return True

    def set_rate(self, rate: float, burst: float, now: float) -> bool:
        """Change the configured pace; False where it is the same. A carrier's slowing stays."""
        if (rate, burst) == (self._configured, self._burst):
            return False
        self._configured, self._burst = rate, burst
        self._apply(now)
        return True

    def throttled(self, retry_after_s: float | None, now: float) -> None:
        """The carrier said 429: nothing leaves for *retry_after_s* (default 1 s), then at half the rate, recovering."""
        if now - self._changed_at >= _SAME_429_S or self._factor == 1.0:
            self._factor = max(_SLOWEST, self._factor * _SLOWER)
            self._apply(now)
        pause_s = 1.0 if retry_after_s is None else min(max(0.0, retry_after_s), _RETRY_AFTER_AT_MOST_S)
        self._changed_at = now + pause_s
        self._both(lambda bucket: not_before(bucket, now + pause_s))

    def recover(self, now: float) -> bool:
        """Give back part of what a 429 took, where it is time; True where the rate changed."""
        steps = int((now - self._changed_at) / _RECOVERY_EVERY_S) if self._factor < 1.0 else 0
        if steps <= 0:
            return False
        self._factor = min(1.0, self._factor + steps * _RECOVERY_STEP)
        self._changed_at += steps * _RECOVERY_EVERY_S
        self._apply(now)
        return True

    def stats(self, now: float) -> NumberStats:
        """The pace as people are told."""
        instant = self.next_instant(now)
        next_in_s = None if instant == math.inf else instant - now
        lasts_s = self.lanes.segments / self.rate if self.rate else None
        return NumberStats(
            number_id=self.number_id,
            waiting=self.lanes.depth(),
            segments_waiting=self.lanes.segments,
            on_their_way=self._on_their_way,
            rate=self.rate,
            configured_rate=self._configured,
            achieved_rate=self._tally.rate(now),
            next_in_s=next_in_s,
            eta_s=None if next_in_s is None or lasts_s is None else next_in_s + lasts_s,
        )

    def _apply(self, now: float) -> None:
        self._both(lambda bucket: with_rate(bucket, self._configured * self._factor, self._burst, now))

    def _both(self, change: Callable[[Bucket], Bucket]) -> None:
        self._promised, self._wire = change(self._promised), change(self._wire)
