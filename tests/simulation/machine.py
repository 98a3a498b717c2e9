"""A server's process as the ports see it: alive or killed, with a disk that outlives it and a clock of its own.

Killed means: no port does anything for it any more, and whoever waits in one is torn out of it, shielded or not. The
product's own `finally` blocks run on, as they never would after a kill -9, but find nothing to write to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import trio

from tests.simulation.scheduler import Alarm, Jumping


class NodeKilled(BaseException):
    """This process is no more. Not an Exception: nothing in the product may take it for a fault that it can handle."""


class Process:
    """`kill` ends it at this very instant."""

    def __init__(self, name: str, pid: int) -> None:
        self.name, self.pid = name, pid
        self.dead = False
        self.alarms: dict[Alarm, None] = {}  # not a set: their order must not hang on addresses
        self.killed = trio.Event()

    def kill(self) -> None:
        self.dead = True
        self.killed.set()
        for alarm in list(self.alarms):
            alarm.ring()

    def check(self) -> None:
        """Raise NodeKilled where it is dead."""
        if self.dead:
            raise NodeKilled(self.name)

    async def wait(self, seconds: float) -> None:
        """Sleep inside a port."""
        self.check()
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, Jumping)
        alarm = clock.alarm(seconds)
        self.alarms[alarm] = None
        try:
            await alarm.rings()
        finally:
            del self.alarms[alarm]
        self.check()


@dataclass
class HostClock:
    """`ports.Clock`: the wall and the real time of a machine may jump, the monotonic one never.

    Without a shift it is the true time, which the database and the judge go by.
    """

    start: datetime
    shift: timedelta = timedelta()

    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> datetime:
        return self.start + self.shift + timedelta(seconds=trio.current_time())

    real = wall


@dataclass
class Host:
    """A machine: its clock, its boot, its pids, and the journals on its disk (None: lost or damaged)."""

    name: str
    chance: Random
    faults: float
    clock: HostClock
    boots: int = 1
    journals: dict[UUID, tuple[str, list[UUID]] | None] = field(default_factory=dict)
    alive: dict[int, Process] = field(default_factory=dict)

    @property
    def boot_id(self) -> str:
        return f"{self.name}-{self.boots}"

    def is_alive(self, pid: int) -> bool:
        return pid in self.alive

    # actors.lifeline.Journals

    def marks(self, journal_id: UUID) -> frozenset[UUID] | None:
        found = self.journals.get(journal_id)
        return frozenset(found[1]) if found is not None and found[0] == self.boot_id else None

    def written(self) -> frozenset[UUID]:
        return frozenset(self.journals)

    def forget(self, journal_id: UUID) -> None:
        self.journals.pop(journal_id, None)

    # Faults

    def lose_journal(self, journals: Collection[UUID]) -> None:
        """Delete, cut or garble them: the real one tells none of these from another."""
        for journal_id in journals:
            self.journals[journal_id] = None


class ProcessJournal:
    """`ports.Journal` of one process."""

    def __init__(self, host: Host, process: Process, journal_id: UUID, troubled: bool = True) -> None:
        self._host, self._process = host, process
        self._marks: list[UUID] = []
        self.troubled = troubled
        self.on_mark: Callable[[UUID], None] = lambda attempt_id: None
        host.journals[journal_id] = (host.boot_id, self._marks)

    def mark(self, attempt_id: UUID) -> None:
        self._process.check()
        if self.troubled and self._host.chance.random() < self._host.faults:
            raise OSError("No space left on device")
        self._marks.append(attempt_id)
        self.on_mark(attempt_id)
        self._process.check()  # the mark is written, and the kill came before the byte
