"""Makes one contact of two. Numbers move with their threads, opt-outs and consent, which hang on the number and stay as
they are; words of the other one fill what is blank; the audit keeps the other as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from server.ports import Announce
from server.ports.contacts import Changed, ContactRow, Refused
from server.store.contacts.edit import Edit, Undone, gone, tell
from server.store.contacts.rows import contact_rows
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("merge")
_MOVES = ("move_tags", "move_stages", "move_showings", "fill_blanks", "end_other")


async def merge(
    postgres: Postgres, announce: Announce, workspace_id: int, member_id: int, contact_id: int, other_id: int
) -> Changed:
    """*other_id* becomes part of *contact_id*. Safe to repeat; see `ports.contacts.Contacts.merge`."""
    if contact_id == other_id:
        return Refused("other_id", "A contact cannot be merged with itself.")

    async def run(connection: Connection) -> tuple[ContactRow, list[int]]:
        locked = await connection.fetch(_SQL["lock_both"], workspace_id, contact_id, other_id)
        found: dict[int, Row] = {row["id"]: row for row in locked}
        if contact_id not in found or found[contact_id]["deleted_at"] is not None:
            raise Undone(await gone(connection, workspace_id, contact_id))
        edit = Edit(connection, workspace_id, member_id, found[contact_id])
        other = found.get(other_id)
        if other is not None and other["merged_into"] == contact_id:
            return await edit.row(), []
        if other is None or other["deleted_at"] is not None:
            raise Undone(Refused("other_id", "There is no such contact."))
        return await _united(edit, other_id), edit.threads

    try:
        row, threads = await postgres.call(run, idempotent=True)
    except Undone as undone:
        refused: Changed = undone.outcome
        return refused
    tell(announce, workspace_id, threads)
    return row


async def _united(edit: Edit, other_id: int) -> ContactRow:
    connection, pair = edit.connection, (edit.workspace_id, edit.contact_id, other_id)
    was = await connection.fetchval(_SQL["what_it_was"], edit.workspace_id, other_id)
    [before] = await contact_rows(connection, edit.workspace_id, [other_id])
    moved = [row["endpoint_id"] for row in await connection.fetch(_SQL["move_phones"], *pair)]
    for name in _MOVES:
        await connection.execute(_SQL[name], *pair)
    await connection.execute(_SQL["forget_marks"], edit.workspace_id, other_id)
    await edit.place(known_only=True)
    # every number: the contact may have got its name from the other just now
    await edit.renamed(await edit.endpoint_ids())
    await edit.audit("contacts_merged", other=other_id, phones=moved, was=_was(was, before))
    return await edit.row()


def _was(row: str, shown: ContactRow) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(row)
    return told | {
        "tags": [tag.name for tag in shown.tags],
        "stages": [[stage.pipeline, stage.stage] for stage in shown.stages],
    }
