"""Keeps lists of people: the file in pieces while it is needed, its rows as contacts, and what undo needs to know."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg

from server.domain.consent import TAKEN_BACK
from server.domain.contact import full_name, places_of
from server.domain.fields import Field, FieldKind
from server.domain.imports.csv_columns import Stages, Vocabulary
from server.domain.imports.row import Person, Refusal, elsewhere, repeated
from server.domain.messages import RowsChanged
from server.ports import Announce
from server.ports.imports import (
    Dialect,
    Import,
    ImportColumns,
    ImportConsent,
    ImportRefusal,
    Slice,
    SliceRefused,
)
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

MOST_UNCONFIRMED: Final = 5  # files of a workspace: what nobody confirms shall not fill the disk
_CELLS: Final = 30  # of a refused row are kept, each cut to
_CELL_LENGTH: Final = 200

_SQL = statements("imports")


class PostgresImports:
    """`ports.imports.Imports`."""

    def __init__(self, postgres: Postgres, announce: Announce) -> None:
        self._postgres, self._announce = postgres, announce

    # The file

    async def begin(self, workspace_id: int, member_id: int, name: str) -> int:
        async def run(connection: Connection) -> int:
            import_id: int = await connection.fetchval(_SQL["begin"], workspace_id, member_id, storable(name))
            old = await connection.fetch(_SQL["too_many"], workspace_id, MOST_UNCONFIRMED)
            await _drop(connection, workspace_id, [row["id"] for row in old])
            return import_id

        return await self._postgres.call(run)

    async def add_chunk(self, import_id: int, nth: int, content: bytes) -> None:
        await self._postgres.read(lambda c: c.execute(_SQL["add_chunk"], import_id, nth, content))

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
    ) -> None:
        told = (storable_json(asdict(dialect)), storable_json(asdict(columns)))
        await self._postgres.call(
            lambda c: c.execute(_SQL["uploaded"], workspace_id, import_id, size, sha256, *told, rows_total),
            idempotent=True,
        )

    async def chunk(self, import_id: int, nth: int) -> bytes | None:
        return await self._postgres.read(lambda c: c.fetchval(_SQL["chunk"], import_id, nth))

    async def drop(self, workspace_id: int, import_id: int) -> bool:
        return await self._postgres.call(lambda c: _drop(c, workspace_id, [import_id]), idempotent=True)

    async def tidy(self) -> None:
        async def run(connection: Connection) -> None:
            await _drop(connection, None, [row["id"] for row in await connection.fetch(_SQL["stale"])])

        await self._postgres.call(run, idempotent=True)

    # Looking

    async def page(self, workspace_id: int, *, below: int | None = None, limit: int = 50) -> Sequence[Import]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["page"], workspace_id, below, None, limit))
        return [_import(row) for row in rows]

    async def get(self, workspace_id: int, import_id: int) -> Import | None:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["page"], workspace_id, None, import_id, 1))
        return _import(rows[0]) if rows else None

    async def refusals(
        self, workspace_id: int, import_id: int, *, after: int = 0, limit: int = 200
    ) -> Sequence[ImportRefusal]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["refusals"], workspace_id, import_id, after, limit))
        return [ImportRefusal(row["line"], row["sentence"], row["taken"], tuple(row["cells"])) for row in rows]

    async def vocabulary(self, workspace_id: int) -> Vocabulary:
        async def read(connection: Connection) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
            fields = await connection.fetch(_SQL["own_fields"], workspace_id)
            stages = await connection.fetch(_SQL["stages"], workspace_id)
            return fields, stages, await connection.fetch(_SQL["members"], workspace_id)

        fields, stages, members = await self._postgres.read(read)
        pipelines: dict[int, dict[str, int]] = {row["pipeline_id"]: {} for row in stages}
        for row in stages:
            if row["stage_id"] is not None:
                pipelines[row["pipeline_id"]][row["stage"].casefold()] = row["stage_id"]
        names = {row["pipeline_id"]: row["pipeline"] for row in stages}
        # an e-mail address is one member's; of two with one name it is the first
        known = {row["name"].casefold(): row["id"] for row in members} | {row["email"]: row["id"] for row in members}
        return Vocabulary(
            {
                row["name"]: Field(row["name"], row["label"], FieldKind(row["kind"]), tuple(row["choices"]))
                for row in fields
            },
            {pipeline_id: Stages(names[pipeline_id], found) for pipeline_id, found in pipelines.items()},
            known,
        )

    # What a member decides

    async def describe(
        self, workspace_id: int, import_id: int, dialect: Dialect, columns: ImportColumns, rows_total: int
    ) -> bool:
        told = (storable_json(asdict(dialect)), storable_json(asdict(columns)))
        found = await self._postgres.call(
            lambda c: c.fetchval(_SQL["describe"], workspace_id, import_id, *told, rows_total), idempotent=True
        )
        return found is not None

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
        said = storable_json({"who": consent.who, "at": consent.at.isoformat(), "wording": consent.wording})

        async def run(connection: Connection) -> bool:
            told = (storable_json(asdict(columns)), said)
            if await connection.fetchval(_SQL["confirm"], workspace_id, import_id, member_id, *told, now) is None:
                return False
            names, labels = [field.name for field in new_fields], [storable(field.label) for field in new_fields]
            await connection.execute(_SQL["add_fields"], workspace_id, names, labels)
            await connection.execute(_SQL["audit"], workspace_id, member_id, "import_confirmed", import_id)
            return True

        return await self._postgres.call(run)

    async def undo(self, workspace_id: int, member_id: int, import_id: int) -> bool:
        async def run(connection: Connection) -> bool:
            if await connection.fetchval(_SQL["undo"], workspace_id, import_id) is None:
                return False
            await connection.execute(_SQL["audit"], workspace_id, member_id, "import_undone", import_id)
            return True

        return await self._postgres.call(run)

    # The runner

    async def take(self, runner: UUID, lease_s: float) -> Import | None:
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL["take"], runner, timedelta(seconds=lease_s)))
        return None if row is None else await self.get(row["workspace_id"], row["id"])

    async def store_slice(self, job: Import, runner: UUID, part: Slice, lease_s: float) -> bool:
        people = storable_json([_row(person, job.columns.tags) for person in part.people])
        refusals = storable_json([_refused(refusal) for refusal in part.refusals])
        asked = (job.import_id, runner, part.start, part.end, people, refusals, timedelta(seconds=lease_s))
        notes = [(person.line, sentence) for person in part.people for sentence in person.notes]

        async def run(connection: Connection) -> Sequence[Row]:
            told = await connection.fetch(_SQL["store_slice"], *asked)
            if told:
                await _place(connection, job.workspace_id, [row["ref"] for row in told if row["what"] == "known"])
                said = [*notes, *await _told_notes(connection, job.workspace_id, told)]
                lines, sentences = [line for line, _ in said], [storable(sentence) for _, sentence in said]
                await connection.execute(_SQL["note"], job.import_id, lines, sentences)
            return told

        try:
            told = await self._postgres.call(run)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise SliceRefused(type(error).__name__) from error
        renamed = tuple(row["ref"] for row in told if row["what"] == "renamed")
        if renamed:
            self._announce([RowsChanged(job.workspace_id, renamed)])
        return bool(told)

    async def finish(self, import_id: int, runner: UUID, sentence: str | None, now: datetime) -> None:
        async def run(connection: Connection) -> None:
            if await connection.fetchval(_SQL["finish"], import_id, runner, sentence, now) is not None:
                await connection.execute(_SQL["forget"], [import_id])

        await self._postgres.call(run, idempotent=True)

    async def undo_some(self, import_id: int, runner: UUID, limit: int, lease_s: float, now: datetime) -> int | None:
        asked = (import_id, runner, limit, timedelta(seconds=lease_s), [kind.value for kind in TAKEN_BACK], now)
        return await self._postgres.call(lambda c: c.fetchval(_SQL["undo_some"], *asked))


async def _drop(connection: Connection, workspace_id: int | None, import_ids: Sequence[int]) -> bool:
    if not import_ids:
        return False
    dropped = [row["id"] for row in await connection.fetch(_SQL["drop"], workspace_id, list(import_ids))]
    await connection.execute(_SQL["forget"], dropped)
    return bool(dropped)


async def _place(connection: Connection, workspace_id: int, contact_ids: Sequence[int]) -> None:
    """What is known of people now, from the list or before it, counts for all of their numbers."""
    numbers = await connection.fetch(_SQL["numbers_of"], workspace_id, contact_ids) if contact_ids else []
    places = {row["id"]: " ".join(places_of(row["address"], row["zone"], row["zip"])) for row in numbers}
    if places:
        await connection.execute(_SQL["add_places"], workspace_id, list(places), list(places.values()))


async def _told_notes(connection: Connection, workspace_id: int, told: Sequence[Row]) -> list[tuple[int, str]]:
    holders = sorted({row["ref"] for row in told if row["what"] == "elsewhere"})
    found = await connection.fetch(_SQL["holders"], workspace_id, holders) if holders else []
    names = {row["id"]: full_name(row["first_name"], row["last_name"]) for row in found}
    notes = [(row["line"], repeated(row["ref"])) for row in told if row["what"] == "repeated"]
    return notes + [
        (row["line"], elsewhere(row["address"], names.get(row["ref"]))) for row in told if row["what"] == "elsewhere"
    ]


def _field(row: Row) -> Field:
    return Field(row["name"], row["label"], FieldKind(row["kind"]), tuple(row["choices"]))


def _row(person: Person, tags: Sequence[str]) -> Mapping[str, Any]:
    zone, zip_code = person.texts.get("zone"), person.texts.get("zip", "")
    return {
        "line": person.line,
        "phones": [(*phone, places_of(phone[0], zone, zip_code)) for phone in person.phones],
        "texts": person.texts,
        "custom": person.custom,
        "tags": [*tags, *person.tags],
        "stages": {str(pipeline_id): stage_id for pipeline_id, stage_id in person.stages.items()},
        "owner_id": person.owner_id,
        "consents": person.consents,
    }


def _refused(refusal: Refusal) -> Mapping[str, Any]:
    cells = [cell[:_CELL_LENGTH] for cell in refusal.cells[:_CELLS]]
    return {"line": refusal.line, "sentence": refusal.sentence, "taken": False, "cells": cells}


def _import(row: Row) -> Import:
    dialect, columns = json.loads(row["dialect"]), json.loads(row["mapping"])
    consent = json.loads(row["consent"]) if row["consent"] else None
    return Import(
        import_id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        size=row["size"],
        state=row["state"],
        dialect=Dialect(dialect["encoding"], dialect["separator"], dialect["header"]) if dialect else None,
        columns=ImportColumns(*(tuple(columns.get(part, ())) for part in ("names", "places", "tags"))),
        consent=consent and ImportConsent(consent["who"], datetime.fromisoformat(consent["at"]), consent["wording"]),
        member=row["member"],
        confirmed_by=row["confirmed_by"],
        rows_total=row["rows_total"],
        rows_done=row["rows_done"],
        created=row["created"],
        updated=row["updated"],
        refused=row["refused"],
        noted=row["noted"],
        taken_back=row["taken_back"],
        kept=row["kept"],
        sentence=row["sentence"],
        at=row["at"],
        confirmed_at=row["confirmed_at"],
        ended_at=row["ended_at"],
    )
