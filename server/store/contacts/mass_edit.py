"""Changes many contacts in one transaction: locked by ascending id; only those that it changes get a version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.ports.contacts import Refused
from server.ports.mass_edit import MassEdit, ToStage
from server.store.contacts.edit import Undone
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = {**statements("contacts"), **statements("mass_edit")}


class PostgresMassEdits:
    """`ports.mass_edit.MassEdits`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def edit(
        self, workspace_id: int, member_id: int, contact_ids: Sequence[int], edit: MassEdit
    ) -> int | Refused:
        async def run(connection: Connection) -> int:
            rows = await connection.fetch(_SQL["lock_many"], workspace_id, list(contact_ids))
            ids = [row["id"] for row in rows]
            changed = await _Group(connection, workspace_id, ids).apply(edit)
            if changed:
                await connection.execute(_SQL["touch_many"], workspace_id, sorted(changed))
                told = storable_json({"contacts": len(changed), **_told(edit)})
                await connection.execute(_SQL["audit"], workspace_id, member_id, "contacts_edited", told)
            return len(changed)

        try:
            return await self._postgres.call(run)
        except Undone as undone:
            refused: Refused = undone.outcome
            return refused


class _Group:
    """The locked contacts of one transaction. Each method gives the ids that it changed."""

    def __init__(self, connection: Connection, workspace_id: int, ids: list[int]) -> None:
        self._connection, self._workspace_id, self._ids = connection, workspace_id, ids

    async def apply(self, edit: MassEdit) -> set[int]:
        changed: set[int] = set()
        if edit.add_tags:
            changed |= await self._tag(edit.add_tags)
        if edit.remove_tag_ids:
            changed |= await self._run("untag_many", list(edit.remove_tag_ids))
        if edit.stage:
            changed |= await self._stage(edit.stage)
        if edit.owner:
            changed |= await self._own(edit.owner.member_id)
        return changed

    async def _run(self, name: str, *values: object) -> set[int]:
        rows = await self._connection.fetch(_SQL[name], self._workspace_id, self._ids, *values)
        return {row["contact_id"] for row in rows}

    async def _tag(self, names: Sequence[str]) -> set[int]:
        written = [storable(name) for name in names]
        await self._connection.execute(_SQL["name_tags"], self._workspace_id, written)
        rows = await self._connection.fetch(_SQL["tags_named"], self._workspace_id, written)
        return await self._run("tag_many", [row["id"] for row in rows])

    async def _stage(self, to: ToStage) -> set[int]:
        there = await self._connection.fetchrow(
            _SQL["pipeline_is_there"], self._workspace_id, to.pipeline_id, to.stage_id
        )
        if there is None or not there["pipeline"]:
            raise Undone(Refused("stage.pipeline_id", "There is no such pipeline."))
        if to.stage_id is None:
            return await self._run("unstage_many", to.pipeline_id)
        if not there["stage"]:
            raise Undone(Refused("stage.stage_id", "There is no such stage in this pipeline."))
        return await self._run("stage_many", to.pipeline_id, to.stage_id)

    async def _own(self, member_id: int | None) -> set[int]:
        if member_id is not None and not await self._connection.fetchrow(
            _SQL["colleague"], self._workspace_id, member_id
        ):
            raise Undone(Refused("owner_id", "There is no such member."))
        return await self._run("own_many", member_id)


def _told(edit: MassEdit) -> dict[str, object]:
    told: dict[str, object] = {}
    if edit.add_tags:
        told["add_tags"] = list(edit.add_tags)
    if edit.remove_tag_ids:
        told["remove_tags"] = list(edit.remove_tag_ids)
    if edit.stage:
        told |= {"pipeline": edit.stage.pipeline_id, "stage": edit.stage.stage_id}
    if edit.owner:
        told["owner"] = edit.owner.member_id
    return told
