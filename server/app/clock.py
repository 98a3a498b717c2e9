"""The clock that the server runs by: monotonic, wall, real. A rehearsal may shift the wall, nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import trio

from server.domain.clock import offset


class SystemClock:
    """`ports.Clock`. `monotonic` is trio's time, so instants and sleeps are on one scale."""

    def __init__(self) -> None:
        self._shift = timedelta(0)

    def show(self, wall: datetime | None) -> None:
        """Let the wall show *wall* now and go on from there; None changes nothing."""
        if wall is not None:
            self._shift = offset(wall, self.real())

    @property
    def shift(self) -> timedelta:
        """What the wall shows beyond the real time."""
        return self._shift

    def show_shifted(self, shift: timedelta) -> None:
        """Let the wall show what that of another process shows."""
        self._shift = shift

    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def real(self) -> datetime:
        return datetime.now(UTC)
