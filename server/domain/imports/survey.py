"""Decides, from a list's first rows, how it is read and what its columns become, and shows what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from server.domain.imports.csv_columns import NEW, SKIP, Vocabulary, guess
from server.domain.imports.csv_rows import CsvRow, RowReader, column_names, guess_header, guess_separator
from server.domain.imports.row import Columns, Person, Refusal, read_row

SAMPLE: Final = 128 * 1024  # characters
_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class Survey:
    """The first data rows of a list, the names of its columns, and a place for each."""

    separator: str
    header: bool
    names: tuple[str, ...]
    places: tuple[str, ...]
    rows: tuple[CsvRow, ...]

    def samples(self, column: int) -> list[str]:
        """The first three values of a column that are not empty."""
        cells = (row.cells[column].strip() for row in self.rows if column < len(row.cells))
        return [cell[:100] for cell in cells if cell][:3]


def survey(
    sample: str, known: Vocabulary, *, whole: bool, separator: str | None = None, header: bool | None = None
) -> Survey:
    """Look at *sample*, the beginning of a text or the *whole* of it. What is given is not guessed."""
    separator = separator or guess_separator(sample)
    reader = RowReader(separator)
    found = [*reader.feed(sample), *(reader.end() if whole else ())]
    rows = [row for row in found if not row.blank][: _ROWS + 1]
    first = rows[0].cells if rows else ()
    if header is None:
        header = guess_header(first)
    data = tuple(rows[1:] if header else rows)
    width = max((len(row.cells) for row in ([rows[0]] if header and rows else data)), default=0)
    names = column_names(first if header else None, width)
    places = guess(names, [row.cells for row in data], known, header=header)
    return Survey(separator, header, names, places, data)


def previewed(found: Survey, places: Sequence[str], known: Vocabulary, count: int) -> list[Person | Refusal]:
    """What the first *count* rows become. Fields that do not exist yet are not read."""
    settled = tuple(SKIP if place.startswith(NEW) else place for place in places)
    return [read_row(row, Columns(settled, found.names), known) for row in found.rows[:count]]
