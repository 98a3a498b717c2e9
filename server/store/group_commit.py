"""Decides which writes share a commit: whatever arrives while the previous commit is under way shares the next one.

No fixed delay: alone, a write leaves at once; under load the batches grow by themselves. Measured, a delay of 3 ms cost
a third of the pace, and a second connection gained nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar

import asyncpg
import outcome
import structlog
import trio
from trio import lowlevel

from server.domain.messages import Announcement
from server.ports import Announce, RowRefused, StoreUnavailable
from server.store.bridge import Bridge
from server.store.postgres import Line, retried

if TYPE_CHECKING:
    from server.store.postgres import Connection

Item = TypeVar("Item")
Result = TypeVar("Result")

Written = tuple[Sequence[Result], Sequence[Announcement]]
"""One result for each item, in their order, and what the commit has to tell."""

Write = Callable[["Connection", Sequence[Item]], Coroutine[Any, Any, Written[Result]]]
"""Writes items in one statement, or one transaction. It may run again: the items' keys must make that harmless."""

MAX_BATCH: Final = 256
MAX_WAITING: Final = 10_000

_log = structlog.get_logger(__name__)


class GroupCommit(Generic[Item, Result]):
    """A queue before one connection. `run` holds its only writer; `submit` waits until the item is durable."""

    def __init__(self, bridge: Bridge, line: Line, write: Write[Item, Result], announce: Announce) -> None:
        self._bridge = bridge
        self._line = line
        self._write = write
        self._announce = announce
        self._waiting: deque[_Slot[Item, Result]] = deque()
        self._bell: asyncio.Future[None] | None = None  # the writer waits at it

    async def submit(self, item: Item) -> Result:
        """The item's own result, once it is committed.

        Raises `RowRefused` where the database refuses this item, and `StoreUnavailable` where it cannot be reached or
        too many are waiting. A caller that is cancelled learns nothing: the item may be committed.
        """
        slot: _Slot[Item, Result] = _Slot(item, partial(lowlevel.reschedule, lowlevel.current_task()))
        self._queue(slot)
        return await slot.result()

    def submit_then(self, item: Item, done: Callable[[outcome.Maybe[Result]], None]) -> None:
        """As `submit`, for those who do not wait: *done* gets what it would have returned or raised.

        Raises `StoreUnavailable` where too many are waiting; then *done* is not called.
        """
        self._queue(_Slot(item, done))

    def _queue(self, slot: _Slot[Item, Result]) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise StoreUnavailable("Too many writes are waiting for the database.")
        self._waiting.append(slot)
        if self._bell is not None:
            self._bell.set_result(None)
            self._bell = None
            self._bridge.wake()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Write until cancelled; whoever still waits then gets `StoreUnavailable`."""
        task_status.started()
        batch: list[_Slot[Item, Result]] = []
        try:
            await self._bridge.call(lambda: self._write_on(batch))
        finally:
            self._bell = None
            self._line.drop()
            for slot in (*batch, *self._waiting):
                slot.resume(outcome.Error(StoreUnavailable("The store is closing.")))
            self._waiting.clear()

    async def _write_on(self, batch: list[_Slot[Item, Result]]) -> NoReturn:
        """Lives on the asyncio side: a commit costs its writers one turn of trio's scheduler instead of three."""
        while True:
            while not self._waiting:
                self._bell = asyncio.get_running_loop().create_future()
                await self._bell
            batch[:] = self._take()
            if batch:
                await self._commit(batch)

    def _take(self) -> list[_Slot[Item, Result]]:
        batch: list[_Slot[Item, Result]] = []
        while self._waiting and len(batch) < MAX_BATCH:
            slot = self._waiting.popleft()
            if slot.done is not None:
                batch.append(slot)
        return batch

    async def _commit(self, batch: Sequence[_Slot[Item, Result]]) -> None:
        outcomes, announcements = await self._write_all([slot.item for slot in batch])
        if announcements:
            try:
                self._announce(announcements)
            except Exception:  # noqa: BLE001 - a hint was lost; the rows are durable, and their writers must hear it
                _log.exception("announcing a commit failed", announcements=len(announcements))
        for slot, result in zip(batch, outcomes, strict=True):
            slot.resume(result)

    async def _write_all(self, items: Sequence[Item]) -> tuple[Sequence[outcome.Maybe[Result]], Sequence[Announcement]]:
        """All in one commit, or, where the data of one spoils it, each in its own."""
        try:
            results, announcements = await self._try(items)
        except StoreUnavailable as error:
            return [outcome.Error(_copy(error)) for _ in items], ()
        except Exception as error:  # noqa: BLE001 - one item's data, or our own bug: its writer gets it
            if len(items) == 1:
                return [outcome.Error(_refusal(error))], ()
            return await self._write_each(items)
        return [outcome.Value(result) for result in results], announcements

    async def _write_each(self, items: Sequence[Item]) -> tuple[list[outcome.Maybe[Result]], list[Announcement]]:
        outcomes: list[outcome.Maybe[Result]] = []
        announcements: list[Announcement] = []
        for item in items:
            result, told = await self._write_all([item])
            outcomes += result
            announcements += told
        return outcomes, announcements

    async def _try(self, items: Sequence[Item]) -> Written[Result]:
        return await retried(lambda: self._line.run(lambda c: self._write(c, items)), lost_once=True)


class _Slot(Generic[Item, Result]):
    """One waiting writer; `done` is None once it was told or has gone."""

    __slots__ = ("done", "item")

    def __init__(self, item: Item, done: Callable[[outcome.Maybe[Result]], None]) -> None:
        self.item = item
        self.done: Callable[[outcome.Maybe[Result]], None] | None = done

    async def result(self) -> Result:
        def abort(_: lowlevel.RaiseCancelT) -> lowlevel.Abort:
            self.done = None
            return lowlevel.Abort.SUCCEEDED

        value: Result = await lowlevel.wait_task_rescheduled(abort)
        return value

    def resume(self, result: outcome.Maybe[Result]) -> None:
        done, self.done = self.done, None
        if done is None:
            return
        try:
            done(result)
        except Exception:  # noqa: BLE001 - one writer's fault; its neighbours wait for their results
            _log.exception("a writer failed at its result")


def _copy(error: StoreUnavailable) -> StoreUnavailable:
    """One exception for each waiter: a shared one would collect all their tracebacks."""
    copy = StoreUnavailable(*error.args)
    copy.__cause__ = error.__cause__
    return copy


def _refusal(error: Exception) -> Exception:
    if not isinstance(error, (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)):
        return error
    refused = RowRefused(f"The database refuses this row ({type(error).__name__}).")
    refused.__cause__ = error
    return refused
