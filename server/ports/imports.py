"""What the rest of the server asks the store about lists of people: the files, and what becomes of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from server.domain.fields import Field
from server.domain.imports.csv_columns import Vocabulary
from server.domain.imports.row import Person, Refusal

ImportState = Literal["uploading", "uploaded", "running", "done", "failed", "undoing", "undone", "dropped"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the file is read. `encoding` is one of domain.csv_bytes.Encoding."""

    encoding: str
    separator: str
    header: bool


@dataclass(frozen=True, slots=True)
class ImportColumns:
    """`names` as they are shown, `places` as domain.csv_columns has them, `tags` that everybody in the file gets."""

    names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportConsent:
    """The statement that stands behind the file: who gathered the consents, when at the latest, in which words."""

    who: str
    at: datetime
    wording: str


@dataclass(frozen=True, slots=True)
class Import:
    """A file and what became of it. `member` brought it, `confirmed_by` made its statement."""

    import_id: int
    workspace_id: int
    name: str
    size: int
    state: ImportState
    dialect: Dialect | None
    columns: ImportColumns
    consent: ImportConsent | None
    member: str
    confirmed_by: str | None
    rows_total: int
    rows_done: int
    created: int
    updated: int
    refused: int
    noted: int
    taken_back: int
    kept: int
    sentence: str | None
    at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ImportRefusal:
    """Row *line* was not taken; with `taken` it was, but for what the sentence tells."""

    line: int
    sentence: str
    taken: bool
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of a file that are stored in one transaction: the data rows from `start` to `end`, counted from 0."""

    start: int
    end: int
    people: Sequence[Person]
    refusals: Sequence[Refusal]


class SliceRefused(Exception):
    """The database takes something in these rows not; each alone may go."""


class Imports(Protocol):
    """Files of people. Another workspace's are not there. Those without a workspace serve the server's own runner."""

    async def begin(self, workspace_id: int, member_id: int, name: str) -> int:
        """A file is coming. Older ones that nobody confirmed are dropped where there are too many."""

    async def add_chunk(self, import_id: int, nth: int, content: bytes) -> None: ...

    async def uploaded(
        self,
        workspace_id: int,
        import_id: int,
        *,
        size: int,
        sha256: bytes,
        dialect: Dialect,
        columns: ImportColumns,
        rows_total: int,
    ) -> None: ...

    async def chunk(self, import_id: int, nth: int) -> bytes | None:
        """None behind the last one."""

    async def drop(self, workspace_id: int, import_id: int) -> bool:
        """Forget a file that was not confirmed."""

    async def page(self, workspace_id: int, *, below: int | None = None, limit: int = 50) -> Sequence[Import]: ...
    async def get(self, workspace_id: int, import_id: int) -> Import | None: ...

    async def describe(
        self, workspace_id: int, import_id: int, dialect: Dialect, columns: ImportColumns, rows_total: int
    ) -> bool:
        """Keep how the file is read, while it is not confirmed."""

    async def confirm(
        self,
        workspace_id: int,
        member_id: int,
        import_id: int,
        columns: ImportColumns,
        new_fields: Sequence[Field],
        consent: ImportConsent,
        now: datetime,
    ) -> bool:
        """Let it run. False where it is not waiting for that."""

    async def undo(self, workspace_id: int, member_id: int, import_id: int) -> bool:
        """Let it be taken back. False where it has not ended."""

    async def refusals(
        self, workspace_id: int, import_id: int, *, after: int = 0, limit: int = 200
    ) -> Sequence[ImportRefusal]: ...

    async def vocabulary(self, workspace_id: int) -> Vocabulary: ...

    # The runner

    async def take(self, runner: UUID, lease_s: float) -> Import | None:
        """The next import that runs or is being undone and that no living server works on."""

    async def store_slice(self, job: Import, runner: UUID, part: Slice, lease_s: float) -> bool:
        """Store it, once. False where another server has the import. Raises SliceRefused."""

    async def finish(self, import_id: int, runner: UUID, sentence: str | None, now: datetime) -> None:
        """It has ended; with a *sentence* it has failed. The file is forgotten."""

    async def undo_some(self, import_id: int, runner: UUID, limit: int, lease_s: float, now: datetime) -> int | None:
        """Take back at most *limit* contacts; 0 at the end, None where another server has the import."""

    async def tidy(self) -> None:
        """Drop files whose sending was cut off, and those that waited for a day to be confirmed."""
