"""Decides what is said of a server whose tree of actors is shown: that it runs, says nothing, or is gone."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class Life(StrEnum):
    RUNNING = "running"
    SILENT = "silent"  # its lease ran out, and nobody has taken it over: it may come back
    TAKEN_OVER = "taken_over"  # it may not come back
    GONE = "gone"  # it ended in order, or its process is no more


def life_of(left_at: datetime | None, fenced_at: datetime | None, silent_s: float) -> Life:
    """*silent_s*: seconds since its lease ran out, 0 while it has one. What was taken over and then ended is gone.

    >>> life_of(None, None, 0.0), life_of(None, None, 0.1)
    (<Life.RUNNING: 'running'>, <Life.SILENT: 'silent'>)
    """
    if left_at is not None:
        return Life.GONE
    if fenced_at is not None:
        return Life.TAKEN_OVER
    return Life.SILENT if silent_s > 0 else Life.RUNNING
