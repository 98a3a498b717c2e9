"""Contacts: made, read, changed in place and hidden, with their phones, tags, stages and showings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from server.ports import Announce
from server.ports.contacts import (
    Changed,
    ContactRow,
    MergedAway,
    NewPhone,
    PhoneTaken,
    Refused,
    Showing,
    Source,
)
from server.store.contacts.edit import Edit, Undone, Work, check_owner, checked_custom, edited, gone, tell
from server.store.contacts.merge import merge
from server.store.contacts.rows import contact_rows
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("contacts")


class PostgresContacts:
    """`ports.contacts.Contacts`."""

    def __init__(self, postgres: Postgres, announce: Announce) -> None:
        self._postgres, self._announce = postgres, announce

    async def rows(self, workspace_id: int, contact_ids: Sequence[int]) -> Sequence[ContactRow]:
        return await self._postgres.read(lambda c: contact_rows(c, workspace_id, contact_ids))

    async def get(self, workspace_id: int, contact_id: int) -> ContactRow | MergedAway | None:
        async def read(connection: Connection) -> ContactRow | MergedAway | None:
            found = await contact_rows(connection, workspace_id, [contact_id])
            return found[0] if found else await gone(connection, workspace_id, contact_id)

        return await self._postgres.read(read)

    # The contact itself

    async def create(
        self,
        workspace_id: int,
        member_id: int | None,
        values: Mapping[str, Any],
        phones: Sequence[NewPhone] = (),
        *,
        tags: Sequence[str] = (),
        source: Source = "member",
    ) -> ContactRow | PhoneTaken | Refused:
        async def run(connection: Connection) -> tuple[ContactRow, list[int]]:
            await check_owner(connection, workspace_id, values)
            custom, _ = await checked_custom(connection, workspace_id, values.get("custom") or {})
            plain = storable_json({name: value for name, value in values.items() if name != "custom"})
            new = await connection.fetchval(_SQL["add"], workspace_id, source, plain, storable_json(custom))
            locked = await connection.fetchrow(_SQL["lock"], workspace_id, new)
            assert locked is not None, "it was made just now"  # noqa: S101 - a bug of ours
            edit = Edit(connection, workspace_id, member_id, locked)
            await edit.attach(phones)
            await _tag(edit, (), tags)
            await edit.audit("contact_created", source=source, phones=[phone.address for phone in phones])
            return await edit.row(), edit.threads

        try:
            row, threads = await self._postgres.call(run)
        except Undone as undone:
            refused: PhoneTaken | Refused = undone.outcome
            return refused
        tell(self._announce, workspace_id, threads)
        return row

    async def change(
        self, workspace_id: int, member_id: int, contact_id: int, values: Mapping[str, Any], version: int | None
    ) -> Changed:
        async def work(edit: Edit) -> None:
            await check_owner(edit.connection, workspace_id, values)
            custom, emptied = await checked_custom(edit.connection, workspace_id, values.get("custom") or {})
            plain = {name: value for name, value in values.items() if name != "custom"}
            await edit.run("change", storable_json(plain), storable_json(custom), emptied)
            await edit.audit("contact_changed", fields=[*plain, *(f"custom.{name}" for name in (*custom, *emptied))])
            if "zone" in plain or "zip" in plain:
                await edit.place()
            before = edit.contact
            if any(name in plain and plain[name] != before[name] for name in ("first_name", "last_name")):
                await edit.renamed(await edit.endpoint_ids())

        return await self._edit(workspace_id, member_id, contact_id, work, version=version)

    async def merge(self, workspace_id: int, member_id: int, contact_id: int, other_id: int) -> Changed:
        return await merge(self._postgres, self._announce, workspace_id, member_id, contact_id, other_id)

    async def delete(self, workspace_id: int, member_id: int, contact_id: int) -> bool:
        async def run(connection: Connection) -> list[int] | None:
            locked = await connection.fetchrow(_SQL["lock"], workspace_id, contact_id)
            if locked is None:
                return None
            edit = Edit(connection, workspace_id, member_id, locked)
            freed = [row["endpoint_id"] for row in await edit.run("detach", None)]
            await edit.run("hide")
            await edit.renamed(freed)
            await edit.audit("contact_deleted", endpoints=freed)
            return edit.threads

        threads = await self._postgres.call(run)
        tell(self._announce, workspace_id, threads or [])
        return threads is not None

    # Phones

    async def add_phone(self, workspace_id: int, member_id: int, contact_id: int, phone: NewPhone) -> Changed:
        async def work(edit: Edit) -> None:
            known = await edit.connection.fetch(_SQL["endpoints"], workspace_id, [phone.address])
            own = await edit.endpoint_ids()
            if known and known[0]["id"] in own:
                await edit.run("arrange", own, known[0]["id"], storable(phone.label))
            else:
                await edit.attach([phone])
            await edit.touch("phone_added", phone=phone.address)

        return await self._edit(workspace_id, member_id, contact_id, work)

    async def change_phone(
        self,
        workspace_id: int,
        member_id: int,
        contact_id: int,
        endpoint_id: int,
        *,
        label: str | None = None,
        priority: int | None = None,
    ) -> Changed:
        async def work(edit: Edit) -> None:
            order = await edit.endpoint_ids()
            if endpoint_id not in order:
                raise Undone(None)
            if priority is not None:
                order.remove(endpoint_id)
                order.insert(priority, endpoint_id)
            await edit.run("arrange", order, endpoint_id, None if label is None else storable(label))
            await edit.touch("phone_changed", endpoint=endpoint_id)

        return await self._edit(workspace_id, member_id, contact_id, work)

    async def remove_phone(self, workspace_id: int, member_id: int, contact_id: int, endpoint_id: int) -> Changed:
        async def work(edit: Edit) -> None:
            if not await edit.run("detach", endpoint_id):
                raise Undone(None)
            await edit.renamed([endpoint_id])
            await edit.touch("phone_removed", endpoint=endpoint_id)

        return await self._edit(workspace_id, member_id, contact_id, work)

    # Tags, stages, showings

    async def set_tags(
        self,
        workspace_id: int,
        member_id: int,
        contact_id: int,
        *,
        tag_ids: Sequence[int] = (),
        names: Sequence[str] = (),
    ) -> Changed:
        async def work(edit: Edit) -> None:
            chosen = await _tag(edit, tag_ids, names)
            await edit.run("untag", chosen)
            await edit.touch("contact_tagged", tags=chosen)

        return await self._edit(workspace_id, member_id, contact_id, work)

    async def set_stage(
        self, workspace_id: int, member_id: int, contact_id: int, pipeline_id: int, stage_id: int | None
    ) -> Changed:
        async def work(edit: Edit) -> None:
            there = await edit.connection.fetchrow(_SQL["pipeline_is_there"], workspace_id, pipeline_id, stage_id)
            if there is None or not there["pipeline"]:
                raise Undone(Refused("pipeline_id", "There is no such pipeline."))
            if stage_id is not None and not there["stage"]:
                raise Undone(Refused("stage_id", "There is no such stage in this pipeline."))
            if stage_id is None:
                await edit.run("unstage", pipeline_id)
            else:
                await edit.run("stage", pipeline_id, stage_id)
            await edit.touch("contact_staged", pipeline=pipeline_id, stage=stage_id)

        return await self._edit(workspace_id, member_id, contact_id, work)

    async def showings(self, workspace_id: int, contact_id: int) -> Sequence[Showing] | None:
        async def read(connection: Connection) -> Sequence[Row] | None:
            if not await contact_rows(connection, workspace_id, [contact_id]):
                return None
            rows: Sequence[Row] = await connection.fetch(_SQL["showings"], workspace_id, contact_id)
            return rows

        rows = await self._postgres.read(read)
        return None if rows is None else [_showing(row) for row in rows]

    async def add_showing(
        self, workspace_id: int, member_id: int, contact_id: int, property_address: str, at: datetime, note: str
    ) -> Showing | MergedAway | None:
        made: list[Showing] = []

        async def work(edit: Edit) -> None:
            made.clear()
            [row] = await edit.run("add_showing", storable(property_address), at, storable(note))
            made.append(_showing(row))
            await edit.touch("showing_added", showing=row["id"])

        outcome = await self._edit(workspace_id, member_id, contact_id, work)
        if isinstance(outcome, ContactRow):
            return made[0]
        return outcome if isinstance(outcome, MergedAway) else None

    async def remove_showing(self, workspace_id: int, member_id: int, contact_id: int, showing_id: int) -> bool:
        async def work(edit: Edit) -> None:
            if not await edit.run("remove_showing", showing_id):
                raise Undone(None)
            await edit.touch("showing_removed", showing=showing_id)

        return isinstance(await self._edit(workspace_id, member_id, contact_id, work), ContactRow)

    async def _edit(
        self, workspace_id: int, member_id: int, contact_id: int, work: Work, *, version: int | None = None
    ) -> Changed:
        return await edited(self._postgres, self._announce, workspace_id, member_id, contact_id, work, version=version)


async def _tag(edit: Edit, tag_ids: Sequence[int], names: Sequence[str]) -> list[int]:
    """These tags and those of these names, which are made where there are none. Raises Undone(Refused)."""
    there = await edit.connection.fetch(_SQL["tags_there"], edit.workspace_id, list(tag_ids))
    if len(there) < len(set(tag_ids)):
        raise Undone(Refused("tag_ids", "There is no such tag."))
    chosen = [row["id"] for row in there]
    if names:
        written = [storable(name) for name in names]
        await edit.connection.execute(_SQL["name_tags"], edit.workspace_id, written)
        named = await edit.connection.fetch(_SQL["tags_named"], edit.workspace_id, written)
        chosen += [row["id"] for row in named]
    await edit.run("tag", chosen)
    return chosen


def _showing(row: Row) -> Showing:
    return Showing(row["id"], row["property_address"], row["at"], row["note"])
