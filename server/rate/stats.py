"""What the limiter tells about itself: queues, pace, and when the last of those who wait will have left."""

from collections import deque
from dataclasses import dataclass
from typing import Final

_SPAN_S: Final = 10


@dataclass(frozen=True, slots=True)
class NumberStats:
    """One number's queues and pace. `waiting` counts rows: answers, people's, bulk.

    `rate` is what is granted now (segments/s), below `configured_rate` after a carrier's 429; `achieved_rate` is what
    left during the last 10 s. `next_in_s` and `eta_s` take all limits into account and are None where that is not
    known: paused, or waiting for another day.
    """

    number_id: int
    waiting: tuple[int, int, int]
    segments_waiting: int
    on_their_way: int
    rate: float
    configured_rate: float
    achieved_rate: float
    next_in_s: float | None
    eta_s: float | None
    slowed_for_s: float | None = None


@dataclass(frozen=True, slots=True)
class LimitStats:
    """One limit of any kind. `slowed_for_s`: a 429 slowed it, and so long from now it will be back at its full rate.

    `waiting` counts the rows under it, by lane; `held_up` those of them for which this limit is the one that lets them
    go last.
    """

    kind: str
    id: int
    carrier: str
    rate: float
    configured_rate: float
    burst: float
    achieved_rate: float
    on_their_way: int
    slowed_for_s: float | None
    waiting: tuple[int, int, int] = (0, 0, 0)
    segments_waiting: int = 0
    held_up: int = 0
    next_in_s: float | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class DayStats:
    """A brand's day in segments. `cap` None: it has none, but the carrier has said that the day is used up."""

    brand_id: int
    cap: int | None
    used: int
    left: int
    spent: bool
    resets_in_s: float
    waiting: tuple[int, int, int] = (0, 0, 0)
    segments_waiting: int = 0
    held_up: int = 0


@dataclass(frozen=True, slots=True)
class LimiterStats:
    """All numbers' paces and all limits, under which authority."""

    epoch: int
    numbers: tuple[NumberStats, ...]
    limits: tuple[LimitStats, ...] = ()
    days: tuple[DayStats, ...] = ()


class Tally:
    """Segments that left during the last 10 s and the second that has begun, by whole seconds."""

    __slots__ = ("_seconds", "_since")

    def __init__(self, since: float) -> None:
        """Nothing has left; counting begins at *since*."""
        self._since = since
        self._seconds: deque[list[int]] = deque()

    def add(self, segments: int, now: float) -> None:
        """Count *segments* that left at *now*."""
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1][1] += segments
            return
        self._seconds.append([second, segments])
        self._forget(now)

    def rate(self, now: float) -> float:
        """Segments per second up to *now*; over less than 10 s where counting began later."""
        self._forget(now)
        return sum(segments for _, segments in self._seconds) / max(1.0, now - max(self._since, int(now) - _SPAN_S))

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] < int(now) - _SPAN_S:
            self._seconds.popleft()
