"""Saved texts and their folders: everybody's, or a member's own, which nobody else ever reads or changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

import asyncpg

from server.ports.templates import (
    FieldToken,
    NameTaken,
    NewTemplate,
    NoSuchFolder,
    NotTheAuthor,
    NotYours,
    TemplateChanges,
    TemplateFolder,
    TemplateOutcome,
    TemplateRow,
    TemplateSaved,
    TemplateStale,
    ThreadContact,
    TooMany,
)
from server.store.named_sql import statements
from server.store.postgres import Postgres, Work
from server.store.text import storable
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

T = TypeVar("T")

_SQL = statements("templates")

MOST_TEMPLATES: Final = 500  # everybody's, and of each member: whoever has them all in a list can still find one
MOST_FOLDERS: Final = 100


class PostgresTemplates:
    """`ports.templates.Templates`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def rows(self, workspace_id: int, member_id: int) -> Sequence[TemplateRow]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["rows"], workspace_id, member_id))
        return [_template(row) for row in rows]

    async def one(self, workspace_id: int, member_id: int, template_id: int) -> TemplateRow | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["one"], workspace_id, member_id, template_id))
        return None if row is None else _template(row)

    async def add(self, workspace_id: int, member_id: int, new: NewTemplate, now: datetime) -> TemplateOutcome:
        owner = None if new.shared else member_id

        async def run(connection: Connection) -> TemplateOutcome:
            if await connection.fetchval(_SQL["how_many"], workspace_id, owner) >= MOST_TEMPLATES:
                return TooMany(MOST_TEMPLATES)
            if not await _takes(connection, workspace_id, owner, new.folder_id):
                return NoSuchFolder()
            texts = (storable(new.name), storable(new.body))
            values = (workspace_id, owner, new.folder_id, *texts, member_id, now)
            template_id = await connection.fetchval(_SQL["add"], *values)
            row = await connection.fetchrow(_SQL["one"], workspace_id, member_id, template_id)
            assert row is not None, "it was written just now"  # noqa: S101 - a bug of ours
            return TemplateSaved(_template(row))

        return await self._named(run)

    async def change(
        self,
        workspace_id: int,
        member_id: int,
        template_id: int,
        changes: TemplateChanges,
        version: int | None,
        now: datetime,
        *,
        others: bool,
    ) -> TemplateOutcome | None:
        async def run(connection: Connection) -> TemplateOutcome | None:
            row = await connection.fetchrow(_SQL["held"], workspace_id, member_id, template_id)
            if row is None:
                return None
            before = _template(row)
            if not (others or _own(before, member_id)):
                return NotYours()
            if version not in {None, before.version}:
                return TemplateStale(before)
            after = _changed(before, changes)
            if before.shared and not after.shared and before.author_id != member_id:
                return NotTheAuthor()
            owner = None if after.shared else member_id
            if not await _takes(connection, workspace_id, owner, after.folder_id):
                return NoSuchFolder()
            texts = (storable(after.name), storable(after.body))
            await connection.execute(_SQL["change"], workspace_id, template_id, owner, after.folder_id, *texts, now)
            row = await connection.fetchrow(_SQL["one"], workspace_id, member_id, template_id)
            return None if row is None else TemplateSaved(_template(row))

        return await self._named(run)

    async def remove(
        self, workspace_id: int, member_id: int, template_id: int, version: int | None, *, others: bool
    ) -> bool | TemplateStale | NotYours:
        async def run(connection: Connection) -> bool | TemplateStale | NotYours:
            row = await connection.fetchrow(_SQL["held"], workspace_id, member_id, template_id)
            if row is None:
                return False
            if not (others or _own(_template(row), member_id)):
                return NotYours()
            if version not in {None, row["version"]}:
                return TemplateStale(_template(row))
            await connection.execute(_SQL["remove"], workspace_id, template_id)
            return True

        return await self._postgres.call(run)

    async def use(self, workspace_id: int, member_id: int, template_id: int, now: datetime) -> int | None:
        values = (workspace_id, member_id, template_id, now)
        used: int | None = await self._postgres.call(lambda c: c.fetchval(_SQL["use"], *values))
        return used

    async def folders(self, workspace_id: int, member_id: int) -> Sequence[TemplateFolder]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["folders"], workspace_id, member_id))
        return [_folder(row) for row in rows]

    async def add_folder(
        self, workspace_id: int, member_id: int, name: str, *, shared: bool
    ) -> TemplateFolder | NameTaken | TooMany:
        owner = None if shared else member_id

        async def run(connection: Connection) -> TemplateFolder | TooMany:
            if await connection.fetchval(_SQL["how_many_folders"], workspace_id, owner) >= MOST_FOLDERS:
                return TooMany(MOST_FOLDERS)
            row = await connection.fetchrow(_SQL["add_folder"], workspace_id, owner, storable(name))
            assert row is not None, "an INSERT gives its row"  # noqa: S101 - a bug of ours
            return _folder(row)

        return await self._named(run)

    async def rename_folder(
        self, workspace_id: int, member_id: int, folder_id: int, name: str
    ) -> TemplateFolder | NameTaken | None:
        values = (workspace_id, member_id, folder_id, storable(name))

        async def run(connection: Connection) -> TemplateFolder | None:
            row = await connection.fetchrow(_SQL["rename_folder"], *values)
            return None if row is None else _folder(row)

        return await self._named(run)

    async def remove_folder(self, workspace_id: int, member_id: int, folder_id: int, now: datetime) -> bool:
        async def run(connection: Connection) -> bool:
            if await connection.fetchval(_SQL["folder_to_remove"], workspace_id, member_id, folder_id) is None:
                return False
            await connection.execute(_SQL["empty_folder"], workspace_id, folder_id, now)
            await connection.execute(_SQL["remove_folder"], workspace_id, folder_id)
            return True

        return await self._postgres.call(run)

    async def fields(self, workspace_id: int) -> Sequence[FieldToken]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["fields"], workspace_id))
        return [FieldToken(row["name"], row["label"], row["kind"], tuple(row["choices"])) for row in rows]

    async def contact_of(self, workspace_id: int, thread_id: int) -> ThreadContact | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["contact_of"], workspace_id, thread_id))
        return None if row is None else ThreadContact(row["contact_id"])

    async def _named(self, run: Work[T]) -> T | NameTaken:
        try:
            return await self._postgres.call(run)
        except asyncpg.UniqueViolationError:
            return NameTaken()


async def _takes(connection: Connection, workspace_id: int, owner: int | None, folder_id: int | None) -> bool:
    if folder_id is None:
        return True
    return await connection.fetchval(_SQL["folder_held"], workspace_id, owner, folder_id) is not None


def _own(row: TemplateRow, member_id: int) -> bool:
    """A private one is seen by its owner only."""
    return not row.shared or row.author_id == member_id


def _changed(before: TemplateRow, changes: TemplateChanges) -> NewTemplate:
    shared = changes.get("shared", before.shared)
    stays = before.folder_id if shared == before.shared else None
    return NewTemplate(
        changes.get("name", before.name), changes.get("body", before.body), shared, changes.get("folder_id", stays)
    )


def _template(row: Row) -> TemplateRow:
    return TemplateRow(
        template_id=row["id"],
        name=row["name"],
        body=row["body"],
        shared=row["shared"],
        folder_id=row["folder_id"],
        version=row["version"],
        used=row["used"],
        used_at=row["used_at"],
        author_id=row["author_id"],
        author=row["author"],
        changed_at=row["changed_at"],
    )


def _folder(row: Row) -> TemplateFolder:
    return TemplateFolder(row["id"], row["name"], row["shared"], row["templates"])
