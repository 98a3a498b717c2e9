"""Carries out a plan: life after life of the server under traffic, each kill as it was planned, and what follows it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import trio

from tests.crash.freeze import freeze
from tests.crash.ground import Ground
from tests.crash.journals import JournalDisk
from tests.crash.plan import BACKEND, POSTMASTER, RANDOM, Kill, Plan
from tests.crash.processes import RunFailed
from tests.crash.strikes import recover, strike

_REACHED_WITHIN_S: Final = 6.0
_REFUSED_WITHIN_S: Final = 20.0
_AWAY_S: Final = 1.0  # at most, until PostgreSQL is started again
_LIVES_ON_S: Final = (0.2, 0.6)  # after PostgreSQL is back


@dataclass
class KillLog:
    """One JSON line for each kill and each freeze."""

    path: Path
    at: Counter[str] = field(default_factory=Counter)
    frozen_at: Counter[str] = field(default_factory=Counter)  # they are no kills

    def note(self, kill: Kill, at: str, **facts: Any) -> None:
        (self.frozen_at if kill.kind == "freeze" else self.at)[at] += 1
        wall = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"n": self.at.total() + self.frozen_at.total(), "kind": kill.kind, "at": at, **facts, "wall": wall}
        with self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


class Killer:
    """*release* begins a life's traffic; *rng*: how long PostgreSQL is away, and how long the server outlives that."""

    def __init__(
        self,
        ground: Ground,
        plan: Plan,
        release: Callable[[trio.Nursery], None],
        journals: JournalDisk,
        log: KillLog,
        rng: Random,
    ) -> None:
        self._ground, self._plan, self._release, self._journals = ground, plan, release, journals
        self._log, self._rng, self._began = log, rng, 0.0

    async def run(self, nursery: trio.Nursery) -> None:
        for kill in self._plan:
            await self.carry_out(kill, nursery)

    async def carry_out(self, kill: Kill, nursery: trio.Nursery) -> None:
        if kill.kind == "freeze":
            await self._freeze(kill, nursery)
            return
        await self._bring_up(kill)
        self._release(nursery)
        if kill.full == "full_in_life" and self._journals.can_be_full:
            await self._ground.server.ready()
            self._journals.fill()
        if kill.kind == "postgres":
            await self._kill_postgres(kill)
        elif kill.kind == "mixed":
            await self._kill_both(kill)
        else:
            await self._kill_server(kill)
        self._journals.free()

    async def _bring_up(self, kill: Kill) -> None:
        """A server that lives may serve another kill; one that needs a start of its own ends the other in order."""
        server = self._ground.server
        if not server.ended and not kill.fresh:
            return
        await self._end_in_order()
        if kill.full == "full_at_start" and self._journals.can_be_full:
            await self._start_on_a_full_disk()
        self._began = time.monotonic()
        await server.start(kill.setting)
        if kill.kind == "postgres":
            await server.ready()

    async def _end_in_order(self) -> None:
        if not self._ground.server.ended:
            await self._ground.server.stop()
            self._journals.keep()

    async def _start_on_a_full_disk(self) -> None:
        """Without a journal nothing may leave: the server says so and ends by itself."""
        self._journals.fill()
        await self._ground.server.start()
        if await self._ground.server.ended_by_itself(_REFUSED_WITHIN_S) != 1:
            raise RunFailed("The server did not refuse to start on a full disk.")
        self._journals.free()

    # Each kind

    async def _freeze(self, kill: Kill, nursery: trio.Nursery) -> None:
        """Both servers have ended afterwards: only then are their journals whole."""
        await self._end_in_order()
        at, facts = await freeze(self._ground, kill, lambda: self._release(nursery))
        if at != kill.at:
            self._plan.miss(kill)
        self._journals.keep()
        self._log.note(kill, at, **facts)

    async def _kill_server(self, kill: Kill) -> None:
        server = self._ground.server
        point = await self._end_server(kill)
        self._log.note(kill, point, pid=server.pid, lived_s=self._lived_s(), **self._lose(kill))

    async def _kill_postgres(self, kill: Kill) -> None:
        ground = self._ground
        await trio.sleep(kill.after_s)
        place = await strike(ground, kill.place)
        if place != kill.place:
            self._plan.miss(kill)
        if place is None:
            raise RunFailed("Nobody was connected to PostgreSQL.")
        self._log.note(kill, place, pid=ground.server.pid, lived_s=self._lived_s())
        await recover(ground, self._away_s(place))
        await trio.sleep(self._rng.uniform(*_LIVES_ON_S))
        if ground.server.ended:
            raise RunFailed("The server did not outlive PostgreSQL; see server.log.")

    async def _kill_both(self, kill: Kill) -> None:
        ground, server = self._ground, self._ground.server
        point, place = RANDOM, kill.place
        if kill.at == "server_first":
            point = await self._end_server(kill)
            await trio.sleep(kill.apart_s)
            place = await self._strike_idle(kill)
        else:
            await self._wait_for(kill)
            place = await strike(ground, kill.place) or POSTMASTER
            await trio.sleep(kill.apart_s)
            await server.kill()
        facts = {"point": point, "place": place, "apart_s": round(kill.apart_s, 3)}
        self._log.note(kill, kill.at, pid=server.pid, lived_s=self._lived_s(), **facts, **self._lose(kill))
        await recover(ground, self._away_s(place))

    async def _strike_idle(self, kill: Kill) -> str:
        """With the server dead its backends may be gone: then the postmaster."""
        place = await strike(self._ground, kill.place)
        return place or await strike(self._ground, POSTMASTER) or POSTMASTER

    # Parts of them

    async def _end_server(self, kill: Kill) -> str:
        """At its point, or at random; where it died. A mixed kill that misses its point is no less a mixed one."""
        server = self._ground.server
        if kill.point != RANDOM:
            await server.ready()
            if await server.killed_by_itself(_REACHED_WITHIN_S):
                return kill.point
            if kill.kind == "server":
                self._plan.miss(kill)
        else:
            await self._wait_for(kill)
        await server.kill()
        return RANDOM

    async def _wait_for(self, kill: Kill) -> None:
        if not kill.starting:
            await self._ground.server.ready()
        await trio.sleep(kill.after_s)

    def _lose(self, kill: Kill) -> dict[str, str]:
        """Keep the dead server's journal, and lose it where that was planned."""
        new = self._journals.keep()
        if kill.loss is None or not new:
            return {}
        self._journals.lose(new[-1], kill.loss)
        return {"loss": kill.loss}

    def _away_s(self, place: str) -> float:
        return 0.0 if place == BACKEND else self._rng.uniform(0, _AWAY_S)

    def _lived_s(self) -> float:
        return round(time.monotonic() - self._began, 3)
