"""Keeps its children running, in order: starts them first to last, restarts what crashes, stops them last to first.

One coordinating task compares what is with what should be whenever something happens. A child's crash never cancels a
sibling: its wrapper turns it into news. Only when restarting has not helped does the supervisor stop everything and
raise, so that whoever stands above (in the end the process) decides.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import trio

from server.actors.runtime.child import ChildSpec, Life
from server.actors.runtime.crash import LastError, WallClock, frames, is_our_fault, last_error, log, sole, utc_now
from server.actors.runtime.errors import Escalated
from server.actors.runtime.order import enter_child
from server.actors.runtime.tree import Kind, Node, State
from server.domain.backoff import delay_s
from server.domain.restart import (
    GiveUp,
    Intensity,
    Restart,
    Strategy,
    after_crash,
    leaning_on,
    starts_again,
)

INTENSITY: Final = Intensity(restarts=5, within_s=60.0)  # one poison message costs an actor three


class _Child:
    """A spec with what has become of it."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.state = State.STOPPED
        self.life: Life | None = None  # while it runs
        self.scope = trio.CancelScope()
        self.finished = trio.Event()
        self.is_due_at: float | None = None  # when it is to be started, if it is
        self.was_up = False
        self.up_since: float | None = None
        self.ended: tuple[Exception | None] | None = None  # how, until the coordinator has dealt with it
        self.restarts = 0
        self.failures = 0
        self.last_error: LastError | None = None

    @property
    def is_settled(self) -> bool:
        """Running, or done for good: nothing is to be waited for."""
        return self.state is State.RUNNING or (self.life is None and self.is_due_at is None and self.ended is None)

    def node(self, parent_path: str) -> Node:
        path = f"{parent_path}/{self.spec.id}"
        if self.spec.snapshot is None:
            node = Node(name=self.spec.id, path=path, kind=Kind.TASK, state=self.state)
        else:
            node = replace(self.spec.snapshot(path), state=self.state)
        return replace(node, restarts=self.restarts, last_error=self.last_error or node.last_error)


class Supervisor:
    """Runs *children* in order. Nested by its own `spec()`, or as the root by `run_root()`."""

    def __init__(
        self,
        name: str,
        children: Sequence[ChildSpec],
        *,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        intensity: Intensity = INTENSITY,
        wall_clock: WallClock = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if len({spec.id for spec in children}) != len(children):
            raise ValueError(f"{name} has two children with the same id")
        self.name = name
        self._children = [_Child(spec) for spec in children]
        self._strategy = strategy
        self._intensity = intensity
        self._wall_clock = wall_clock
        self._jitter = jitter
        self._crashes: tuple[float, ...] = ()
        self._news = trio.Event()
        self._life: Life | None = None
        self._state = State.STOPPED

    def spec(self, *, restart: Restart = Restart.PERMANENT, shutdown_s: float = 30.0) -> ChildSpec:
        """This supervisor as somebody's child; *shutdown_s* bounds the stop of all that is below it."""
        return ChildSpec(self.name, self.run, restart, shutdown_s, self.node, self.close)

    async def run_root(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until `stop` (returns) or until a child cannot be kept running (raises `Escalated`).

        Reports started when every child has. Cancelling it stops the children in the same order, without their grace.
        """
        await self.run(Life(task_status.started, is_final=True))

    def stop(self) -> None:
        """Ask for an ordered stop: children last to first, each within its `shutdown_s`."""
        if self._life is not None:
            self._life.stop(final=True)

    def tree(self) -> Node:
        """The live tree below and with this supervisor."""
        return self.node(self.name)

    def node(self, path: str) -> Node:
        """This supervisor in the tree at *path*."""
        return Node(
            name=self.name,
            path=path,
            kind=Kind.SUPERVISOR,
            state=self._state,
            restarts=sum(child.restarts for child in self._children),
            children=tuple(child.node(path) for child in self._children),
        )

    async def run(self, life: Life) -> None:
        """Run as a child."""
        self._life, self._crashes, self._state = life, (), State.STARTING
        life.on_stop(lambda _: self._news.set())
        now = trio.current_time()
        for child in self._children:
            child.is_due_at, child.was_up, child.failures = now, False, 0
        failure: Exception | None = None
        try:
            async with trio.open_nursery() as nursery:
                try:
                    await self._coordinate(nursery, life)
                finally:
                    await self._stop_everything(life)
        except (Exception, BaseExceptionGroup) as raised:  # noqa: BLE001 - one exception goes up, whatever came out here
            failure = sole(raised)
        finally:
            self._state = State.STOPPED
        if failure is not None:
            raise failure

    async def _coordinate(self, nursery: trio.Nursery, life: Life) -> None:
        while not life.stop_requested.is_set():
            self._news = trio.Event()
            for child in self._children:
                if child.ended is not None:
                    await self._judge(child)
            self._start_due(nursery)
            if self._state is State.STARTING and all(child.is_settled for child in self._children):
                self._state = State.RUNNING
                life.started()
            with trio.move_on_at(self._next_due()):
                await self._news.wait()

    # Starting

    def _start_due(self, nursery: trio.Nursery) -> None:
        now = trio.current_time()
        for position, child in enumerate(self._children):
            if child.is_due_at is not None and child.is_due_at <= now and self._may_start(position):
                self._start(nursery, position, child)

    def _may_start(self, position: int) -> bool:
        """The first time everybody waits for those before; later only where the later ones lean on the earlier."""
        earlier = self._children[:position]
        if self._strategy is Strategy.REST_FOR_ONE:
            return all(child.is_settled for child in earlier)
        return all(child.was_up or child.is_settled for child in earlier)

    def _start(self, nursery: trio.Nursery, position: int, child: _Child) -> None:
        child.restarts += child.was_up or child.failures > 0
        child.state, child.is_due_at = State.STARTING, None
        child.life = Life(lambda: self._note_up(child))
        # Shielded: a cancellation from above reaches the coordinator, which then stops the children in order.
        child.scope = trio.CancelScope(shield=True)
        child.finished = trio.Event()
        nursery.start_soon(self._run_child, child, child.life, position, name=f"{self.name}/{child.spec.id}")

    def _note_up(self, child: _Child) -> None:
        if child.state is State.STARTING:
            child.state, child.was_up, child.up_since = State.RUNNING, True, trio.current_time()
            self._news.set()

    def _next_due(self) -> float:
        """When the coordinator has to look again by itself. Those that wait for an earlier child will be news."""
        now = trio.current_time()
        due = (child.is_due_at for child in self._children if child.is_due_at is not None)
        return min((at for at in due if at > now), default=float("inf"))

    async def _run_child(self, child: _Child, life: Life, position: int) -> None:
        enter_child(position)
        error: Exception | None = None
        try:
            with child.scope:
                await child.spec.start(life)
        except (Exception, BaseExceptionGroup) as raised:  # noqa: BLE001 - a supervisor is where crashes end
            error = sole(raised)
        finally:
            child.life = None
            child.state = State.STOPPED
            child.finished.set()
        if error is not None:
            self._log_crash(child, error)
        if not life.stop_requested.is_set():
            child.ended = (error,)
            self._news.set()

    def _log_crash(self, child: _Child, error: Exception) -> None:
        child.last_error = last_error(error, self._wall_clock())
        log.error(
            "child crashed",
            child=f"{self.name}/{child.spec.id}",
            reason=type(error).__name__,
            restarts=child.restarts,
            frames=frames(error),
        )

    # After a child has ended

    async def _judge(self, child: _Child) -> None:
        """Decide what follows the end of *child*; raises `Escalated`."""
        (error,) = child.ended or (None,)
        child.ended = None
        if not starts_again(child.spec.restart, crashed=error is not None):
            if child.spec.close is not None:
                child.spec.close()
            return
        now = trio.current_time()
        if error is None or is_our_fault(error):
            verdict = after_crash(self._crashes, now, self._intensity)
            self._crashes = verdict.crashes
            if isinstance(verdict, GiveUp):
                raise Escalated(f"{self.name} gives up: {child.spec.id} cannot be kept running") from error
        if child.up_since is not None and now - child.up_since > self._intensity.within_s:
            child.failures = 0
        child.up_since = None
        child.failures += 1
        child.state = State.BACKING_OFF
        child.is_due_at = now + delay_s(child.failures, self._jitter())
        await self._stop_leaning(child)

    async def _stop_leaning(self, child: _Child) -> None:
        for other in reversed(leaning_on(self._children, child, self._strategy)):
            if other.life is None and other.is_due_at is None:
                continue  # done for good
            own_delay = other.is_due_at or 0.0
            await self._stop_child(other, final=False)
            other.state, other.is_due_at = State.BACKING_OFF, max(own_delay, trio.current_time())

    # Stopping

    async def _stop_everything(self, life: Life) -> None:
        self._state = State.STOPPING
        final = life.is_final
        try:
            for child in reversed(self._children):
                await self._stop_child(child, final=final)
        finally:
            # Only reached with somebody still running when this was cancelled: no more grace, but the same order.
            with trio.CancelScope(shield=True):
                for child in reversed(self._children):
                    await self._cut_off(child, final=final)
            if final:
                self.close()

    def close(self) -> None:
        """Nothing below will run again: let all of it refuse what is still sent to it."""
        for child in reversed(self._children):
            if child.spec.close is not None:
                child.spec.close()

    async def _stop_child(self, child: _Child, *, final: bool) -> None:
        child.is_due_at = None
        if child.life is None:
            return
        child.state = State.STOPPING
        child.life.stop(final=final)
        with trio.move_on_after(child.spec.shutdown_s):
            await child.finished.wait()
        if not child.finished.is_set():
            log.warning("child was cut off", child=f"{self.name}/{child.spec.id}", after_s=child.spec.shutdown_s)
            await self._cut_off(child, final=final)

    async def _cut_off(self, child: _Child, *, final: bool) -> None:
        if child.life is not None:
            child.life.stop(final=final)
            child.scope.cancel()
            await child.finished.wait()
