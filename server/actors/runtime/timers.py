"""All timers of the process on one heap with one task: a task per timer collapses at 100,000.

Time is trio's monotonic clock, so a jump of the wall clock fires nothing.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Final, TypeVar

import trio

from server.actors.runtime.actor import Ref
from server.actors.runtime.child import ChildSpec, Life
from server.actors.runtime.crash import frames, log
from server.actors.runtime.errors import ActorStopped, MailboxFull
from server.actors.runtime.mailbox import HIGH, Lane
from server.actors.runtime.tree import Kind, Node, State

M = TypeVar("M")

FIRED_PER_TURN: Final = 64
FULL_AGAIN_S: Final = 0.05  # until a message that found its mailbox full is tried again
_TIDY_ABOVE: Final = 1_000


class Timer:
    """Something that will be done once. Keep it to cancel it."""

    __slots__ = ("_action", "_timers", "at")

    def __init__(self, timers: "Timers", at: float, action: Callable[[], object]) -> None:
        self._timers = timers
        self._action: Callable[[], object] | None = action
        self.at = at

    @property
    def is_armed(self) -> bool:
        """Neither fired nor cancelled."""
        return self._action is not None

    def cancel(self) -> None:
        """Never do it. Costs the same however many timers there are; harmless after firing."""
        if self._action is not None:
            self._action = None
            self._timers.note_cancelled()

    def fire(self) -> None:
        """Do it now, unless it was cancelled or done."""
        action, self._action = self._action, None
        if action is not None:
            action()

    def put_off(self, delay_s: float, action: Callable[[], object]) -> None:
        """Do *action* in *delay_s* after all; for one that has just fired."""
        self.at, self._action = trio.current_time() + delay_s, action
        self._timers.arm(self)


class Timers:
    """The heap and its task. Timers may be armed before it runs; those due fire as soon as it does."""

    def __init__(self, name: str = "timers") -> None:
        self.name = name
        self._heap: list[tuple[float, int, Timer]] = []  # the count keeps equal times in the order of arming
        self._armed_ever = 0
        self._cancelled = 0
        self._fired = 0
        self._sleep: trio.CancelScope | None = None

    def at(self, when: float, action: Callable[[], object]) -> Timer:
        """Call *action* at *when* on trio's clock, in the timers' task: it must be quick, as `ref.tell_nowait` is."""
        timer = Timer(self, when, action)
        self.arm(timer)
        return timer

    def arm(self, timer: Timer) -> None:
        """Put a timer on the heap, and wake earlier if it is now the first."""
        heappush(self._heap, (timer.at, self._armed_ever, timer))
        self._armed_ever += 1
        if self._sleep is not None and timer.at < self._sleep.deadline:
            self._sleep.deadline = timer.at

    def after(self, delay_s: float, action: Callable[[], object]) -> Timer:
        """Call *action* *delay_s* from now."""
        return self.at(trio.current_time() + delay_s, action)

    def tell_after(self, delay_s: float, ref: Ref[M], message: M, *, lane: Lane = HIGH) -> Timer:
        """Tell *message* to *ref* in *delay_s*. A full mailbox delays it, a stopped actor ends it."""
        timer: Timer

        def tell() -> None:
            try:
                ref.tell_nowait(message, lane=lane)
            except MailboxFull:
                timer.put_off(FULL_AGAIN_S, tell)
            except ActorStopped:
                log.info("a timer's actor had stopped", actor=str(ref))

        timer = self.after(delay_s, tell)
        return timer

    @property
    def armed(self) -> int:
        """How many will fire."""
        return len(self._heap) - self._cancelled

    def note_cancelled(self) -> None:
        """Forget cancelled timers once they are the greater part of the heap, which costs each of them O(1)."""
        self._cancelled += 1
        if len(self._heap) > _TIDY_ABOVE and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].is_armed]
            heapify(self._heap)
            self._cancelled = 0

    # Running

    def spec(self, *, shutdown_s: float = 1.0) -> ChildSpec:
        """The timers' task as a supervisor's child. Armed timers survive its restart."""
        return ChildSpec(self.name, self.run, shutdown_s=shutdown_s, snapshot=self.node)

    async def run(self, life: Life) -> None:
        """Fire what is due until asked to stop; what is armed then is kept."""
        life.started()
        with trio.CancelScope() as running:
            life.on_stop(lambda _: running.cancel())
            while True:
                if self._fire_due():
                    await trio.lowlevel.checkpoint()
                else:
                    await self._sleep_until_due()

    async def _sleep_until_due(self) -> None:
        try:
            with trio.move_on_at(self._heap[0][0] if self._heap else inf) as self._sleep:
                await trio.sleep_forever()
        finally:
            self._sleep = None

    def _fire_due(self) -> bool:
        """Fire at most one turn's worth of what is due; whether there was anything."""
        now = trio.current_time()
        for done in range(FIRED_PER_TURN):
            if not self._heap or self._heap[0][0] > now:
                return done > 0
            self._fire(heappop(self._heap)[2])
        return True

    def _fire(self, timer: Timer) -> None:
        if not timer.is_armed:
            self._cancelled -= 1
            return
        self._fired += 1
        try:
            timer.fire()
        except Exception as error:  # noqa: BLE001 - one timer's failure must not cost all others theirs
            log.error("a timer failed", reason=type(error).__name__, frames=frames(error))

    def node(self, path: str) -> Node:
        """In the tree: depth is how many are armed, handled how many have fired."""
        return Node(self.name, path, Kind.TASK, State.RUNNING, depth=self.armed, handled=self._fired)
