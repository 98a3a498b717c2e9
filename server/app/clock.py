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

    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def real(self) -> datetime:
        return datetime.now(UTC)
