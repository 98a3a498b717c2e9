"""Owns the asyncio loop that asyncpg and redis-py need, stepped by trio inside trio's own thread.

asyncio believes that it runs for ever; in truth its selector never sleeps. Where asyncio would wait, the selector stops
the loop and notes for how long, and trio waits instead: on the selector's own descriptor and on a deadline. A dedicated
thread would starve behind the interpreter lock while actors are busy; this keeps four fifths of plain asyncio's pace.

One call is one crossing: give it a closure that does a whole transaction, never one query of several.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import outcome
import sniffio
import trio
from trio import lowlevel

T = TypeVar("T")

_ROUNDS: Final = 50  # of asyncio's ready queue before trio's other tasks have their turn


class _Selector(selectors.DefaultSelector):
    """Polls only when trio saw it readable, never sleeps, and stops its loop where asyncio would sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: _Loop | None = None
        self.readable = False
        self.rounds = 0
        self.sleep_s: float | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.readable:
            self.readable = False
            if events := super().select(0):
                return events
        self.rounds += 1
        if self.loop is not None and (timeout is None or timeout > 0 or self.rounds > _ROUNDS):
            self.sleep_s = timeout
            self.loop.stop()
        return []


class _Loop(asyncio.SelectorEventLoop):
    """asyncio's timers run on trio's clock, a test's MockClock included."""

    def time(self) -> float:
        return trio.current_time()


class Bridge:
    """Runs coroutines of asyncio libraries for trio tasks. Made by `open_bridge`."""

    def __init__(self) -> None:
        self._selector = _Selector()
        self._loop = self._selector.loop = _Loop(self._selector)
        self._stepping = False
        self._alarm = trio.CancelScope()
        self._life = trio.CancelScope(shield=True)
        self._open = False

    @lowlevel.enable_ki_protection
    async def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The value of ``await work()`` on the asyncio side, or its exception with its traceback.

        Cancelling cancels the asyncio task and waits until it has ended, so that nothing of it (a connection, a lock)
        outlives the call. Where *work* finished all the same its value is returned: `trio.Cancelled` never says that
        nothing was committed. Raises RuntimeError where the bridge is closed.
        """
        await lowlevel.checkpoint_if_cancelled()
        if not self._open:
            raise RuntimeError("The bridge to asyncio is closed.")
        task = self._loop.create_task(_captured(work))
        self._step()
        if task.done():
            await lowlevel.cancel_shielded_checkpoint()
            return _result(task, None)
        return await self._wait(task)

    def wake(self) -> None:
        """Let asyncio run in trio's next turn: for who rang something there without a call, beside others that turn."""
        self._alarm.deadline = -math.inf

    async def _wait(self, task: asyncio.Task[outcome.Maybe[T]]) -> T:
        waiting = lowlevel.current_task()
        raise_cancel: lowlevel.RaiseCancelT | None = None

        def abort(raiser: lowlevel.RaiseCancelT) -> lowlevel.Abort:
            nonlocal raise_cancel
            raise_cancel = raiser
            task.cancel()
            self._alarm.deadline = -math.inf  # the loop must run for the task to notice
            return lowlevel.Abort.FAILED

        task.add_done_callback(lambda _: lowlevel.reschedule(waiting))
        await lowlevel.wait_task_rescheduled(abort)
        return _result(task, raise_cancel)

    def _step(self, *, readable: bool = False) -> None:
        """Run asyncio until it has nothing to do, or has done enough for now."""
        if self._stepping:  # asyncio itself led here; the step under way goes on with it
            return
        self._selector.readable, self._selector.rounds = readable, 0
        with self._asyncio_side():
            self._loop.run_forever()
        if self._selector.sleep_s is not None:
            wake_at = trio.current_time() + self._selector.sleep_s
            self._alarm.deadline = min(self._alarm.deadline, wake_at)

    @contextmanager
    def _asyncio_side(self) -> Iterator[None]:
        library, self._stepping = sniffio.thread_local.name, True
        sniffio.thread_local.name = "asyncio"
        try:
            yield
        finally:
            sniffio.thread_local.name, self._stepping = library, False

    @lowlevel.enable_ki_protection
    async def _pump(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with self._life:  # shielded: callers that are cancelled still need the loop to let them finish
            self._open = True
            task_status.started()
            while not self._life.cancel_called:
                with trio.CancelScope() as self._alarm:
                    self._step()
                    while True:
                        await lowlevel.wait_readable(self._selector.fileno())
                        self._step(readable=True)

    async def _finish(self) -> None:
        with trio.CancelScope(shield=True):
            await self.call(_end_everything)
        self._open = False
        self._life.cancel()


@asynccontextmanager
async def open_bridge() -> AsyncIterator[Bridge]:
    """A running bridge. Open it outside of all that uses it: it serves cancelled callers to their end.

    What is still running on the asyncio side at the end is cancelled and awaited. An exception of the body comes out as
    it is, not wrapped in a group.
    """
    bridge, failure = Bridge(), None
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(bridge._pump)
            try:
                yield bridge
            except BaseException as error:  # noqa: BLE001 - raised again below, outside of the nursery's group
                failure = error
            if not nursery.cancel_scope.cancel_called:  # else the pump itself is dead and would answer nothing
                await bridge._finish()
    finally:
        bridge._loop.close()
    if failure is not None:
        raise failure


async def _captured(work: Callable[[], Coroutine[Any, Any, T]]) -> outcome.Maybe[T]:
    """Carries even a SystemExit to the caller: it would else come out of the loop, in somebody else's step."""
    try:
        return outcome.Value(await work())
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - the caller's to judge
        return outcome.Error(error)


def _result(task: asyncio.Task[outcome.Maybe[T]], raise_cancel: lowlevel.RaiseCancelT | None) -> T:
    if task.cancelled() and raise_cancel is not None:
        raise_cancel()
    if task.cancelled():
        raise RuntimeError("The work was cancelled on the asyncio side.")
    return task.result().unwrap()


async def _end_everything() -> None:
    loop = asyncio.get_running_loop()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
