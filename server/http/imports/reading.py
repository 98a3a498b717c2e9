"""What is read of a list that was sent: how many rows it has, what its first ones say of its columns, what is shown."""

from __future__ import annotations

from typing import Final

from server.actors.import_rows import count_rows
from server.domain.imports.csv_bytes import Encoding, NotAList, decoder
from server.domain.imports.survey import SAMPLE, Survey, survey
from server.http.call import Call
from server.http.errors import not_found
from server.http.ids import part
from server.http.imports.models import import_view
from server.ports.imports import Dialect, Import

ONE: Final = f"/api/v1/imports/{part('import_id')}"
MOST_ROWS: Final = 1_000_000


async def found_import(call: Call, import_id: int) -> Import:
    """A file that was sent whole. Raises a 404."""
    found = await call.deps.imports.get(call.member.workspace_id, import_id)
    if found is None or found.state in {"uploading", "dropped"}:
        raise not_found()
    return found


async def look(call: Call, found: Import, dialect: Dialect) -> Survey:
    head = await call.deps.imports.chunk(found.import_id, 0) or b""
    text = decoder(Encoding(dialect.encoding))(head, True)[:SAMPLE]
    known = await call.deps.imports.vocabulary(found.workspace_id)
    whole = found.size <= len(head) <= SAMPLE
    return survey(text, known, whole=whole, separator=dialect.separator, header=dialect.header)


async def view(call: Call, import_id: int) -> dict[str, object]:
    found = await found_import(call, import_id)
    known = await call.deps.imports.vocabulary(found.workspace_id)
    looked = await look(call, found, dialect_of(found)) if found.state == "uploaded" else None
    return import_view(found, looked, known)


def dialect_of(found: Import) -> Dialect:
    assert found.dialect is not None, "the store shows no file that was not read"  # noqa: S101 - a bug of ours
    return found.dialect


async def counted(call: Call, import_id: int, dialect: Dialect) -> int:
    """Rows of the whole file. Raises NotAList where there are none, or too many."""
    total = await count_rows(call.deps.imports, import_id, dialect)
    if not total:
        raise NotAList("There is nobody in this list.")
    if total > MOST_ROWS:
        raise NotAList(f"This list has {total:,} rows; at most {MOST_ROWS:,} are taken at once.")
    return total
