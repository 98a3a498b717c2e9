"""Reads the rows of a stored file, piece by piece, and lets the others have their turn every few of them.

Whoever does not read to the end closes what is left (`aclosing`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import trio

from server.domain.imports.csv_bytes import Encoding, decoder
from server.domain.imports.csv_rows import CsvRow, RowReader
from server.ports.imports import Dialect, Imports

TURN: Final = 50  # rows between two checkpoints: reading them takes about a millisecond, understanding them two


async def file_text(imports: Imports, import_id: int, encoding: str) -> AsyncGenerator[str, None]:
    """The text of the file in pieces, the last one after all bytes."""
    text, nth = decoder(Encoding(encoding)), 0
    while (piece := await imports.chunk(import_id, nth)) is not None:
        for at in range(0, len(piece), 65_536):
            yield text(piece[at : at + 65_536], False)
            await trio.lowlevel.checkpoint()
        nth += 1
    yield text(b"", True)


async def data_rows(imports: Imports, import_id: int, dialect: Dialect) -> AsyncGenerator[CsvRow, None]:
    """Every row but the header and empty ones."""
    reader, header, told = RowReader(dialect.separator), dialect.header, 0
    async with aclosing(file_text(imports, import_id, dialect.encoding)) as texts:
        async for text in texts:
            for row in reader.feed(text):
                told += 1
                if told % TURN == 0:
                    await trio.lowlevel.checkpoint()
                if header and not row.blank:
                    header = False
                elif not row.blank:
                    yield row
    for row in reader.end():
        if header and not row.blank:
            header = False
        elif not row.blank:
            yield row


async def count_rows(imports: Imports, import_id: int, dialect: Dialect) -> int:
    async with aclosing(data_rows(imports, import_id, dialect)) as rows:
        return sum([1 async for _ in rows])
