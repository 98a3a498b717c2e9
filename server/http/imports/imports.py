"""Lists of people: looked at, confirmed with their statement of consent, followed, and taken back.

Nothing of a file is a contact before it is confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from server.domain.fields import Field, FieldKind
from server.domain.imports.csv_bytes import NotAList
from server.domain.imports.csv_columns import CUSTOM, NEW, mapping_fault
from server.domain.roles import Deed, may
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.imports.models import (
    ConfirmIn,
    DescribeIn,
    ImportPageOut,
    ImportsQuery,
    ImportViewOut,
    fault_out,
    import_out,
    import_view,
)
from server.http.imports.reading import ONE, counted, dialect_of, found_import, look, view
from server.http.rules import MEMBER, Routes
from server.ports.imports import Dialect, Import, ImportColumns, ImportConsent

_CLOCKS_DIFFER: Final = timedelta(minutes=2)

routes: Final = Routes("imports")


@routes.get("/api/v1/imports", MEMBER, query=ImportsQuery, answers={200: ImportPageOut})
async def imports_page(call: Call, query: ImportsQuery) -> Answer:
    """The lists that were brought in, the newest first."""
    found = await call.deps.imports.page(call.member.workspace_id, below=query.below, limit=query.limit + 1)
    shown = found[: query.limit]
    more = shown[-1].import_id if len(found) > query.limit else None
    return Answer({"imports": [import_out(one) for one in shown], "next": more})


@routes.get(ONE, MEMBER, answers={200: ImportViewOut})
async def import_one(call: Call, import_id: int) -> Answer:
    """One list: its columns with a guess of what they are, and how far it is."""
    return Answer(await view(call, import_id))


@routes.patch(ONE, MEMBER, body=DescribeIn, answers={200: ImportViewOut})
async def describe_import(call: Call, import_id: int, body: DescribeIn) -> Answer:
    """Say how the file is read and what its columns become, until it is confirmed."""
    found = await _waiting(call, import_id)
    workspace_id, imports = call.member.workspace_id, call.deps.imports
    known, old = await imports.vocabulary(workspace_id), dialect_of(found)
    dialect = Dialect(
        body.encoding or old.encoding,
        body.separator or old.separator,
        old.header if body.header is None else body.header,
    )
    columns, total = found.columns, found.rows_total
    if dialect != old:
        looked = await look(call, found, dialect)
        columns = ImportColumns(looked.names, looked.places, columns.tags)
        try:
            total = await counted(call, import_id, dialect)
        except NotAList as refusal:
            raise Problem(422, "not_a_list", str(refusal)) from None
    columns = _described(columns, body.places, body.tags)
    if not await imports.describe(workspace_id, import_id, dialect, columns, total):
        raise _confirmed_already()
    described = replace(found, dialect=dialect, columns=columns, rows_total=total)
    return Answer(import_view(described, await look(call, described, dialect), known))


@routes.post(f"{ONE}/confirm", MEMBER, body=ConfirmIn, answers={202: ImportViewOut})
async def confirm_import(call: Call, import_id: int, body: ConfirmIn) -> Answer:
    """Bring the people in, upon the statement of consent. It goes on by itself; GET tells how far it is."""
    found = await _waiting(call, import_id)
    workspace_id, imports = call.member.workspace_id, call.deps.imports
    columns = _described(found.columns, body.places, body.tags)
    fault = mapping_fault(columns.places, columns.names, await imports.vocabulary(workspace_id))
    if fault is not None:
        raise Problem(422, "invalid", fault.sentence, field="places", more={"fault": fault_out(fault)})
    said = body.consent
    if said.at > max(call.deps.clock.wall(), call.deps.clock.real()) + _CLOCKS_DIFFER:
        raise Problem(422, "invalid", "This lies in the future.", field="consent.at")
    new = [
        Field(place.removeprefix(NEW), name, FieldKind.TEXT)
        for place, name in zip(columns.places, columns.names, strict=True)
        if place.startswith(NEW)
    ]
    settled = replace(columns, places=tuple(place.replace(NEW, CUSTOM, 1) for place in columns.places))
    if new and not may(call.member.role, Deed.CHANGE_FIELDS):
        raise Problem(403, "role", "Only managers and owners may add a field to all contacts.", field="places")
    statement = ImportConsent(said.who, said.at, said.wording)
    now = call.deps.clock.real()
    if not await imports.confirm(workspace_id, call.member.member_id, import_id, settled, new, statement, now):
        raise _confirmed_already()
    call.deps.ring_importer()
    return Answer(await view(call, import_id), 202)


@routes.post(f"{ONE}/undo", MEMBER, answers={202: ImportViewOut})
async def undo_import(call: Call, import_id: int) -> Answer:
    """Take an import back: whom it brought, what it changed, and its opt-ins. Whom somebody has worked with stays."""
    await found_import(call, import_id)
    if not await call.deps.imports.undo(call.member.workspace_id, call.member.member_id, import_id):
        raise Problem(409, "not_ended", "Only an import that has ended can be taken back, and only once.")
    call.deps.ring_importer()
    return Answer(await view(call, import_id), 202)


@routes.delete(ONE, MEMBER, answers={204: None})
async def drop_import(call: Call, import_id: int) -> Answer:
    """Forget a file that was not confirmed."""
    await found_import(call, import_id)
    if not await call.deps.imports.drop(call.member.workspace_id, import_id):
        raise _confirmed_already()
    return Answer(status=204)


async def _waiting(call: Call, import_id: int) -> Import:
    found = await found_import(call, import_id)
    if found.state != "uploaded":
        raise _confirmed_already()
    return found


def _described(columns: ImportColumns, places: Sequence[str] | None, tags: Sequence[str] | None) -> ImportColumns:
    if places is not None and len(places) != len(columns.names):
        raise Problem(422, "invalid", f"This list has {len(columns.names)} columns.", field="places")
    return ImportColumns(
        columns.names,
        columns.places if places is None else tuple(places),
        columns.tags if tags is None else tuple(" ".join(tag.split()) for tag in tags),
    )


def _confirmed_already() -> Problem:
    return Problem(409, "confirmed", "This import was confirmed already.")
