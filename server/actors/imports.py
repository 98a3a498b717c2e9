"""Carries out what was confirmed: a file's rows become contacts, and an undo takes them back, in slices.

One slice is one transaction that moves the cursor too, so a crash goes on behind the last one, and two servers never do
the same rows. The database says whose an import is; the bell only saves waiting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
import trio

from server.actors.import_rows import TURN, data_rows
from server.actors.stager import Doorbell
from server.domain.imports.csv_columns import Vocabulary
from server.domain.imports.csv_rows import CsvRow
from server.domain.imports.row import Columns, Person, Refusal, fold, read_row
from server.ports import Clock, StoreUnavailable
from server.ports.imports import Import, Imports, Slice, SliceRefused

SLICE: Final = 1000  # rows of a transaction: about a quarter of a second
LEASE_S: Final = 20.0
LOOK_S: Final = 5.0
TIDY_S: Final = 600.0
UNREADABLE: Final = "This row could not be stored."
CUT_OFF: Final = "The file is not whole any more: {found:,} of its {total:,} rows could be read."
BROKEN: Final = "Something went wrong here after row {done:,} of {total:,}; it was logged."
WHAT_NOW: Final = "Whom it brought until then is there. Take it back, or send the file again: nobody comes in twice."

log = structlog.get_logger(__name__)


class Importer:
    """One infrastructure actor; `bell` rings when something was confirmed or is to be undone."""

    def __init__(self, imports: Imports, clock: Clock, runner: UUID, *, slice_rows: int = SLICE) -> None:
        self._imports, self._clock, self._runner, self._slice = imports, clock, runner, slice_rows
        self.bell = Doorbell()

    async def run(self) -> None:
        tidied = -TIDY_S
        while True:
            wait_s = LOOK_S
            try:
                if trio.current_time() - tidied >= TIDY_S:
                    await self._imports.tidy()
                    tidied = trio.current_time()
                while await self.work():
                    pass
            except StoreUnavailable as error:
                log.warning("import_waits", reason=str(error))
                wait_s = 1.0
            await self.bell.wait(wait_s)

    async def work(self) -> bool:
        """Carry out one import or undo to its end. False where there is none to do."""
        job = await self._imports.take(self._runner, LEASE_S)
        if job is None:
            return False
        log.info("import_taken", import_id=job.import_id, state=job.state, done=job.rows_done, total=job.rows_total)
        if job.state == "undoing":
            while await self._imports.undo_some(job.import_id, self._runner, self._slice, LEASE_S, self._clock.real()):
                await trio.lowlevel.checkpoint()
        else:
            await self._run(job)
        return True

    async def _run(self, job: Import) -> None:
        """To its end. A list that cannot be carried on ends with a sentence, and holds up no other."""
        sentence: str | None = None
        try:
            if not await _Run(job, self._imports, self._runner, self._slice).to_end():
                return
        except StoreUnavailable:
            raise
        except CutOff as cut:
            sentence = CUT_OFF.format(found=cut.found, total=job.rows_total)
        except Exception:  # an actor that crashed on it would take it up again, and again
            log.exception("import_broken", import_id=job.import_id)
            now = await self._imports.get(job.workspace_id, job.import_id)
            sentence = BROKEN.format(done=(now or job).rows_done, total=job.rows_total)
        ended = None if sentence is None else f"{sentence} {WHAT_NOW}"
        await self._imports.finish(job.import_id, self._runner, ended, self._clock.real())


class _Lost(Exception):
    """Another server has taken the import over."""


class CutOff(Exception):
    """The file has fewer rows than it had; *found* were read."""

    def __init__(self, found: int) -> None:
        super().__init__(found)
        self.found = found


@dataclass(frozen=True, slots=True)
class _Read:
    """Rows of the file with what they say; `part` is stored as one, or row by row where that is refused."""

    rows: Sequence[CsvRow]
    part: Slice


class _Run:
    """One file from its cursor to its end: while the database takes a slice, the next one is read."""

    def __init__(self, job: Import, imports: Imports, runner: UUID, slice_rows: int) -> None:
        self._job, self._imports, self._runner, self._slice = job, imports, runner, slice_rows
        self._columns = Columns(job.columns.places, job.columns.names)
        self._failure: Exception | None = None

    async def to_end(self) -> bool:
        """Whether it got there; another server may have taken it over. Raises what either half raised."""
        known = await self._imports.vocabulary(self._job.workspace_id)
        give, take = trio.open_memory_channel[_Read](0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._half, self._read_all, give, known)
            await self._half(self._store_all, take, known)
            nursery.cancel_scope.cancel()
        if isinstance(self._failure, _Lost):
            log.info("import_lost", import_id=self._job.import_id)
            return False
        if self._failure is not None:
            raise self._failure
        return True

    async def _half(self, work: Callable[..., Awaitable[None]], *with_: object) -> None:
        """Both halves end when one fails, and its error is raised as it is, outside of the nursery's group."""
        try:
            await work(*with_)
        except trio.BrokenResourceError:
            pass  # the other half has ended
        except Exception as error:  # noqa: BLE001 - raised again by to_end
            self._failure = self._failure or error

    async def _read_all(self, give: trio.MemorySendChannel[_Read], known: Vocabulary) -> None:
        job, nth, rows = self._job, 0, list[CsvRow]()
        assert job.dialect is not None, "the store starts no import whose file was not read"  # noqa: S101 - a bug
        async with give, aclosing(data_rows(self._imports, job.import_id, job.dialect)) as found:
            async for row in found:
                nth += 1
                if nth <= job.rows_done:
                    continue
                rows.append(row)
                if len(rows) == self._slice:
                    await give.send(await self._read(rows, nth - len(rows), known))
                    rows = []
            if nth < job.rows_total:  # the last row may be half of one
                raise CutOff(nth)
            if rows:
                await give.send(await self._read(rows, nth - len(rows), known))

    async def _store_all(self, take: trio.MemoryReceiveChannel[_Read], known: Vocabulary) -> None:
        async with take:
            async for read in take:
                try:
                    await self._take(read.part)
                except SliceRefused:
                    await self._one_by_one(read, known)

    async def _one_by_one(self, read: _Read, known: Vocabulary) -> None:
        """Where the database refuses something in a slice, each of its rows goes alone, and only the culprit stays."""
        for at, row in enumerate(read.rows, start=read.part.start):
            try:
                await self._take((await self._read([row], at, known)).part)
            except SliceRefused:
                log.exception("import_row_refused", import_id=self._job.import_id, line=row.number)
                await self._take(Slice(at, at + 1, (), (Refusal(row.number, UNREADABLE, row.cells),)))

    async def _read(self, rows: Sequence[CsvRow], start: int, known: Vocabulary) -> _Read:
        people, refusals = list[Person](), list[Refusal]()
        for nth, row in enumerate(rows, start=1):
            one = read_row(row, self._columns, known)
            if isinstance(one, Person):
                people.append(one)
            else:
                refusals.append(one)
            if nth % TURN == 0:
                await trio.lowlevel.checkpoint()
        return _Read(rows, Slice(start, start + len(rows), fold(people), refusals))

    async def _take(self, part: Slice) -> None:
        if not await self._imports.store_slice(self._job, self._runner, part, LEASE_S):
            raise _Lost
