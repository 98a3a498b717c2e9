"""An actor that is always there, under one name: a limiter, a stager. Its supervisor restarts it; its mailbox stays."""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import trio

from server.actors.runtime.actor import Actor, Ref
from server.actors.runtime.cell import Cell, Leave, Terms
from server.actors.runtime.child import ChildSpec, Life
from server.actors.runtime.crash import OnQuarantine, WallClock, log, utc_now
from server.actors.runtime.errors import ActorStopped, Killed
from server.actors.runtime.mailbox import CAPACITY, Mailbox
from server.actors.runtime.order import Order, current_order
from server.actors.runtime.tree import Node
from server.domain.restart import Restart

M = TypeVar("M")


class Resident(Generic[M]):
    """One actor made by *spawn*, anew after each crash. Messages may be told before it starts; they wait.

    `on_idle` is called once each time nothing came for *idle_s* (0: as soon as the mailbox is empty; None: never).
    """

    def __init__(
        self,
        name: str,
        spawn: Callable[[], Actor[M]],
        *,
        capacity: int = CAPACITY,
        idle_s: float | None = None,
        on_quarantine: OnQuarantine | None = None,
        wall_clock: WallClock = utc_now,
    ) -> None:
        self.name = name
        self.order: Order | None = None
        self.ref: Ref[M] = Ref(self)
        self._spawn = spawn
        self._cell: Cell[M] = Cell(name, None, Terms(capacity, idle_s, on_quarantine, wall_clock, _never))
        self._is_closing = False

    def spec(self, *, restart: Restart = Restart.PERMANENT, shutdown_s: float = 5.0) -> ChildSpec:
        """This actor as a supervisor's child; *shutdown_s* is for the messages that it has already taken."""
        return ChildSpec(self.name, self.run, restart, shutdown_s, self.node, self.close)

    async def run(self, life: Life) -> None:
        """Run one activation, until asked to stop or until it crashes."""
        self.order = current_order()
        self._cell.stay()
        life.on_stop(self._leave)
        await self._cell.live(self._spawn, life.started)

    def close(self) -> None:
        """Take nothing any more, after the last run: waiting asks are refused, other messages dropped and counted."""
        self._is_closing = True
        dropped = self._cell.dismiss()
        if dropped:
            log.warning("messages dropped at the stop", actor=self.name, count=dropped)

    def _leave(self, final: bool) -> None:
        self._is_closing = final
        self._cell.leave(Leave.DRAINED if final else Leave.AT_ONCE)

    def mailbox(self, key: Hashable) -> Mailbox[M]:
        """Where to put a message."""
        if self._is_closing:
            raise ActorStopped(f"{self.name} is stopping")
        return self._cell.mailbox

    def kill(self, error: Exception | None = None) -> bool:
        """Crash the activation, by default without blaming message or actor; whether there was one."""
        return self._cell.kill(error or Killed(f"{self.name} was killed"))

    def node(self, path: str) -> Node:
        """This actor in the tree."""
        return self._cell.node(self.name, path, trio.current_time())


def _never(_: Cell[Any]) -> bool:
    return False
