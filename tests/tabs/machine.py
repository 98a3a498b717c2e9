"""The state machine: histories of steps, drawn whole by Hypothesis, and the look at every tab after each.

A history is drawn before it is lived, since a step may always be taken: what is not there wraps around or is refused.
So what two tabs do at once may come out one way or the other, and the drawing never does.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import trio
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.tabs.desks import Desks, open_desks
from tests.tabs.frames import undescribed
from tests.tabs.steps import STEP, Step, take

_AT_ONCE: Final = st.one_of(st.tuples(STEP), st.lists(STEP, min_size=2, max_size=5).map(tuple))

History = list[tuple[Step, ...]]


@dataclass
class Lived:
    """What the histories held."""

    histories: int = 0
    refused: int = 0
    steps: Counter[str] = field(default_factory=Counter)


def live(program: Path, fresh: Callable[[], str], histories: int, length: int, seeded: int | None = None) -> Lived:
    """Live *histories* of *length* moments each, each on an empty database. Raises desks.Wrong."""
    lived = Lived()

    # What two tabs do at once is not done twice alike, so nothing smaller is looked for: a failure tells its history.
    @settings(
        max_examples=histories,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(history=st.lists(_AT_ONCE, min_size=length, max_size=length))
    def one(history: History) -> None:
        lived.histories += 1
        lived.steps.update(step[0] for moment in history for step in moment)
        lived.refused += trio.run(_live, fresh(), program, history)

    (one if seeded is None else seed(seeded)(one))()
    return lived


async def _live(dsn: str, program: Path, history: History) -> int:
    with tempfile.TemporaryDirectory(prefix="threadline-tabs-") as folder:
        async with open_desks(dsn, Path(folder), program) as desks:
            for moment in history:
                await _at_once(desks, moment)
                await desks.settle()
            for tab in desks.tabs:
                if tab.away:
                    await tab.back()
            await desks.settle()
            assert [frame for tab in desks.tabs for frame in undescribed(tab.told)] == []
            return desks.refused


async def _at_once(desks: Desks, steps: Sequence[Step]) -> None:
    desks.history.append(steps)
    async with trio.open_nursery() as nursery:
        for step in steps:
            nursery.start_soon(take, desks, step)
