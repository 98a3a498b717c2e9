"""Virtual actors: one per key, brought to life by its first message and let go when idle, without losing a message.

A key that is not hot costs nothing. A hot one is one task, which runs all its activations: restarts after crashes, and
the next activation when a message came while the last one was leaving. Between "the mailbox is empty" and "the key is
gone" there is no `await`, so no message falls in between.
"""

import random
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextvars import Context, copy_context
from functools import partial
from heapq import nlargest
from itertools import islice
from typing import Any, Final, Generic, TypeVar

import trio

from server.actors.runtime.actor import Actor, Ref
from server.actors.runtime.cell import Cell, Leave, Terms
from server.actors.runtime.child import ChildSpec, Life
from server.actors.runtime.crash import OnQuarantine, WallClock, is_our_fault, log, utc_now
from server.actors.runtime.errors import ActorStopped, Killed
from server.actors.runtime.mailbox import CAPACITY, Mailbox
from server.actors.runtime.order import Order, current_order
from server.actors.runtime.tree import Kind, Node, State
from server.domain.backoff import delay_s
from server.domain.restart import GiveUp, Intensity, Restart, after_crash

K = TypeVar("K", bound=Hashable)
M = TypeVar("M")

IDLE_S: Final = 120.0
HOT_LIMIT: Final = 20_000  # 5.6 KiB each by bench/actors.py, and the garbage collector's pauses grow with them
# Three poison messages within a minute are survived; a loop of crashes, at full back-off, is found out within it.
INTENSITY: Final = Intensity(restarts=9, within_s=60.0)
SHOWN: Final = 50
RETIRED_PER_TURN: Final = 64
LOOKED_AT_FOR_ROOM: Final = 16


class Registry(Generic[K, M]):
    """Actors of one kind by key, each made by `spawn(key)`.

    *hot_limit* is soft: busy actors are never let go, the first that become idle above it are. *idle_s* is how long an
    idle one stays. An actor that exceeds *intensity* is quarantined alone until `release`.
    """

    def __init__(
        self,
        name: str,
        spawn: Callable[[K], Actor[M]],
        *,
        idle_s: float = IDLE_S,
        hot_limit: int = HOT_LIMIT,
        capacity: int = CAPACITY,
        intensity: Intensity = INTENSITY,
        on_quarantine: OnQuarantine | None = None,
        wall_clock: WallClock = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.order: Order | None = None
        self._spawn = spawn
        self._idle_s = idle_s
        self._hot_limit = hot_limit
        self._intensity = intensity
        self._jitter = jitter
        self._terms = Terms(capacity, None, on_quarantine, wall_clock, self._gives_way)
        self._hot: OrderedDict[Hashable, Cell[M]] = OrderedDict()  # least recently used first
        self._leaving: set[Hashable] = set()
        self._quarantined: dict[Hashable, Cell[M]] = {}
        self._passivated = 0
        self._handled_before = 0  # by cells that are gone
        self._restarts_before = 0
        self._state = State.STOPPED
        self._is_closed = False
        self._nursery: trio.Nursery | None = None
        self._context: Context = copy_context()
        self._sweeping = trio.CancelScope()

    # Sending

    def ref(self, key: K) -> Ref[M]:
        """The address of the actor of *key*, hot or not. Activates nothing."""
        return Ref(self, key)

    def mailbox(self, key: Hashable) -> Mailbox[M]:
        """Where to put a message for *key*; activates it."""
        if self._is_closed:
            raise ActorStopped(f"{self.name} is stopping")
        cell = self._hot.get(key)
        if cell is None:
            cell = self._quarantined.get(key) or self._activate(key)
        else:
            self._touch(cell)
            if key in self._leaving:
                self._leaving.discard(key)
                cell.come_back()
        return cell.mailbox

    def _touch(self, cell: Cell[M]) -> None:
        cell.touched_at = trio.current_time()
        self._hot.move_to_end(cell.key)

    def _activate(self, key: Hashable) -> Cell[M]:
        cell: Cell[M] = Cell(self.name, key, self._terms)
        cell.touched_at = trio.current_time()
        self._hot[key] = cell
        if self._nursery is not None:
            self._launch(cell, self._nursery)
            if self._excess > 0:
                self._make_room()
        return cell

    # Running

    def spec(self, *, restart: Restart = Restart.PERMANENT, shutdown_s: float = 10.0) -> ChildSpec:
        """All actors of this kind as one child of a supervisor; *shutdown_s* is for the messages already taken."""
        return ChildSpec(self.name, self.run, restart, shutdown_s, self.node, self.close)

    async def run(self, life: Life) -> None:
        """Run until asked to stop. Messages told before the start, or between two runs, wait."""
        self.order, self._context = current_order(), copy_context()
        try:
            async with trio.open_nursery() as nursery:
                self._nursery, self._state = nursery, State.RUNNING
                for cell in self._hot.values():
                    self._launch(cell, nursery)
                life.started()
                with trio.CancelScope() as self._sweeping:
                    life.on_stop(self._stop)
                    await self._sweep()
        finally:
            self._nursery, self._state = None, State.STOPPED

    def _stop(self, final: bool) -> None:
        self._is_closed, self._nursery, self._state = final, None, State.STOPPING
        for cell in self._hot.values():
            cell.leave(Leave.DRAINED if final else Leave.AT_ONCE)
        self._sweeping.cancel()

    def close(self) -> None:
        """Take nothing any more, after the last run: waiting asks are refused, other messages dropped and counted."""
        self._is_closed = True
        dropped = sum(cell.dismiss() for cell in (*self._hot.values(), *self._quarantined.values()))
        self._hot.clear()
        if dropped:
            log.warning("messages dropped at the stop", actor=self.name, count=dropped)

    def _launch(self, cell: Cell[M], nursery: trio.Nursery) -> None:
        cell.stay()
        # In the registry's own context: the activating caller's place in the start order, and what it has bound for its
        # logs, are none of the actor's business.
        self._context.run(partial(nursery.start_soon, self._keep, cell, name=self.name))

    async def _keep(self, cell: Cell[M]) -> None:
        """The one task of a hot key."""
        spawn: Callable[[], Actor[M]] = partial(self._spawn, cell.key)  # type: ignore[arg-type]  # keys come in through ref(key: K)
        try:
            while True:
                try:
                    await cell.live(spawn, _nothing)
                except Exception as error:  # noqa: BLE001 - this is the actor's supervisor
                    if not await self._tries_again(cell, error):
                        return
                else:
                    self._passivated += 1
                    if cell.is_empty or self._nursery is None:
                        return
                    cell.stay()
        finally:
            self._let_go(cell)

    async def _tries_again(self, cell: Cell[M], error: Exception) -> bool:
        if is_our_fault(error):
            verdict = after_crash(cell.crashes, trio.current_time(), self._intensity)
            cell.crashes = verdict.crashes
            if isinstance(verdict, GiveUp):
                cell.quarantine(error)
                return False
        if self._nursery is not None:
            await cell.back_off(delay_s(cell.failures, self._jitter()))
        cell.restarts += 1
        return self._nursery is not None

    def _let_go(self, cell: Cell[M]) -> None:
        self._leaving.discard(cell.key)
        if cell.state is State.QUARANTINED:
            self._quarantined[cell.key] = self._hot.pop(cell.key)
        elif cell.is_empty:
            del self._hot[cell.key]
            self._handled_before += cell.handled
            self._restarts_before += cell.restarts

    # Passivation

    @property
    def _excess(self) -> int:
        return len(self._hot) - len(self._leaving) - self._hot_limit

    async def _sweep(self) -> None:
        while True:
            now = trio.current_time()
            for _ in range(RETIRED_PER_TURN):
                cell = next(iter(self._hot.values()), None)
                if cell is None or cell.touched_at + self._idle_s > now:
                    break
                self._touch(cell)  # it leaves within moments, or is busy and is looked at again an idle time later
                self._retire(cell)
            # Whoever becomes hot after this look is due an idle time later at the earliest, so nobody need wake us.
            oldest = next(iter(self._hot.values()), None)
            await trio.sleep_until((oldest.touched_at if oldest else now) + self._idle_s)

    def _retire(self, cell: Cell[M]) -> bool:
        if cell.key in self._leaving or not cell.retire():
            return False
        self._leaving.add(cell.key)
        return True

    def _make_room(self) -> None:
        """Let the least recently used idle one go. If the oldest are all busy, whoever is idle first goes."""
        for cell in islice(self._hot.values(), LOOKED_AT_FOR_ROOM):
            if self._retire(cell):
                self._hot.move_to_end(cell.key)
                return

    def _gives_way(self, cell: Cell[Any]) -> bool:
        if self._excess <= 0:
            return False
        self._leaving.add(cell.key)
        return True

    # For operators and tests

    def kill(self, key: K, error: Exception | None = None) -> bool:
        """Crash the activation of *key*, by default without blaming message or actor; whether there was one."""
        cell = self._hot.get(key)
        return cell is not None and cell.kill(error or Killed(f"{cell.name} was killed"))

    def release(self, key: K) -> bool:
        """Let a quarantined actor try again, beginning with what waits in its mailbox; whether it was quarantined."""
        cell = self._quarantined.pop(key, None)
        if cell is None:
            return False
        cell.release()
        if not cell.is_empty:
            self._hot[key] = cell
            self._touch(cell)
            if self._nursery is not None:
                self._launch(cell, self._nursery)
        return True

    @property
    def hot(self) -> int:
        """How many keys have a task."""
        return len(self._hot)

    def node(self, path: str) -> Node:
        """This registry in the tree, with the actors most worth a look."""
        now = trio.current_time()
        cells = (*self._hot.values(), *self._quarantined.values())
        waiting_since = (since for cell in cells if (since := cell.mailbox.oldest_since) is not None)
        worth = nlargest(SHOWN, cells, key=_worth_a_look)
        return Node(
            name=self.name,
            path=path,
            kind=Kind.REGISTRY,
            state=self._state,
            depth=sum(cell.mailbox.depth for cell in cells),
            oldest_s=now - min(waiting_since, default=now),
            handled=self._handled_before + sum(cell.handled for cell in cells),
            restarts=self._restarts_before + sum(cell.restarts for cell in cells),
            hot=len(self._hot),
            quarantined=len(self._quarantined),
            passivated=self._passivated,
            children=tuple(cell.node(str(cell.key), f"{path}/{cell.key}", now) for cell in worth),
        )


def _worth_a_look(cell: Cell[Any]) -> tuple[bool, bool, int, int, float]:
    return (
        cell.state is State.QUARANTINED,
        cell.state is State.BACKING_OFF,
        cell.mailbox.depth,
        cell.restarts,
        cell.touched_at,
    )


def _nothing() -> None:
    """A virtual actor's start is nobody's news."""
