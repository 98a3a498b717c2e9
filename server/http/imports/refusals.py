"""The rows of a list that were not taken, or not all of them: page by page, and as a file to mend and bring again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from quart import Response

from server.domain.imports.csv_cells import csv_line, guarded
from server.http.call import Answer, Call
from server.http.imports.models import RefusalsOut, RefusalsQuery
from server.http.imports.reading import ONE, found_import
from server.http.rules import MEMBER, Routes

routes: Final = Routes("imports")


@routes.get(f"{ONE}/refusals", MEMBER, query=RefusalsQuery, answers={200: RefusalsOut})
async def import_refusals(call: Call, import_id: int, query: RefusalsQuery) -> Answer:
    """The rows that were not taken, or not all of them, and why."""
    await found_import(call, import_id)
    rows = await call.deps.imports.refusals(call.member.workspace_id, import_id, after=query.after, limit=query.limit)
    told = [{"line": r.line, "sentence": r.sentence, "taken": r.taken, "cells": list(r.cells)} for r in rows]
    return Answer({"refusals": told})


@routes.get(f"{ONE}/refusals.csv", MEMBER, answers={200: "text/csv"})
async def import_refusals_file(call: Call, import_id: int) -> Response:
    """The same as a list to mend and bring again: row, reason, and the cells as they were."""
    found = await found_import(call, import_id)

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
