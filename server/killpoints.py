"""Named points at which a crash run ends this process with SIGKILL, so that no finally, no flush and no handler runs.

`THREADLINE_KILL_AT=point:n` dies at the n-th time that the point is reached, `point:n:stop` stands still there until
somebody sends SIGCONT, as a starved machine or a debugger makes it do; it is read once, and the composition root
refuses it outside of simulated workspaces. In ordinary life `reach` is one dictionary look-up in an empty dictionary.
"""

from __future__ import annotations

import os
import signal
from typing import Final

POINTS: Final = (
    "t1_before", "t1_committed", "t2_before", "t2_committed", "t3_before", "t3_committed",
    "looked", "journal_written", "first_byte", "answered", "t4_before", "t4_committed", "t5_before", "t5_committed",
)  # fmt: skip

BULK_POINTS: Final = ("bulk_piece", "bulk_launched", "bulk_queued")  # reached only where somebody writes to many

CAMPAIGN_POINTS: Final = (
    "campaign_piece", "campaign_begun", "campaign_queued", "campaign_stopping", "campaign_stopped",
    "campaign_taken_back", "campaign_ending", "campaign_ended",
)  # fmt: skip
HOOK_POINTS: Final = ("events_numbered", "hook_claimed", "hook_answered", "hook_settled")  # where a webhook is wanted
ALL_POINTS: Final = (*POINTS, *BULK_POINTS, *CAMPAIGN_POINTS, *HOOK_POINTS)

_armed: dict[str, int] = {}
_signals: dict[str, signal.Signals] = {}


def arm(setting: str | None) -> None:
    """Take `point:n` or `point:n:stop` from the environment; a point that does not exist is a ValueError."""
    _armed.clear()
    if not setting:
        return
    point, count, how = (*setting.split(":"), "", "")[:3]
    if point not in ALL_POINTS:
        raise ValueError(f"there is no kill point {point!r}; there are {', '.join(ALL_POINTS)}")
    if how not in ("", "stop"):
        raise ValueError(f"a process can stop at a kill point, not {how!r}")
    _armed[point] = int(count or 1)
    _signals[point] = signal.SIGSTOP if how else signal.SIGKILL


def reach(point: str) -> None:
    """Die or stand still here if this is the armed point's turn."""
    if point in _armed:
        _armed[point] -= 1
        if _armed[point] <= 0:
            del _armed[point]
            os.kill(os.getpid(), _signals[point])
