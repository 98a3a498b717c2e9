"""Runs two transactions in every order of their statements.

One of the two moves at a time, from stop to stop. One that waits for a lock of the other cannot move; such orders count
like any other. The orders are the leaves of a tree of choices (`tree`); each is a run on rows of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg

from tests.races.ground import Act, Ground, Side
from tests.races.tree import Tree

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_STOPS_AHEAD: Final = 64  # locked for each actor before a run: more than any transaction has, retries included
_LOOK_AFTER_S: Final = 0.001  # without news; then PostgreSQL is asked whether it waits for a lock
_STUCK_AFTER_S: Final = 30.0
_DEADLOCK_TIMEOUT: Final = "20ms"

_LOCK_AHEAD: Final = "SELECT pg_advisory_lock($1, n) FROM generate_series($2::integer, $3::integer) n"
_WAITING: Final = """
SELECT pid FROM pg_locks WHERE NOT granted AND pid = ANY ($1) AND NOT (locktype = 'advisory' AND objsubid = 2)
"""


@dataclass
class _Actor:
    """A side that stops after each statement. `stop` counts for ever; `parked` at one, `task` once begun."""

    number: int
    side: Side
    pid: int
    changed: asyncio.Event
    stop: int = 0
    place: str = ""
    parked: bool = False
    task: asyncio.Task[object] | None = None
    story: list[str] = field(default_factory=list)

    def hear(self, _connection: object, message: asyncpg.PostgresLogMessage) -> None:
        stop, _, self.place = str(message.message).partition(" ")
        self.stop, self.parked = int(stop), True
        self.story.append(f"{self.number}: {self.place}")
        self.changed.set()

    @property
    def done(self) -> bool:
        return self.task is not None and self.task.done()

    @property
    def busy(self) -> bool:
        return self.task is not None and not self.parked and not self.task.done()


@dataclass(frozen=True, slots=True)
class Match:
    """Two acts on rows of their own, and who won."""

    left: Act
    right: Act
    verdict: Callable[[], Awaitable[str]]


class Stepper:
    """Two actors, and the connection that holds the locks before them. Made by `open_stepper`."""

    def __init__(self, keeper: Connection, actors: Sequence[_Actor], changed: asyncio.Event) -> None:
        self._keeper, self._actors, self._changed = keeper, actors, changed

    @property
    def conflicts(self) -> int:
        return sum(actor.side.conflicts for actor in self._actors)

    async def run(self, match: Match, tree: Tree) -> bool:
        """*match* by the choices of *tree*; whether it went to the end, and was no repetition of another order."""
        await self._begin()
        try:
            while able := [n for n, actor in enumerate(self._actors) if actor.parked or actor.task is None]:
                chosen = tree.choose(able)
                if chosen is None:
                    return False
                actor = self._actors[chosen]
                await self._move(actor, (match.left, match.right)[chosen])
                tree.moved(actor.place if actor.parked else None)
        finally:
            await self._end()
        return True

    @property
    def story(self) -> list[str]:
        """Where the actors have been, the one after the other."""
        return self._story

    async def _begin(self) -> None:
        self._story: list[str] = []
        for actor in self._actors:
            actor.task, actor.parked, actor.story = None, False, self._story
        for actor in self._actors:
            await self._keeper.execute(_LOCK_AHEAD, actor.number, actor.stop + 1, actor.stop + _STOPS_AHEAD)

    async def _end(self) -> None:
        """Lets go of everything; what both have become is raised here, if it is an error."""
        await self._keeper.execute("SELECT pg_advisory_unlock_all()")
        await asyncio.gather(*(actor.task for actor in self._actors if actor.task is not None))

    async def _move(self, actor: _Actor, act: Act) -> None:
        self._changed.clear()
        if actor.task is None:
            actor.task = asyncio.create_task(self._whole(act, actor))
        else:
            actor.parked = False
            await self._keeper.execute("SELECT pg_advisory_unlock($1, $2)", actor.number, actor.stop)
        async with asyncio.timeout(_STUCK_AFTER_S):
            await self._all_still()

    async def _whole(self, act: Act, actor: _Actor) -> None:
        try:
            await act(actor.side)
            self._story.append(f"{actor.number}: ended")
        finally:
            self._changed.set()

    async def _all_still(self) -> None:
        """Until each actor is parked, has ended, or waits for a lock of the other, who then can move.

        Seen to wait while the other is still, it waits until the other moves: there is nobody else.
        """
        while busy := [actor for actor in self._actors if actor.busy]:
            try:
                await asyncio.wait_for(self._changed.wait(), _LOOK_AFTER_S)
            except TimeoutError:
                pids = await self._keeper.fetch(_WAITING, [actor.pid for actor in busy])
                waiting = {row["pid"] for row in pids} >= {actor.pid for actor in busy}
                if waiting and any(actor.parked for actor in self._actors):
                    return
            self._changed.clear()


@asynccontextmanager
async def open_stepper(dsn: str) -> AsyncIterator[Stepper]:
    """Two actors at *dsn*, a database with the copies of `stepping`."""
    opened: list[Connection] = []
    changed = asyncio.Event()

    async def open_actor(number: int) -> _Actor:
        settings = {"races.actor": str(number), "deadlock_timeout": _DEADLOCK_TIMEOUT}
        connection = await asyncpg.connect(dsn, server_settings=settings)
        opened.append(connection)
        actor = _Actor(number, Side(connection, stepped=True), connection.get_server_pid(), changed)
        connection.add_log_listener(actor.hear)
        return actor

    try:
        opened.append(await asyncpg.connect(dsn))
        yield Stepper(opened[0], [await open_actor(1), await open_actor(2)], changed)
    finally:
        for connection in opened:
            connection.terminate()


@dataclass
class Orders:
    """What all orders of a match came to: how many with each verdict, and the story of each fault."""

    count: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    stories: dict[str, list[str]] = field(default_factory=dict)

    def add(self, verdict: str, story: list[str]) -> None:
        self.count += 1
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        self.stories.setdefault(verdict, list(story))


async def every_order(
    ground: Ground, stepper: Stepper, deal: Callable[[Ground], Awaitable[Match]], tree: Tree
) -> Orders:
    """A new match of *deal* for each order of *tree*."""
    orders = Orders()
    while True:
        match = await deal(ground)
        if await stepper.run(match, tree):
            orders.add(await match.verdict(), stepper.story)
        if not tree.advance():
            return orders
