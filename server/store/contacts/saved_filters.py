"""The filters that a workspace has saved. What is stored has been understood, and names rows by their ids."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg

from server.domain.filter_fields import FIELDS, Field
from server.domain.filters import definition as definition_of
from server.domain.filters import parse
from server.ports.filters import Definition, FilterNameTaken, SavedFilter
from server.store.contacts.finder import bound, own_fields
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("saved_filters")


class PostgresSavedFilters:
    """`ports.filters.SavedFilters`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def all(self, workspace_id: int) -> Sequence[SavedFilter]:
        return [_saved(row) for row in await self._postgres.read(lambda c: c.fetch(_SQL["all"], workspace_id))]

    async def get(self, workspace_id: int, filter_id: int) -> SavedFilter | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["one"], workspace_id, filter_id))
        return None if row is None else _saved(row)

    async def add(
        self, workspace_id: int, member_id: int, name: str, definition: Definition
    ) -> SavedFilter | FilterNameTaken:
        async def run(connection: Connection) -> Row | None:
            stored = await _stored(connection, workspace_id, definition)
            row: Row | None = await connection.fetchrow(_SQL["add"], workspace_id, member_id, name, stored)
            return row

        row = await self._postgres.call(run)
        return FilterNameTaken() if row is None else _saved(row)

    async def change(
        self, workspace_id: int, filter_id: int, *, name: str | None = None, definition: Definition | None = None
    ) -> SavedFilter | FilterNameTaken | None:
        async def run(connection: Connection) -> Row | None:
            stored = None if definition is None else await _stored(connection, workspace_id, definition)
            row: Row | None = await connection.fetchrow(_SQL["change"], workspace_id, filter_id, name, stored)
            return row

        try:
            row = await self._postgres.call(run, idempotent=True)
        except asyncpg.UniqueViolationError:
            return FilterNameTaken()
        return None if row is None else _saved(row)

    async def remove(self, workspace_id: int, filter_id: int) -> bool:
        removed = await self._postgres.call(lambda c: c.fetchval(_SQL["remove"], workspace_id, filter_id))
        return removed is not None

    async def fields(self, workspace_id: int) -> Sequence[Field]:
        own = await self._postgres.read(lambda c: own_fields(c, workspace_id))
        return [*FIELDS.values(), *own]


async def _stored(connection: Connection, workspace_id: int, definition: Definition) -> str:
    return json.dumps(definition_of(await bound(connection, workspace_id, parse(definition))))


def _saved(row: Row) -> SavedFilter:
    return SavedFilter(row["id"], row["name"], json.loads(row["definition"]), row["created_by"], row["changed_at"])
