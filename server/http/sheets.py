"""Tables as files for spreadsheets. What a cell says is never read as a formula there."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, suppress
from typing import Final

from quart import Response

from server.domain.imports.csv_cells import csv_line, guarded

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(rows: Iterable[Sequence[str]], name: str) -> Response:
    """*rows*, the header first, as the download *name*, which is plain ASCII."""
    text = io.StringIO()
    csv.writer(text).writerows([_plain(cell) for cell in row] for row in rows)
    # With a byte order mark: without one Excel reads "é" as two letters.
    response = Response(text.getvalue().encode("utf-8-sig", "replace"), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def csv_stream(
    heads: Sequence[str], pieces: AsyncGenerator[Sequence[Sequence[str]], None], name: str
) -> Response:
    """The rows of *pieces* as the download *name*, sent while they are read, so that no file is ever held.

    The first piece is waited for: what is wrong with the request is its answer, and not a file that breaks off.
    """
    first: Sequence[Sequence[str]] = ()
    with suppress(StopAsyncIteration):  # given a default, anext() of Python 3.11 breaks where there is not one piece
        first = await anext(pieces)

    async def lines() -> AsyncIterator[bytes]:
        async with aclosing(pieces):
            yield ("\ufeff" + _line(heads)).encode()
            yield _lines(first)
            async for piece in pieces:
                yield _lines(piece)

    response = Response(lines(), content_type="text/csv; charset=utf-8")
    response.timeout = None  # as long as somebody reads; the door ends a connection that does not
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    return "".join(map(_line, rows)).encode("utf-8", "replace")


def _line(cells: Sequence[str]) -> str:
    return csv_line([guarded(cell) for cell in cells])


def _plain(cell: str) -> str:
    """OWASP: a cell that begins like a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
