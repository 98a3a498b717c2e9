"""What the wire journals of a run said when their servers died: copies that were made before anything became of them.

Beside the copies lies `losses.jsonl`: which journal was taken from the server afterwards, and how. Only such a loss, or
the mark itself, explains that nobody knows whether a text left.

The records are read here in a way of their own: the server's reader is among the things that are judged.
"""

import gzip
import json
import re
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

LOSSES: Final = "losses.jsonl"
_HEADER_BYTES: Final = 128
_RECORD_BYTES: Final = 32
_COPY: Final = re.compile(r"([0-9a-f-]{36})-[0-9]+\.wire\.gz")


@dataclass(frozen=True, slots=True)
class Journals:
    """*marks*: the attempts in each journal that was kept. *losses*: how a journal was taken. *skipped*: sentences."""

    marks: Mapping[str, frozenset[str]]
    losses: Mapping[str, str]
    skipped: Sequence[str] = ()

    def marked(self, attempt: str, journal: str) -> bool:
        return attempt in self.marks.get(journal, frozenset())

    def told(self) -> dict[str, int]:
        """How many were kept, and how many were lost in each way."""
        return {"kept": len(self.marks), **dict(sorted(Counter(self.losses.values()).items()))}


def read_journals(folder: Path) -> Journals:
    """Raises OSError. Segments of one journal are put together."""
    marks: defaultdict[str, set[str]] = defaultdict(set)
    for path in folder.iterdir():
        if found := _COPY.fullmatch(path.name):
            marks[found[1]] |= _marks(gzip.decompress(path.read_bytes()))
    path = folder / LOSSES
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    return Journals(
        marks={journal: frozenset(found) for journal, found in marks.items()},
        losses={line["journal"]: line["how"] for line in lines if "journal" in line},
        skipped=[line["skipped"] for line in lines if "skipped" in line],
    )


def _marks(raw: bytes) -> set[str]:
    found = set()
    for at in range(_HEADER_BYTES, len(raw) - _RECORD_BYTES + 1, _RECORD_BYTES):
        head, (crc,) = raw[at : at + 24], struct.unpack_from("<I", raw, at + 24)
        if any(head) and zlib.crc32(head) == crc:
            found.add(str(UUID(bytes=head[8:24])))
    return found
