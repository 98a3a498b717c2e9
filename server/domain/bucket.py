"""Token-bucket arithmetic without tokens: GCRA, one number per bucket, and time passed in.

In every window of w seconds the cost that departs is at most rate · w + max(burst, the largest cost in it). Rates are
in segments per second, costs and bursts in segments, times in seconds on any one monotonic scale.
"""

import math
from dataclasses import dataclass, replace


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
    if bucket.rate == 0:
        return bucket, math.inf
    spacing = cost / bucket.rate
    full_at = max(bucket.ready_at, now)
    instant = max(now, full_at - max(0.0, bucket.burst - cost) / bucket.rate, bucket.floor_at + spacing)
    return replace(bucket, ready_at=full_at + spacing, floor_at=bucket.floor_at + spacing), instant - now


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
