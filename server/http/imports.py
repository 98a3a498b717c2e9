"""Lists of people: sent as they are, looked at, confirmed with their statement of consent, followed, and taken back.

Nothing of a file is a contact before it is confirmed. What is no list is refused while it is being sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import trio
from quart import Response

from server.actors.import_rows import count_rows
from server.domain.csv_bytes import Encoding, NotAList, NotText, Reading, decoder
from server.domain.csv_cells import csv_line, guarded
from server.domain.csv_columns import CUSTOM, NEW, mapping_fault
from server.domain.fields import Field, FieldKind
from server.domain.import_survey import SAMPLE, Survey, survey
from server.domain.roles import Deed, may
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.import_models import (
    ConfirmIn,
    DescribeIn,
    ImportPageOut,
    ImportsQuery,
    ImportViewOut,
    RefusalsOut,
    RefusalsQuery,
    UploadQuery,
    fault_out,
    import_out,
    import_view,
)
from server.http.rules import MEMBER, Routes
from server.ports.imports import Dialect, Import, ImportColumns, ImportConsent

LIMIT: Final = 50_000_000  # bytes: half a million people with all that one knows of them
MOST_ROWS: Final = 1_000_000
_CHUNK: Final = 512 * 1024
_CLOCKS_DIFFER: Final = timedelta(minutes=2)
_ONE: Final = f"/api/v1/imports/{part('import_id')}"

routes: Final = Routes("imports")


@routes.post("/api/v1/imports", MEMBER, query=UploadQuery, raw_body_limit=LIMIT, answers={201: ImportViewOut})
async def upload(call: Call, query: UploadQuery, body: AsyncIterator[bytes]) -> Answer:
    """Send a list: the body is the file itself. It becomes nobody's contact yet."""
    member, imports = call.member, call.deps.imports
    import_id, kept = await imports.begin(member.workspace_id, member.member_id, query.name), False
    try:
        reading, digest = Reading(), hashlib.sha256()
        head = await _keep(call, import_id, body, reading, digest)
        encoding = reading.end()
        await _take_in(call, import_id, head, encoding, reading.size, digest.digest())
        kept = True
    except NotText as refusal:
        raise Problem(415, "not_a_list", str(refusal)) from None
    except NotAList as refusal:
        raise Problem(422, "not_a_list", str(refusal)) from None
    finally:
        if not kept:
            with trio.CancelScope(shield=True):
                await imports.drop(member.workspace_id, import_id)
    return Answer(await _view(call, import_id), 201)


async def _keep(
    call: Call, import_id: int, body: AsyncIterator[bytes], reading: Reading, digest: hashlib._Hash
) -> bytes:
    """Store the file piece by piece as it comes; gives its beginning."""
    head, waiting, nth = b"", bytearray(), 0
    async for piece in body:
        reading.feed(piece)
        digest.update(piece)
        waiting += piece
        if len(waiting) >= _CHUNK:
            head = head or bytes(waiting)
            await call.deps.imports.add_chunk(import_id, nth, bytes(waiting))
            waiting, nth = bytearray(), nth + 1
    if waiting:
        await call.deps.imports.add_chunk(import_id, nth, bytes(waiting))
    return head or bytes(waiting)


async def _take_in(call: Call, import_id: int, head: bytes, encoding: Encoding, size: int, digest: bytes) -> None:
    workspace_id, imports = call.member.workspace_id, call.deps.imports
    known = await imports.vocabulary(workspace_id)
    looked = survey(decoder(encoding)(head, True)[:SAMPLE], known, whole=size <= len(head) <= SAMPLE)
    dialect = Dialect(encoding.value, looked.separator, looked.header)
    columns = ImportColumns(looked.names, looked.places)
    total = await _counted(call, import_id, dialect)
    await imports.uploaded(
        workspace_id, import_id, size=size, sha256=digest, dialect=dialect, columns=columns, rows_total=total
    )


async def _counted(call: Call, import_id: int, dialect: Dialect) -> int:
    total = await count_rows(call.deps.imports, import_id, dialect)
    if not total:
        raise NotAList("There is nobody in this list.")
    if total > MOST_ROWS:
        raise NotAList(f"This list has {total:,} rows; at most {MOST_ROWS:,} are taken at once.")
    return total


@routes.get("/api/v1/imports", MEMBER, query=ImportsQuery, answers={200: ImportPageOut})
async def imports_page(call: Call, query: ImportsQuery) -> Answer:
    """The lists that were brought in, the newest first."""
    found = await call.deps.imports.page(call.member.workspace_id, below=query.below, limit=query.limit + 1)
    shown = found[: query.limit]
    more = shown[-1].import_id if len(found) > query.limit else None
    return Answer({"imports": [import_out(one) for one in shown], "next": more})


@routes.get(_ONE, MEMBER, answers={200: ImportViewOut})
async def import_one(call: Call, import_id: int) -> Answer:
    """One list: its columns with a guess of what they are, and how far it is."""
    return Answer(await _view(call, import_id))


@routes.patch(_ONE, MEMBER, body=DescribeIn, answers={200: ImportViewOut})
async def describe_import(call: Call, import_id: int, body: DescribeIn) -> Answer:
    """Say how the file is read and what its columns become, until it is confirmed."""
    found = await _waiting(call, import_id)
    workspace_id, imports = call.member.workspace_id, call.deps.imports
    known, old = await imports.vocabulary(workspace_id), _dialect(found)
    dialect = Dialect(
        body.encoding or old.encoding,
        body.separator or old.separator,
        old.header if body.header is None else body.header,
    )
    columns, total = found.columns, found.rows_total
    if dialect != old:
        looked = await _look(call, found, dialect)
        columns = ImportColumns(looked.names, looked.places, columns.tags)
        try:
            total = await _counted(call, import_id, dialect)
        except NotAList as refusal:
            raise Problem(422, "not_a_list", str(refusal)) from None
    columns = _described(columns, body.places, body.tags)
    if not await imports.describe(workspace_id, import_id, dialect, columns, total):
        raise _confirmed_already()
    described = replace(found, dialect=dialect, columns=columns, rows_total=total)
    return Answer(import_view(described, await _look(call, described, dialect), known))


@routes.post(f"{_ONE}/confirm", MEMBER, body=ConfirmIn, answers={202: ImportViewOut})
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
    return Answer(await _view(call, import_id), 202)


@routes.post(f"{_ONE}/undo", MEMBER, answers={202: ImportViewOut})
async def undo_import(call: Call, import_id: int) -> Answer:
    """Take an import back: whom it brought, what it changed, and its opt-ins. Whom somebody has worked with stays."""
    await _found(call, import_id)
    if not await call.deps.imports.undo(call.member.workspace_id, call.member.member_id, import_id):
        raise Problem(409, "not_ended", "Only an import that has ended can be taken back, and only once.")
    call.deps.ring_importer()
    return Answer(await _view(call, import_id), 202)


@routes.delete(_ONE, MEMBER, answers={204: None})
async def drop_import(call: Call, import_id: int) -> Answer:
    """Forget a file that was not confirmed."""
    await _found(call, import_id)
    if not await call.deps.imports.drop(call.member.workspace_id, import_id):
        raise _confirmed_already()
    return Answer(status=204)


@routes.get(f"{_ONE}/refusals", MEMBER, query=RefusalsQuery, answers={200: RefusalsOut})
async def import_refusals(call: Call, import_id: int, query: RefusalsQuery) -> Answer:
    """The rows that were not taken, or not all of them, and why."""
    await _found(call, import_id)
    rows = await call.deps.imports.refusals(call.member.workspace_id, import_id, after=query.after, limit=query.limit)
    told = [{"line": r.line, "sentence": r.sentence, "taken": r.taken, "cells": list(r.cells)} for r in rows]
    return Answer({"refusals": told})


@routes.get(f"{_ONE}/refusals.csv", MEMBER)
async def import_refusals_file(call: Call, import_id: int) -> Response:
    """The same as a list to mend and bring again: row, reason, and the cells as they were."""
    found = await _found(call, import_id)

    async def lines() -> AsyncIterator[bytes]:
        yield ("\ufeff" + csv_line(["Row", "Why", *map(guarded, found.columns.names)])).encode()
        after = 0
        while rows := await call.deps.imports.refusals(call.member.workspace_id, import_id, after=after, limit=500):
            after = rows[-1].line
            yield "".join(
                csv_line([str(row.line), guarded(row.sentence), *map(guarded, row.cells)]) for row in rows
            ).encode()

    response = Response(lines(), content_type="text/csv; charset=utf-8")
    response.timeout = None
    response.headers["Content-Disposition"] = f'attachment; filename="import-{import_id}-rows.csv"'
    return response


# What is behind them


async def _found(call: Call, import_id: int) -> Import:
    found = await call.deps.imports.get(call.member.workspace_id, import_id)
    if found is None or found.state in {"uploading", "dropped"}:
        raise not_found()
    return found


async def _waiting(call: Call, import_id: int) -> Import:
    found = await _found(call, import_id)
    if found.state != "uploaded":
        raise _confirmed_already()
    return found


def _confirmed_already() -> Problem:
    return Problem(409, "confirmed", "This import was confirmed already.")


def _dialect(found: Import) -> Dialect:
    assert found.dialect is not None, "the store shows no file that was not read"  # noqa: S101 - a bug of ours
    return found.dialect


def _described(columns: ImportColumns, places: Sequence[str] | None, tags: Sequence[str] | None) -> ImportColumns:
    if places is not None and len(places) != len(columns.names):
        raise Problem(422, "invalid", f"This list has {len(columns.names)} columns.", field="places")
    return ImportColumns(
        columns.names,
        columns.places if places is None else tuple(places),
        columns.tags if tags is None else tuple(" ".join(tag.split()) for tag in tags),
    )


async def _look(call: Call, found: Import, dialect: Dialect) -> Survey:
    head = await call.deps.imports.chunk(found.import_id, 0) or b""
    text = decoder(Encoding(dialect.encoding))(head, True)[:SAMPLE]
    known = await call.deps.imports.vocabulary(found.workspace_id)
    whole = found.size <= len(head) <= SAMPLE
    return survey(text, known, whole=whole, separator=dialect.separator, header=dialect.header)


async def _view(call: Call, import_id: int) -> dict[str, object]:
    found = await _found(call, import_id)
    known = await call.deps.imports.vocabulary(found.workspace_id)
    looked = await _look(call, found, _dialect(found)) if found.state == "uploaded" else None
    return import_view(found, looked, known)
