"""Carries out faults on a town, and writes each down for the judge; every fault that lasts is mended in the end."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import trio

from tests.crash.processes import RunFailed
from tests.faults.fleet import is_node
from tests.faults.passage import Passage
from tests.faults.plan import Fault
from tests.faults.town import Town
from tests.faults.traffic import steadily

_NOTICED_WITHIN_S: Final = 60.0  # by a node that went on and had been taken over
_SENDS_WITHIN_S: Final = 5.0
_LOOK_S: Final = 0.005
_AWAY_S: Final = 1.0  # at most, of a database that failed

_NODE: Final = "SELECT gen, journal_id::text AS journal FROM node WHERE pid = $1 ORDER BY gen DESC LIMIT 1"
_FENCED: Final = "SELECT fenced_at IS NOT NULL FROM node WHERE gen = $1"
_SENDS: Final = "SELECT EXISTS (SELECT FROM attempt WHERE gen = $1 AND state = 'authorised')"
_END_SOME: Final = """SELECT count(pg_terminate_backend(pid)) FROM (
    SELECT pid FROM pg_stat_activity WHERE application_name = 'threadline'
    AND pid <> pg_backend_pid() ORDER BY random() LIMIT $1) ended"""


@dataclass
class FaultLog:
    """One JSON line for each."""

    path: Path
    struck: Counter[str] = field(default_factory=Counter)
    fenced: int = 0

    def note(self, kind: str, **facts: Any) -> None:
        self.struck[kind] += 1
        self.write(kind=kind, at=kind, **facts)

    def note_freeze(self, journal: str) -> None:
        """A node goes on at this moment, whose claims another one has taken over."""
        self.fenced += 1
        self.write(kind="freeze", at="still", journal=journal, continued_s=time.monotonic())

    def write(self, **facts: Any) -> None:
        line = {"n": self.struck.total(), **facts, "wall": datetime.now(UTC).isoformat(timespec="milliseconds")}
        with self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


@dataclass
class Striker:
    """`wrong`: what nodes did after a fault that they should not, in sentences."""

    town: Town
    log: FaultLog
    rng: Random
    wrong: list[str] = field(default_factory=list)
    _still: set[int] = field(default_factory=set)
    _turn: trio.Lock = field(default_factory=trio.Lock)  # one failure of the database at a time

    async def strike(self, fault: Fault) -> None:
        """From its beginning to its end."""
        match fault.kind:
            case "kill":
                await self._kill()
            case "still":
                await self._stand_still(fault.lasts_s)
            case "no_database":
                await self._cut(self.town.to_database, fault)
            case "no_redis":
                await self._cut(self.town.to_redis, fault)
            case "flush":
                await self.town.flush()
                self.log.note("flush")
            case "rolling":
                self.town.fleet.replace()
                self.log.note("rolling")
            case _:
                async with self._turn:
                    await self._of_the_database(fault)

    # Nodes

    async def _kill(self) -> None:
        pid = await self._some_node()
        self.log.note("kill", pid=pid)
        os.kill(pid, signal.SIGKILL)

    async def _stand_still(self, for_s: float) -> None:
        pid = await self._some_node()
        node = await self._node(pid)
        if node is not None:
            await self._until_it_sends(node["gen"])
        if not is_node(pid) or pid in self._still:
            await self._stand_still(for_s)  # another one: this one has ended meanwhile, or stands still
            return
        self._still.add(pid)
        self.log.note("still", pid=pid, lasts_s=round(for_s, 1))
        os.kill(pid, signal.SIGSTOP)
        try:
            await trio.sleep(for_s)
            fenced = node is not None and await steadily(lambda: self._asked(_FENCED, node["gen"]))
            if fenced and node is not None and is_node(pid):
                self.log.note_freeze(node["journal"])
        finally:
            self._still.discard(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        if fenced:
            await self._must_end(pid)

    async def _until_it_sends(self, gen: int) -> None:
        """Whoever stands still with nothing under way is not taken over; one that has nothing to send will do, too."""
        with trio.move_on_after(_SENDS_WITHIN_S):
            while not await steadily(lambda: self._asked(_SENDS, gen)):  # noqa: ASYNC110 - no event of ours
                await trio.sleep(_LOOK_S)

    async def _must_end(self, pid: int) -> None:
        """Whoever was taken over ends by itself."""
        with trio.move_on_after(_NOTICED_WITHIN_S):
            while is_node(pid):  # noqa: ASYNC110 - it is nobody's child here
                await trio.sleep(0.1)
            return
        self.wrong.append(f"A node went on for {_NOTICED_WITHIN_S:g} s after another had taken it over.")

    async def _cut(self, passage: Passage, fault: Fault) -> None:
        pid = await self._some_node()
        self.log.note(fault.kind, pid=pid, lasts_s=round(fault.lasts_s, 1), silent=fault.silent)
        passage.cut(pid, "silently" if fault.silent else "openly")
        try:
            await trio.sleep(fault.lasts_s)
        finally:
            passage.mend(pid)

    async def _some_node(self) -> int:
        """One that runs; waits where there is none at this moment."""
        with trio.move_on_after(60):
            while not (nodes := [pid for pid in self.town.fleet.nodes() if pid not in self._still and is_node(pid)]):  # noqa: ASYNC110 - it is nobody's child here
                await trio.sleep(0.1)
            return self.rng.choice(nodes)
        raise RunFailed("There was no node for a minute; see server.log.")

    async def _node(self, pid: int) -> Any:
        """None of a process that has not come so far."""
        return await steadily(lambda: self.town.ground.store.call(lambda c: c.fetchrow(_NODE, pid)))

    async def _asked(self, sql: str, gen: int) -> bool:
        return bool(await self.town.ground.store.call(lambda c: c.fetchval(sql, gen)))

    # The database

    async def _of_the_database(self, fault: Fault) -> None:
        ground, replicas = self.town.ground, self.town.replicas
        if fault.kind == "backends":
            many = self.rng.randint(1, 12)
            await steadily(lambda: ground.store.call(lambda c: c.fetchval(_END_SOME, many)))
            self.log.note("backends", many=many)
        elif replicas is None:
            raise RunFailed("Only a database with a standby fails here.")
        elif fault.kind == "failover":
            self.log.note("failover", from_=replicas.name)
            await trio.to_thread.run_sync(replicas.fail_over)
            self.town.to_database.drop_all()
            await trio.sleep(self.rng.uniform(0, _AWAY_S))
            await trio.to_thread.run_sync(replicas.copy)
        else:
            self.log.note(fault.kind)
            in_order = fault.kind == "restart"
            await trio.to_thread.run_sync(lambda: replicas.restart(in_order=in_order))
            await trio.to_thread.run_sync(replicas.follow)
