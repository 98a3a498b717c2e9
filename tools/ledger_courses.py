"""What was answered while campaigns ran, as whoever asked wrote it down: from when on nothing of one might leave.

JSON lines: `stopped` (a pause or a cancel was answered, and nobody had asked to let it go on), `reworded` (a change of
its words was answered) and `night` (numbers whose quiet hours end at a moment). Times are CLOCK_MONOTONIC's, as the
carrier's.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stopped:
    campaign_id: int
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Reworded:
    """From then on its texts bear these words, or later ones."""

    campaign_id: int
    words: int
    from_s: float


@dataclass(frozen=True, slots=True)
class Night:
    """Nothing in bulk may reach numbers that begin with *prefix* before then."""

    prefix: str
    until_s: float


@dataclass(frozen=True, slots=True)
class Courses:
    stopped: Sequence[Stopped] = ()
    reworded: Sequence[Reworded] = ()
    nights: Sequence[Night] = ()

    def told(self) -> dict[str, int]:
        return {"stopped": len(self.stopped), "reworded": len(self.reworded), "nights": len(self.nights)}


def read_courses(path: Path) -> Courses:
    """Raises OSError."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return Courses(
        [
            Stopped(one["campaign"], one["from_s"], math.inf if one["until_s"] is None else one["until_s"])
            for one in lines
            if one["t"] == "stopped"
        ],
        [Reworded(one["campaign"], one["words"], one["from_s"]) for one in lines if one["t"] == "reworded"],
        [Night(one["prefix"], one["until_s"]) for one in lines if one["t"] == "night"],
    )
