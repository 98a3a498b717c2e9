"""Decides how a value is written into a list so that it comes back as it was, and runs nowhere on its way.

A spreadsheet takes a cell that begins with = + - @ for a formula, also after a tab. An apostrophe in front keeps it as
text (OWASP, CSV injection). Reading takes one apostrophe off again where writing would have put it.
"""

from __future__ import annotations

import re
from typing import Final

_RUNS: Final = re.compile(r"'*[=+\-@\t\r\n|%]")
_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)


def guarded(value: str) -> str:
    """*value* so that no spreadsheet runs it.

    >>> guarded("=cmd|' /C calc'!A0"), guarded("-5"), guarded("Maya")
    ("'=cmd|' /C calc'!A0", '-5', 'Maya')
    """
    return "'" + value if _RUNS.match(value) and not _NUMBER.fullmatch(value) else value


def unguarded(cell: str) -> str:
    """The value that `guarded` was given.

    >>> unguarded("'=1+1"), unguarded("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell[1:]) else cell


def csv_line(cells: list[str]) -> str:
    r"""A line of a list, with the break that RFC 4180 asks for.

    >>> csv_line(["Torres, Maya", "02134"])
    '"Torres, Maya",02134\r\n'
    """
    return ",".join(_quoted(cell) for cell in cells) + "\r\n"


def _quoted(cell: str) -> str:
    if any(character in cell for character in ',"\r\n;\t|') or cell != cell.strip():
        return '"' + cell.replace('"', '""') + '"'
    return cell
