"""Makes a run of trio repeatable: order of tasks and of time come from a seed, and nothing waits for the machine.

trio shuffles the tasks that are ready at one moment. Its own switch for Hypothesis sorts them first, so a seeded
generator gives the same order again, and another seed tries another order. Work that the product hands to a thread runs
at once: virtual time would run on while a thread reads.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar
from unittest.mock import patch

import structlog
import trio
from trio._core import _run as engine  # it has no public name for the generator that orders tasks

T = TypeVar("T")


def run(seed: int, main: Callable[[], Awaitable[T]], on_log: Callable[[str, str], None]) -> T:
    """``await main()`` in virtual time. *on_log* hears (level, event) of what the product logs."""
    with _seeded(seed), _heard(on_log), patch.object(trio.to_thread, "run_sync", _at_once):
        return trio.run(main, clock=Jumping())


class Jumping(trio.abc.Clock):
    """Stands at the last deadline that was reached, and jumps to the next one as soon as nobody can run.

    `trio.testing.MockClock` first waits for idleness, which doubles the turns of the loop. Nothing here ever waits for
    a thread or a socket, for which it would do that. Most of a world's waits are the ports', which a cancel scope each
    would make half as dear again: they have alarms.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._numbers = itertools.count()

    def alarm(self, after_s: float) -> Alarm:
        """One that wakes the task that asks for it."""
        alarm = Alarm(trio.lowlevel.current_task())
        heapq.heappush(self._alarms, (self._now + after_s, next(self._numbers), alarm))
        return alarm

    def start_clock(self) -> None:
        pass

    def current_time(self) -> float:
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        woken = False
        while self._alarms and self._alarms[0][0] <= (self._now if woken else deadline):
            at, _, alarm = heapq.heappop(self._alarms)
            if alarm.ring():
                self._now, woken = max(self._now, at), True
        if woken:
            return 0.0
        if deadline == math.inf:
            return math.inf  # the end of the run: trio wakes itself up through a socket
        self._now = max(self._now, deadline)
        return 0.0


class Alarm:
    """Wakes *task* once."""

    __slots__ = ("_task",)

    def __init__(self, task: trio.lowlevel.Task) -> None:
        self._task: trio.lowlevel.Task | None = task

    def ring(self) -> bool:
        """Whether it woke somebody."""
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)
        return task is not None

    async def rings(self) -> None:
        """Wait for it, in the task that it is for."""

        def stop(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            self._task = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(stop)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    state = engine._r.getstate()
    engine._r.seed(seed)
    try:
        with patch.object(engine, "_ALLOW_DETERMINISTIC_SCHEDULING", new=True):
            yield
    finally:
        engine._r.setstate(state)


@contextmanager
def _heard(on_log: Callable[[str, str], None]) -> Iterator[None]:
    def hear(_: Any, level: str, event: MutableMapping[str, Any]) -> NoReturn:
        on_log(level, str(event["event"]))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[hear])
    try:
        yield
    finally:
        structlog.configure(**before)


async def _at_once(work: Callable[..., T], *values: Any) -> T:
    await trio.lowlevel.checkpoint()
    return work(*values)
