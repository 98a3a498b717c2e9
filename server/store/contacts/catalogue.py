"""What a workspace describes people with: tags, pipelines with stages, custom fields. Its members and numbers too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import asyncpg

from server.domain.fields import FieldFault, FieldKind, checked_choices, name_fault
from server.ports.catalogue import Colleague, CustomField, InUse, OwnNumber, Pipeline, Stage, Tag
from server.ports.contacts import Refused
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

T = TypeVar("T")

_SQL = statements("catalogue")
_AT_A_TIME: Final = 5_000  # contacts in one transaction, where a field's values go
_TAKEN: Final = "There is one of that name already."


class PostgresCatalogue:
    """`ports.catalogue.Catalogue`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def _all(self, name: str, *values: Any) -> list[Row]:
        return list(await self._postgres.read(lambda c: c.fetch(_SQL[name], *values)))

    async def _write(
        self, work: Callable[[Connection], Awaitable[T]], field: str = "name", sentence: str = _TAKEN
    ) -> T | Refused:
        """In one transaction; a name that is taken is refused by the unique index, whoever was faster."""

        async def run(connection: Connection) -> T:
            return await work(connection)

        try:
            return await self._postgres.call(run)
        except asyncpg.UniqueViolationError:
            return Refused(field, sentence)

    # Tags

    async def tags(self, workspace_id: int) -> Sequence[Tag]:
        return [_tag(row) for row in await self._all("tags", workspace_id, None)]

    async def add_tag(self, workspace_id: int, name: str) -> Tag:
        name = storable(name)

        async def run(connection: Connection) -> Row:
            new = await connection.fetchval(_SQL["add_tag"], workspace_id, name)
            if new is None:
                new = await connection.fetchval(_SQL["tag_named"], workspace_id, name)
            [row] = await connection.fetch(_SQL["tags"], workspace_id, new)
            return row

        return _tag(await self._postgres.call(run, idempotent=True))

    async def rename_tag(self, workspace_id: int, tag_id: int, name: str) -> Tag | Refused | None:
        async def run(connection: Connection) -> Tag | None:
            if await connection.fetchval(_SQL["rename_tag"], workspace_id, tag_id, storable(name)) is None:
                return None
            [row] = await connection.fetch(_SQL["tags"], workspace_id, tag_id)
            return _tag(row)

        return await self._write(run)

    async def remove_tag(self, workspace_id: int, tag_id: int) -> bool:
        gone = await self._postgres.call(lambda c: c.fetchval(_SQL["remove_tag"], workspace_id, tag_id))
        return gone is not None

    # Pipelines and stages

    async def pipelines(self, workspace_id: int) -> Sequence[Pipeline]:
        return _pipelines(await self._all("pipelines", workspace_id, None))

    async def add_pipeline(self, workspace_id: int, name: str, stages: Sequence[str]) -> Pipeline | Refused:
        async def run(connection: Connection) -> Pipeline:
            new = await connection.fetchval(_SQL["add_pipeline"], workspace_id, storable(name))
            for position, stage in enumerate(stages):
                await connection.execute(_SQL["add_stage"], workspace_id, new, storable(stage), position)
            return await _pipeline(connection, workspace_id, new)

        return await self._write(run)

    async def change_pipeline(
        self, workspace_id: int, pipeline_id: int, *, name: str | None = None, position: int | None = None
    ) -> Pipeline | Refused | None:
        async def run(connection: Connection) -> Pipeline | None:
            if await connection.fetchval(_SQL["lock_pipeline"], workspace_id, pipeline_id) is None:
                return None
            written = None if name is None else storable(name)
            await connection.execute(_SQL["change_pipeline"], workspace_id, pipeline_id, written, position)
            return await _pipeline(connection, workspace_id, pipeline_id)

        return await self._write(run)

    async def remove_pipeline(self, workspace_id: int, pipeline_id: int, *, even_in_use: bool) -> InUse | bool:
        async def run(connection: Connection) -> InUse | bool:
            if await connection.fetchval(_SQL["lock_pipeline"], workspace_id, pipeline_id) is None:
                return False
            standing = await connection.fetchval(_SQL["standing"], workspace_id, pipeline_id, None)
            if standing and not even_in_use:
                return InUse(standing)
            await connection.execute(_SQL["remove_pipeline"], workspace_id, pipeline_id)
            return True

        return await self._postgres.call(run)

    async def add_stage(
        self, workspace_id: int, pipeline_id: int, name: str, position: int | None = None
    ) -> Stage | Refused | None:
        async def run(connection: Connection) -> Stage | None:
            if await connection.fetchval(_SQL["lock_pipeline"], workspace_id, pipeline_id) is None:
                return None
            order = await _stages(connection, workspace_id, pipeline_id)
            place = len(order) if position is None else min(position, len(order))
            new = await connection.fetchval(_SQL["add_stage"], workspace_id, pipeline_id, storable(name), place)
            order.insert(place, new)
            await connection.execute(_SQL["arrange_stages"], workspace_id, pipeline_id, order)
            return await _stage(connection, workspace_id, pipeline_id, new)

        return await self._write(run)

    async def change_stage(
        self,
        workspace_id: int,
        pipeline_id: int,
        stage_id: int,
        *,
        name: str | None = None,
        position: int | None = None,
    ) -> Stage | Refused | None:
        async def run(connection: Connection) -> Stage | None:
            if await connection.fetchval(_SQL["lock_pipeline"], workspace_id, pipeline_id) is None:
                return None
            order = await _stages(connection, workspace_id, pipeline_id)
            if stage_id not in order:
                return None
            if name is not None:
                await connection.execute(_SQL["rename_stage"], workspace_id, stage_id, storable(name))
            if position is not None:
                order.remove(stage_id)
                order.insert(position, stage_id)
            await connection.execute(_SQL["arrange_stages"], workspace_id, pipeline_id, order)
            return await _stage(connection, workspace_id, pipeline_id, stage_id)

        return await self._write(run)

    async def remove_stage(
        self, workspace_id: int, pipeline_id: int, stage_id: int, *, even_in_use: bool
    ) -> InUse | bool:
        async def run(connection: Connection) -> InUse | bool:
            if await connection.fetchval(_SQL["lock_pipeline"], workspace_id, pipeline_id) is None:
                return False
            if stage_id not in await _stages(connection, workspace_id, pipeline_id):
                return False
            standing = await connection.fetchval(_SQL["standing"], workspace_id, pipeline_id, stage_id)
            if standing and not even_in_use:
                return InUse(standing)
            await connection.execute(_SQL["remove_stage"], workspace_id, pipeline_id, stage_id)
            return True

        return await self._postgres.call(run)

    # Custom fields

    async def fields(self, workspace_id: int) -> Sequence[CustomField]:
        return [_field(row) for row in await self._all("fields", workspace_id, None)]

    async def add_field(
        self, workspace_id: int, name: str, label: str, kind: FieldKind, choices: Sequence[str]
    ) -> CustomField | Refused:
        fault = name_fault(name)
        if fault is not None:
            return Refused("name", fault)
        try:
            kept = [storable(choice) for choice in checked_choices(kind, choices)]
        except FieldFault as error:
            return Refused("choices", str(error))
        # an earlier field of that name may have left values behind, if a server died while it was removed
        if name not in {field.name for field in await self.fields(workspace_id)}:
            await self._forget(workspace_id, name)

        async def run(connection: Connection) -> CustomField:
            values = (workspace_id, name, storable(label), kind.value, kept)
            new = await connection.fetchval(_SQL["add_field"], *values)
            [row] = await connection.fetch(_SQL["fields"], workspace_id, new)
            return _field(row)

        return await self._write(run, sentence=f"There is a field {{{{{name}}}}} already.")

    async def change_field(
        self,
        workspace_id: int,
        field_id: int,
        *,
        label: str | None = None,
        choices: Sequence[str] | None = None,
        position: int | None = None,
    ) -> CustomField | Refused | None:
        async def run(connection: Connection) -> CustomField | Refused | None:
            found = await connection.fetch(_SQL["fields"], workspace_id, field_id)
            if not found:
                return None
            try:
                kept = None if choices is None else checked_choices(FieldKind(found[0]["kind"]), choices)
            except FieldFault as error:
                return Refused("choices", str(error))
            written = None if label is None else storable(label)
            stored = None if kept is None else [storable(choice) for choice in kept]
            await connection.execute(_SQL["change_field"], workspace_id, field_id, written, stored, position)
            [row] = await connection.fetch(_SQL["fields"], workspace_id, field_id)
            return _field(row)

        return await self._postgres.call(run, idempotent=True)

    async def remove_field(self, workspace_id: int, field_id: int) -> bool:
        name = await self._postgres.call(lambda c: c.fetchval(_SQL["remove_field"], workspace_id, field_id))
        if name is None:
            return False
        await self._forget(workspace_id, name)
        return True

    async def _forget(self, workspace_id: int, name: str) -> None:
        """In transactions of their own: a million contacts in one would stand in everybody's way."""
        after = 0
        while True:
            forget = partial(_forget_some, workspace_id=workspace_id, name=name, after=after)
            gone = await self._postgres.call(forget, idempotent=True)
            if len(gone) < _AT_A_TIME:
                return
            after = max(gone)

    # Members and numbers

    async def members(self, workspace_id: int) -> Sequence[Colleague]:
        rows = await self._all("members", workspace_id)
        return [Colleague(row["id"], row["name"], row["email"], row["role"]) for row in rows]

    async def numbers(self, workspace_id: int) -> Sequence[OwnNumber]:
        rows = await self._all("numbers", workspace_id)
        return [
            OwnNumber(row["id"], row["address"], row["label"], row["owner_id"], row["owner"], row["version"])
            for row in rows
        ]


async def _forget_some(connection: Connection, workspace_id: int, name: str, after: int) -> list[int]:
    rows = await connection.fetch(_SQL["forget_values"], workspace_id, name, after, _AT_A_TIME)
    return [row["id"] for row in rows]


async def _stages(connection: Connection, workspace_id: int, pipeline_id: int) -> list[int]:
    return [row["id"] for row in await connection.fetch(_SQL["stages"], workspace_id, pipeline_id)]


async def _pipeline(connection: Connection, workspace_id: int, pipeline_id: int) -> Pipeline:
    [one] = _pipelines(await connection.fetch(_SQL["pipelines"], workspace_id, pipeline_id))
    return one


async def _stage(connection: Connection, workspace_id: int, pipeline_id: int, stage_id: int) -> Stage:
    pipeline = await _pipeline(connection, workspace_id, pipeline_id)
    return next(stage for stage in pipeline.stages if stage.stage_id == stage_id)


def _tag(row: Row) -> Tag:
    return Tag(row["id"], row["name"], row["contacts"])


def _pipelines(rows: Sequence[Row]) -> list[Pipeline]:
    """One row for each stage, and one for a pipeline without any."""
    stages: dict[int, list[Stage]] = {}
    heads: dict[int, Row] = {}
    for row in rows:
        heads.setdefault(row["pipeline_id"], row)
        own = stages.setdefault(row["pipeline_id"], [])
        if row["stage_id"] is not None:
            own.append(Stage(row["stage_id"], row["stage"], row["stage_position"], row["contacts"]))
    return [Pipeline(id_, row["pipeline"], row["pipeline_position"], tuple(stages[id_])) for id_, row in heads.items()]


def _field(row: Row) -> CustomField:
    return CustomField(
        row["id"], row["name"], row["label"], FieldKind(row["kind"]), tuple(row["choices"]), row["position"]
    )
