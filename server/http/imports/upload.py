"""Takes a list of people in, piece by piece. What is no list is refused while it is being sent."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Final

import trio

from server.domain.imports.csv_bytes import Encoding, NotAList, NotText, Reading, decoder
from server.domain.imports.survey import SAMPLE, survey
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.imports.models import ImportViewOut, UploadQuery
from server.http.imports.reading import counted, view
from server.http.rules import MEMBER, Routes
from server.ports.imports import Dialect, ImportColumns

LIMIT: Final = 50_000_000  # bytes: half a million people with all that one knows of them
_CHUNK: Final = 512 * 1024

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
    return Answer(await view(call, import_id), 201)


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
    total = await counted(call, import_id, dialect)
    await imports.uploaded(
        workspace_id, import_id, size=size, sha256=digest, dialect=dialect, columns=columns, rows_total=total
    )
