"""Decides whether a file can be a list of people, and how its bytes become text, while it is still being sent.

UTF-8 and UTF-16 are told by their mark or by their form; what is neither is Windows-1252, as old spreadsheets write it.
Only the whole file can tell: its first accent may be its last line's. What is no text is refused at its first bytes.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from enum import StrEnum
from typing import Final

LONGEST_LINE: Final = 64 * 1024  # bytes; people's longest real lines are notes of some hundred
HEAD: Final = 4096  # bytes that tell what kind of file it is


class Encoding(StrEnum):
    """How bytes are read; the value is for people too."""

    UTF_8 = "UTF-8"
    UTF_16_LE = "UTF-16 LE"
    UTF_16_BE = "UTF-16 BE"
    CP1252 = "Windows-1252"


class NotAList(Exception):
    """The file is no list of people; the text is a sentence for whoever sent it."""


class NotText(NotAList):
    """It is no text at all: a picture, a workbook, an archive."""


_CODECS: Final = {
    Encoding.UTF_8: "utf-8-sig",
    Encoding.UTF_16_LE: "utf-16-le",
    Encoding.UTF_16_BE: "utf-16-be",
    # the five bytes that Windows-1252 leaves open become U+FFFD instead of an error in row 70,000
    Encoding.CP1252: "cp1252",
}
_MARKS: Final = (
    (b"\xef\xbb\xbf", Encoding.UTF_8),
    (b"\xff\xfe", Encoding.UTF_16_LE),
    (b"\xfe\xff", Encoding.UTF_16_BE),
)
_KINDS: Final = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture, a sound or a film"),
    (b"BM", "a picture"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a packed file"),
    (b"7z\xbc\xaf", "a packed file"),
    (b"Rar!", "a packed file"),
    (b"SQLite format 3\0", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"{\\rtf", "a text document"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
_BREAKS: Final = (b"\n", b"\r")
_ENDLESS: Final = f"A line of this file is longer than {LONGEST_LINE // 1024} KB; a list has one person a line."


class Reading:
    """Watches a file's bytes come by. `feed` raises NotAList at what no list has; `end` names the encoding."""

    def __init__(self) -> None:
        self._head = b""
        self._judged = False
        self._marked: Encoding | None = None
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._is_utf8 = True
        self._since_break = 0
        self.size = 0

    def feed(self, piece: bytes) -> None:
        self.size += len(piece)
        if not self._judged:
            self._head += piece[: HEAD - len(self._head)]
            if len(self._head) >= HEAD:
                self._judge()
        self._watch_lines(piece)
        if self._is_utf8:
            self._watch_utf8(piece, final=False)
        # UTF-16 has a zero in every other byte of English; no other text has any
        if self._judged and self._marked is None and b"\0" in piece:
            raise NotText("This file is not a list in text form. Choose a CSV file.")

    def end(self) -> Encoding:
        if not self._judged:
            self._judge()
        if not self._head.strip():
            raise NotAList("This file is empty.")
        if self._marked in (Encoding.UTF_16_LE, Encoding.UTF_16_BE):
            return self._marked
        if self._is_utf8:
            self._watch_utf8(b"", final=True)
        return Encoding.UTF_8 if self._is_utf8 else Encoding.CP1252

    def _judge(self) -> None:
        self._judged = True
        self._marked = next((encoding for mark, encoding in _MARKS if self._head.startswith(mark)), None)
        if self._marked is None:
            self._marked = _unmarked_utf16(self._head)
        what = next((what for magic, what in _KINDS if self._is_kind(magic)), None)
        if what is not None:
            raise NotText(f"This is {what}, not a list of people. Save the list as CSV and choose that file.")
        if self._marked is None and b"\0" in self._head:
            raise NotText("This file is not a list in text form. Choose a CSV file.")

    def _is_kind(self, magic: bytes) -> bool:
        if not self._head.startswith(magic):
            return False
        # "BM", "MZ" and "RIFF" could begin a heading; a picture or a program has bytes that no text has
        return len(magic) > 4 or not magic.isalpha() or b"\0" in self._head

    def _watch_lines(self, piece: bytes) -> None:
        last = max(piece.rfind(mark) for mark in _BREAKS)
        first = min((at for mark in _BREAKS if (at := piece.find(mark)) >= 0), default=len(piece))
        if self._since_break + first > LONGEST_LINE or (last < 0 and self._since_break + len(piece) > LONGEST_LINE):
            raise NotAList(
                f"A line of this file is longer than {LONGEST_LINE // 1024} KB; a list has one person a line."
            )
        self._since_break = len(piece) - last - 1 if last >= 0 else self._since_break + len(piece)
        if self._since_break > LONGEST_LINE or _longest_inside(piece, first, last) > LONGEST_LINE:
            raise NotAList(
                f"A line of this file is longer than {LONGEST_LINE // 1024} KB; a list has one person a line."
            )

    def _watch_utf8(self, piece: bytes, *, final: bool) -> None:
        try:
            self._utf8.decode(piece, final)
        except UnicodeDecodeError:
            self._is_utf8 = False


def _longest_inside(piece: bytes, first: int, last: int) -> int:
    """Of the lines between the first and the last break of *piece*; looked at only where one could be too long."""
    if last - first <= LONGEST_LINE:
        return 0
    return max(len(line) for line in piece[first : last + 1].splitlines())


def _unmarked_utf16(head: bytes) -> Encoding | None:
    """UTF-16 without its mark: nearly every second byte of a list in a European language is zero."""
    even, odd = head[0:200:2], head[1:200:2]
    if len(odd) >= 4 and odd.count(0) > 0.7 * len(odd) and not even.count(0):
        return Encoding.UTF_16_LE
    if len(even) >= 4 and even.count(0) > 0.7 * len(even) and not odd.count(0):
        return Encoding.UTF_16_BE
    return None


def decoder(encoding: Encoding) -> Callable[[bytes, bool], str]:
    """Makes text of the file's pieces in turn; the last call says so. What cannot be read becomes U+FFFD."""
    decode = codecs.getincrementaldecoder(_CODECS[encoding])("replace").decode

    def text(piece: bytes, final: bool = False) -> str:
        return decode(piece, final).replace("\0", "")

    if encoding is Encoding.UTF_8:
        return text
    begun = False

    def without_mark(piece: bytes, final: bool = False) -> str:
        nonlocal begun
        told = text(piece, final)
        if told and not begun:
            begun, told = True, told.removeprefix("\ufeff")
        return told

    return without_mark
