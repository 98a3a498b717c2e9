"""Decides in which phase of a campaign the server dies, and how: at a point that the phase alone has, or at random.

Each phase has as many kills as the others. Who did not die in its phase does not count, and has another turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

Phase = Literal["build", "drip", "pause", "completion"]

PHASES: Final[tuple[Phase, ...]] = ("build", "drip", "pause", "completion")
RANDOM: Final = "random"
POINTS: Final[Mapping[Phase, tuple[str, ...]]] = {
    "build": ("campaign_piece", "campaign_begun"),
    "drip": (
        "campaign_queued", "t3_before", "t3_committed", "journal_written", "first_byte", "answered", "t4_committed",
        "t5_committed",
    ),
    "pause": ("campaign_stopping", "campaign_stopped", "campaign_taken_back"),
    "completion": ("campaign_ending", "campaign_ended"),
}  # fmt: skip
_LATEST_S: Final[Mapping[Phase, float]] = {"build": 0.08, "drip": 0.8, "pause": 0.2, "completion": 0.4}
_NTH: Final[Mapping[Phase, tuple[int, ...]]] = {
    "build": (1, 1, 2, 4), "drip": (1, 2, 9), "pause": (1,), "completion": (1,),
}  # fmt: skip
MISSES_FOR_EACH: Final = 1.0  # kill, until the run gives up


@dataclass(frozen=True, slots=True)
class Turn:
    """The server dies in *phase*: at *point*, the *nth* time that it is reached, or *after_s* from when it began."""

    phase: Phase
    point: str = RANDOM
    nth: int = 1
    after_s: float = 0.0

    @property
    def setting(self) -> str | None:
        return None if self.point == RANDOM else f"{self.point}:{self.nth}"


class PhasePlan:
    """*kills* turns, and another one for each that missed. The phases follow each other as in a campaign's life."""

    def __init__(self, kills: int, rng: Random) -> None:
        self._kills, self._rng = kills, rng
        self.hit: Counter[Phase] = Counter()
        self.missed: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Turn]:
        nth = 0
        while self.hit.total() < self._kills and self.missed.total() <= self._kills * MISSES_FOR_EACH:
            phase = PHASES[nth % len(PHASES)]
            nth += 1
            if self.hit[phase] < wanted(self._kills)[phase]:
                yield self._turn(phase)

    def _turn(self, phase: Phase) -> Turn:
        if self._rng.random() < 0.5:
            return Turn(phase, after_s=self._rng.uniform(0, _LATEST_S[phase]))
        point = self._rng.choice(POINTS[phase])
        return Turn(phase, point, 1 if point == "campaign_begun" else self._rng.choice(_NTH[phase]))


def wanted(kills: int) -> Mapping[Phase, int]:
    """How often each phase is to be hit in a run of so many kills."""
    each, more = divmod(kills, len(PHASES))
    return {phase: each + (nth < more) for nth, phase in enumerate(PHASES)}


def shortcomings(hit: Counter[Phase], kills: int) -> list[str]:
    """What the kills of a run fall short of, in sentences."""
    return [
        f"{phase} was hit {hit[phase]} times instead of {times}."
        for phase, times in wanted(kills).items()
        if hit[phase] != times
    ]
