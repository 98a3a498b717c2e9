"""What the limiter tells about itself: queues, pace, and when the last of those who wait will have left."""

from collections import deque
from dataclasses import dataclass
from typing import Final

_SPAN_S: Final = 10


@dataclass(frozen=True, slots=True)
class NumberStats:
    """One number's pace. `waiting` counts rows: answers, people's, bulk. `next_in_s` and `eta_s` are None while paused.

    `rate` is what is granted now (segments/s), below `configured_rate` after a carrier's 429; `achieved_rate` is what
    left during the last 10 s.
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


@dataclass(frozen=True, slots=True)
class LimiterStats:
    """All numbers' paces, under which authority."""

    epoch: int
    numbers: tuple[NumberStats, ...]


class Tally:
    """Segments that left during the last 10 s and the second that has begun, by whole seconds."""

    def __init__(self, since: float) -> None:
        """Nothing has left; counting begins at *since*."""
        self._since = since
        self._seconds: deque[tuple[int, int]] = deque()

    def add(self, segments: int, now: float) -> None:
        """Count *segments* that left at *now*."""
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            segments += self._seconds.pop()[1]
        self._seconds.append((second, segments))
        self._forget(now)

    def rate(self, now: float) -> float:
        """Segments per second up to *now*; over less than 10 s where counting began later."""
        self._forget(now)
        return sum(segments for _, segments in self._seconds) / max(1.0, now - max(self._since, int(now) - _SPAN_S))

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] < int(now) - _SPAN_S:
            self._seconds.popleft()
