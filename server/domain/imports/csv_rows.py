r"""Decides where the rows and cells of a list are: separators, quotes, breaks within quotes, header, what is broken.

Text comes in pieces of any size and rows leave as soon as they are whole: no file is ever held. Rows are counted as a
spreadsheet shows them: from 1, the header and empty ones included, one that spans lines once. A quote that is never
closed costs its own row, not all that follow.

>>> [row.cells for row in rows_of('Ann;"12 Elm St\nApt 2"\nBob;\n', ";")]
[('Ann', '12 Elm St\nApt 2'), ('Bob', '')]
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from server.domain.phone import normalise

SEPARATORS: Final = (",", ";", "\t", "|")
MOST_COLUMNS: Final = 200
_LONGEST_ROW: Final = 64 * 1024  # characters, over all the lines of a row in quotes
_MOST_LINES: Final = 200
_SAMPLE: Final = 40  # rows that tell the separator
_SAYS_SEPARATOR: Final = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)  # Excel's own first line
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

UNCLOSED: Final = "A quotation mark opens in this row and is never closed."


@dataclass(frozen=True, slots=True)
class CsvRow:
    """Row *number* of the sheet. `fault` is a sentence where its cells cannot be told; then there is one, the line."""

    number: int
    cells: tuple[str, ...]
    fault: str | None = None

    @property
    def blank(self) -> bool:
        return self.fault is None and not any(cell.strip() for cell in self.cells)


class RowReader:
    """Rows of a text that comes in pieces. `feed` gives those that are whole now, `end` the rest."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._number = 0
        self._rest = ""
        self._open: list[str] = []  # lines of a row whose quotes are still open
        self._open_size = 0

    def feed(self, text: str) -> Iterator[CsvRow]:
        text = self._rest + text
        # a carriage return at the very end may be half of a break
        keep = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(keep)].replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        self._rest = lines.pop() + keep
        yield from self._lines(lines)

    def end(self) -> Iterator[CsvRow]:
        rest, self._rest = self._rest.removesuffix("\r"), ""
        if rest:
            yield from self._lines([rest])
        while self._open:
            yield from self._give_up()

    def _lines(self, lines: Iterable[str]) -> Iterator[CsvRow]:
        for line in lines:
            if not self._open and '"' not in line:
                if self._number == 0 and _SAYS_SEPARATOR.fullmatch(line):
                    self._number += 1
                    continue
                yield self._row(tuple(line.split(self._separator)))
                continue
            self._open.append(line)
            self._open_size += len(line) + 1
            whole = "\n".join(self._open)
            if not _is_open(whole, self._separator):
                self._close()
                yield self._row(tuple(next(csv.reader([whole], delimiter=self._separator), ())))
            elif self._open_size > _LONGEST_ROW or len(self._open) > _MOST_LINES:
                yield from self._give_up()

    def _give_up(self) -> Iterator[CsvRow]:
        """The first open line is a row with a fault; those behind it are read anew."""
        first, *others = self._open
        self._close()
        yield self._row((first[:200],), UNCLOSED)
        yield from self._lines(others)

    def _close(self) -> None:
        self._open, self._open_size = [], 0

    def _row(self, cells: tuple[str, ...], fault: str | None = None) -> CsvRow:
        self._number += 1
        if len(cells) > MOST_COLUMNS:
            cells, fault = cells[:1], f"This row has more than {MOST_COLUMNS} cells."
        return CsvRow(self._number, cells, fault)


def rows_of(text: str, separator: str) -> list[CsvRow]:
    """All rows of a whole *text*."""
    reader = RowReader(separator)
    return [*reader.feed(text), *reader.end()]


@cache
def _closed_row(separator: str) -> re.Pattern[str]:
    s = re.escape(separator)
    # possessive: a quote that is open shall fail at once, not after all ways of reading it
    quoted, plain = rf'"(?:[^"]++|"")*+"(?!")[^{s}]*+', rf'(?!")[^{s}]*+'
    return re.compile(rf"(?:{quoted}|{plain})(?:{s}(?:{quoted}|{plain}))*+")


def _is_open(row: str, separator: str) -> bool:
    return _closed_row(separator).fullmatch(row) is None


# What kind of list it is


def guess_separator(sample: str) -> str:
    """The separator that cuts the first rows of *sample* into the same number of cells most often; else the comma.

    >>> guess_separator("Name;Phone\\nTorres, Maya;(617) 555-0142\\n"), guess_separator("6175550142\\n6175550143\\n")
    (';', ',')
    """
    said = _SAYS_SEPARATOR.fullmatch(sample.split("\n", 1)[0].rstrip("\r"))
    if said and said[1] in SEPARATORS:
        return said[1]
    # max keeps the first of equals, and the comma is the first
    return max(SEPARATORS, key=lambda separator: _regularity(sample, separator))


def _regularity(sample: str, separator: str) -> tuple[float, int]:
    rows = [row for row in rows_of(sample, separator)[:_SAMPLE] if not row.blank]
    widths = Counter(len(row.cells) for row in rows if row.fault is None and len(row.cells) > 1)
    if not widths:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return round(count / len(rows), 1), width


def guess_header(first: Sequence[str]) -> bool:
    """Whether the *first* row names the columns: none of its cells is somebody's number, address or amount.

    >>> guess_header(["First name", "Phone"]), guess_header(["Maya", "(617) 555-0142"]), guess_header(["555-0142"])
    (True, False, False)
    """
    cells = [cell.strip() for cell in first]
    return any(cells) and not any(_is_value(cell) for cell in cells)


def _is_value(cell: str) -> bool:
    if normalise(cell) is not None or _EMAIL.fullmatch(cell):
        return True
    return any(character.isdigit() for character in cell) and not any(character.isalpha() for character in cell)


def letter(column: int) -> str:
    """What spreadsheets call the *column*, counted from 0.

    >>> letter(0), letter(27)
    ('A', 'AB')
    """
    name = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(65 + digit) + name
    return name


def column_names(header: Sequence[str] | None, width: int) -> tuple[str, ...]:
    """A name of its own for each of *width* columns, for people: an empty one gets its letter, a twin its count.

    >>> column_names(["Phone", "", "phone"], 4)
    ('Phone', 'Column B', 'phone (2)', 'Column D')
    """
    seen: Counter[str] = Counter()
    names = []
    for at in range(width):
        name = " ".join((header[at] if header and at < len(header) else "").split())[:100] or f"Column {letter(at)}"
        seen[name.casefold()] += 1
        count = seen[name.casefold()]
        names.append(name if count == 1 else f"{name} ({count})")
    return tuple(names)
