"""Carries out what was confirmed: a file's rows become contacts, and an undo takes them back, in slices.

One slice is one transaction that moves the cursor too, so a crash goes on behind the last one, and two servers never do
the same rows. The database says whose an import is; the bell only saves waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Final
from uuid import UUID

import structlog
import trio

from server.actors.import_rows import TURN, data_rows
from server.actors.stager import Doorbell
from server.domain.csv_columns import Vocabulary
from server.domain.csv_rows import CsvRow
from server.domain.import_row import Columns, Person, Refusal, fold, read_row
from server.ports import Clock, StoreUnavailable
from server.ports.imports import Import, Imports, Slice, SliceRefused

SLICE: Final = 1000  # rows of a transaction: about a quarter of a second
LEASE_S: Final = 20.0
LOOK_S: Final = 5.0
TIDY_S: Final = 600.0
UNREADABLE: Final = "This row could not be stored."

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
            await _Run(job, self._imports, self._runner, self._slice).to_end()
            await self._imports.finish(job.import_id, self._runner, None, self._clock.real())
        return True


class _Lost(Exception):
    """Another server has taken the import over."""


class _Run:
    """One file from its cursor to its end."""

    def __init__(self, job: Import, imports: Imports, runner: UUID, slice_rows: int) -> None:
        self._job, self._imports, self._runner, self._slice = job, imports, runner, slice_rows
        self._columns = Columns(job.columns.places, job.columns.names)
        self._cursor = job.rows_done

    async def to_end(self) -> None:
        job = self._job
        assert job.dialect is not None, "the store starts no import whose file was not read"  # noqa: S101 - a bug
        known, nth, rows = await self._imports.vocabulary(job.workspace_id), 0, list[CsvRow]()
        try:
            async with aclosing(data_rows(self._imports, job.import_id, job.dialect)) as found:
                async for row in found:
                    nth += 1
                    if nth <= job.rows_done:
                        continue
                    rows.append(row)
                    if len(rows) == self._slice:
                        await self._store(rows, known)
                        rows = []
            await self._store(rows, known)
        except _Lost:
            log.info("import_lost", import_id=job.import_id)

    async def _store(self, rows: Sequence[CsvRow], known: Vocabulary) -> None:
        """Where the database refuses something in a slice, each of its rows goes alone, and only the culprit stays."""
        if not rows:
            return
        try:
            await self._take(await self._read(rows, known))
        except SliceRefused:
            if len(rows) > 1:
                for row in rows:
                    await self._store([row], known)
                return
            log.exception("import_row_refused", import_id=self._job.import_id, line=rows[0].number)
            refused = Refusal(rows[0].number, UNREADABLE, rows[0].cells)
            await self._take(Slice(self._cursor, self._cursor + 1, (), (refused,)))

    async def _read(self, rows: Sequence[CsvRow], known: Vocabulary) -> Slice:
        people, refusals = list[Person](), list[Refusal]()
        for nth, row in enumerate(rows, start=1):
            one = read_row(row, self._columns, known)
            if isinstance(one, Person):
                people.append(one)
            else:
                refusals.append(one)
            if nth % TURN == 0:
                await trio.lowlevel.checkpoint()
        return Slice(self._cursor, self._cursor + len(rows), fold(people), refusals)

    async def _take(self, part: Slice) -> None:
        if not await self._imports.store_slice(self._job, self._runner, part, LEASE_S):
            raise _Lost
        self._cursor = part.end
