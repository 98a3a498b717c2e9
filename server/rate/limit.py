"""Owns the pace of one limit: two buckets, what is on its way between them, and how far a carrier has slowed it.

The first bucket hands out instants. The second is charged by what really leaves, just before the first byte: a sender
that is late pushes those behind it, and departures never bunch, whatever the first bucket had promised. What is on its
way between the two is known, so promises are pushed back as soon as the wire falls behind them.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from server.domain.bucket import Bucket, burst_just_spent, charged, instant_for, not_before, with_rate
from server.rate.order import Order
from server.rate.stats import LimitStats, Tally
from server.rate.stream import LimitKey, Stream

# A 429 halves the rate; each five quiet seconds give a twentieth back: from half to full in 50 s.
_SLOWER: Final = 0.5
_SLOWEST: Final = 1 / 16
_RECOVERY_STEP: Final = 0.05
_RECOVERY_EVERY_S: Final = 5.0
_SAME_429_S: Final = 1.0  # requests in flight together are refused together: that is one refusal, not ten
_RETRY_AFTER_AT_MOST_S: Final = 300.0  # a carrier's slip in Retry-After must not silence a number for a day
ROUNDING_S: Final = 1e-6  # who has slept what was asked must not be sent to sleep for a rounding error again


class Limit:
    """Segments per second in every window. Starts as if the burst had just been spent."""

    __slots__ = (
        "_burst", "_changed_at", "_configured", "_factor", "_on_their_way", "_promised", "_tally", "_wire", "key",
        "order", "planned_at", "version",
    )  # fmt: skip

    def __init__(self, key: LimitKey, rate: float, burst: float, now: float) -> None:
        """A limit of *rate* segments/s; 0 means paused."""
        self.key, self.order = key, Order[Stream]()
        self.version, self.planned_at = 0, math.inf
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

    def instant(self, cost: int, now: float) -> float:
        return instant_for(self._promised, cost, now)

    def reserve(self, cost: int, at: float) -> None:
        self._promised = charged(self._promised, cost, at)
        self._on_their_way += cost

    def release(self, cost: int) -> None:
        self._on_their_way -= cost

    def wait_s(self, cost: int, now: float) -> float:
        wait_s = instant_for(self._wire, cost, now) - now
        return wait_s if wait_s > ROUNDING_S else 0.0

    def depart(self, cost: int, now: float) -> None:
        self._wire = charged(self._wire, cost, now)
        self._on_their_way -= cost
        self._tally.add(cost, now)

    def catch_up(self) -> bool:
        if self.rate == 0:
            return False
        behind_wire = self._wire.ready_at + self._on_their_way / self.rate
        if behind_wire <= self._promised.ready_at + ROUNDING_S:
            return False
        self._promised = replace(self._promised, ready_at=behind_wire)
        return True

    def wanted(self, cost: int, now: float) -> bool:
        return False

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
        steps = int((now - self._changed_at) / _RECOVERY_EVERY_S) if self._factor < 1.0 else 0
        if steps <= 0:
            return False
        self._factor = min(1.0, self._factor + steps * _RECOVERY_STEP)
        self._changed_at += steps * _RECOVERY_EVERY_S
        self._apply(now)
        return True

    def stats(self, now: float) -> LimitStats:
        """The pace as people are told; who waits is the pacer's to add."""
        steps = math.ceil((1.0 - self._factor) / _RECOVERY_STEP - ROUNDING_S)
        return LimitStats(
            kind=self.key.kind,
            id=self.key.id,
            carrier=self.key.carrier,
            rate=self.rate,
            configured_rate=self._configured,
            burst=self._burst,
            achieved_rate=self._tally.rate(now),
            on_their_way=self._on_their_way,
            slowed_for_s=self._changed_at + steps * _RECOVERY_EVERY_S - now if steps else None,
        )

    def _apply(self, now: float) -> None:
        self._both(lambda bucket: with_rate(bucket, self._configured * self._factor, self._burst, now))

    def _both(self, change: Callable[[Bucket], Bucket]) -> None:
        self._promised, self._wire = change(self._promised), change(self._wire)
