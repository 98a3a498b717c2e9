"""Token-bucket arithmetic without tokens: GCRA, one number per bucket, and time passed in.

In every window of w seconds the cost that departs is at most rate · w + max(burst, the largest cost in it). Rates are
in segments per second, costs and bursts in segments, times in seconds on any one monotonic scale.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

_LATE_S: Final = 0.050  # what wake-ups on a busy machine are late by, at most times


@dataclass(frozen=True, slots=True)
class Bucket:
    """`ready_at` is when the bucket is full again. `floor_at` rises by cost/rate and is never overtaken: see below."""

    rate: float
    burst: float
    ready_at: float
    floor_at: float = -math.inf

    def __post_init__(self) -> None:
        """Refuse rates and bursts that have no meaning; rate 0 means paused."""
        if not 0 <= self.rate < math.inf or not 0 <= self.burst < math.inf:
            raise ValueError(f"rate and burst must be finite and not negative: {self.rate}, {self.burst}")


def take(bucket: Bucket, cost: float, now: float) -> tuple[Bucket, float]:
    """Reserve *cost* segments and return the bucket with the seconds to wait before using them.

    A cost above the burst goes into debt and passes: it waits for a full bucket, leaves, and those behind it wait. A
    paused bucket stays as it is and answers `inf`. Whoever does not use what was reserved drops the returned bucket.

    >>> take(Bucket(rate=10.0, burst=1, ready_at=0.0), 1, now=0.0)[1]
    0.0
    >>> ten_owed, wait_s = take(Bucket(rate=10.0, burst=1, ready_at=0.0), 10, now=0.0)
    >>> wait_s, take(ten_owed, 1, now=0.0)[1]
    (0.0, 1.0)
    """
    instant = instant_for(bucket, cost, now)
    return (bucket, instant) if instant == math.inf else (charged(bucket, cost, now), instant - now)


def instant_for(bucket: Bucket, cost: float, now: float) -> float:
    """When *cost* segments may leave, not before *now*; `inf` while paused. Reserves nothing.

    >>> instant_for(Bucket(rate=10.0, burst=1, ready_at=7.0), 1, now=0.0)
    7.0
    """
    if bucket.rate == 0:
        return math.inf
    full_at = max(bucket.ready_at, now)
    room = max(0.0, bucket.burst - cost)
    return max(now, full_at - room / bucket.rate, bucket.floor_at + cost / bucket.rate)


def charged(bucket: Bucket, cost: float, at: float) -> Bucket:
    """The bucket after *cost* segments that leave no earlier than *at* and no earlier than it allows.

    A row under several limits leaves at the latest of their instants: each of them is charged as of that one, since a
    bucket that is full until then gives nothing for the time in between.
    """
    spacing = cost / bucket.rate
    return Bucket(bucket.rate, bucket.burst, max(bucket.ready_at, at) + spacing, bucket.floor_at + spacing)


def burst_just_spent(rate: float, burst: float, now: float) -> Bucket:
    """The bucket of an authority that does not know what its predecessor did: the first cost waits cost/rate.

    The predecessor may have gone into any debt at *now*, so a `ready_at` alone is no safe start: from here on all that
    departs adds up to at most rate · (time since *now*), until the bucket's own pace is the stricter one.

    >>> take(burst_just_spent(10.0, 5, now=0.0), 5, now=0.0)[1]
    0.5
    """
    return Bucket(rate, burst, ready_at=now, floor_at=now)


def with_rate(bucket: Bucket, rate: float, burst: float, now: float) -> Bucket:
    """The bucket at another pace: what it lacks stays lacking, in segments. After a pause its burst is spent."""
    if bucket.rate == 0 or rate == 0:
        return burst_just_spent(rate, burst, now)
    # A larger burst has to be earned; a smaller one gives nothing back, for what the larger one spent has left.
    lacking = max(0.0, bucket.ready_at - now) * bucket.rate + max(0.0, burst - bucket.burst)
    ahead = max(0.0, bucket.floor_at - now) * bucket.rate
    floor_at = now + ahead / rate if ahead else bucket.floor_at
    return Bucket(rate, burst, now + lacking / rate, floor_at)


def not_before(bucket: Bucket, instant: float) -> Bucket:
    """The bucket with nothing to give until *instant*, and then as if the burst had just been spent."""
    return replace(bucket, ready_at=max(bucket.ready_at, instant), floor_at=max(bucket.floor_at, instant))


def sensible_burst(rate: float) -> int:
    """The burst that late wake-ups do not cost *rate*. With 1 at 100 segments/s only 86 % were reached.

    A departure that is late pushes its successors; a burst lets them catch up within what the carrier allows.

    >>> sensible_burst(1), sensible_burst(10), sensible_burst(100)
    (1, 2, 5)
    """
    return 1 if rate < 10 else max(2, math.ceil(rate * _LATE_S))
