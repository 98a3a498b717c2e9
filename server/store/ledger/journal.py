"""The wire journal: which attempts had their first byte written, on disk before the byte leaves; survives kill -9.

One journal for each node generation, in segments that are allocated whole beforehand: a full disk shows when the
segment is made, not in the middle of a mark, and a file that was cut short shows by its size. The absence of an attempt
proves that it was never on the wire only where every segment is whole, belongs to that journal and was written since
the machine booted (the page cache outlives the process, not the machine). Anything else reads as None: it proves
nothing.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path
from typing import Final
from uuid import UUID

_RECORD: Final = struct.Struct("<Q16sI4x")  # index from 1, attempt id, crc32 of both
_HEADER: Final = struct.Struct("<8s16s64sQ")  # magic, journal id, boot id, index of the first record
_MAGIC: Final = b"TLWIRE1\0"
_HEADER_SIZE: Final = 128
_NAME: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-[0-9]+\.wire")
SEGMENT_RECORDS: Final = 8_192  # 256 KiB


def boot_id() -> str:
    """The kernel's random id of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class WireJournal:
    """The journal that this process writes, from one thread. `mark` raises OSError: then the text must not leave."""

    def __init__(self, folder: Path, journal_id: UUID, *, records: int = SEGMENT_RECORDS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._id, self._records = folder, journal_id, records
        self._next = 1
        self._fds: list[int] = []
        self._make_segment(0)

    def mark(self, attempt_id: UUID) -> None:
        index = self._next
        segment, slot = divmod(index - 1, self._records)
        if slot == self._records - 1:  # the next segment stands before this one is full: a missing one is then a loss
            self._make_segment(segment + 1)
        written = os.pwrite(self._fds[segment], _record(index, attempt_id), _HEADER_SIZE + slot * _RECORD.size)
        if written != _RECORD.size:
            raise OSError(f"the wire journal took {written} of {_RECORD.size} bytes")
        self._next += 1

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()

    def _make_segment(self, segment: int) -> None:
        if segment < len(self._fds):
            return
        path = _path(self._folder, self._id, segment)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, _size(self._records))
            header = _HEADER.pack(_MAGIC, self._id.bytes, boot_id().encode(), segment * self._records + 1)
            os.pwrite(fd, header, 0)
        except OSError:
            os.close(fd)
            path.unlink()
            raise
        self._fds.append(fd)


def read_journal(folder: Path, journal_id: UUID, *, records: int = SEGMENT_RECORDS) -> frozenset[UUID] | None:
    """The attempts that were marked, or None where the journal is lost, damaged or of another boot."""
    marked: set[UUID] = set()
    segment = 0
    while True:
        try:
            raw = _path(folder, journal_id, segment).read_bytes()
        except OSError:
            return None
        found = _read_segment(raw, journal_id, segment, records)
        if found is None:
            return None
        marked.update(found)
        if len(found) < records:
            return frozenset(marked)
        segment += 1


def forget_journal(folder: Path, journal_id: UUID) -> None:
    """Remove a journal that no open attempt needs any more."""
    for path in folder.glob(f"{journal_id}-*.wire"):
        path.unlink(missing_ok=True)


class JournalFolder:
    """All journals in *folder*, by the ids that their servers registered."""

    def __init__(self, folder: Path, *, records: int = SEGMENT_RECORDS) -> None:
        self._folder, self._records = folder, records

    def marks(self, journal_id: UUID) -> frozenset[UUID] | None:
        return read_journal(self._folder, journal_id, records=self._records)

    def written(self) -> frozenset[UUID]:
        """The ids of all journals that are there. Files that are not ours are passed over."""
        return frozenset(UUID(found[1]) for path in self._folder.iterdir() if (found := _NAME.fullmatch(path.name)))

    def forget(self, journal_id: UUID) -> None:
        forget_journal(self._folder, journal_id)


def _read_segment(raw: bytes, journal_id: UUID, segment: int, records: int) -> list[UUID] | None:
    if len(raw) != _size(records):
        return None
    magic, owner, boot, first = _HEADER.unpack_from(raw)
    mine = (_MAGIC, journal_id.bytes, boot_id().encode(), segment * records + 1)
    if (magic, owner, boot.rstrip(b"\0"), first) != mine:
        return None
    found: list[UUID] = []
    for slot in range(records):
        at = _HEADER_SIZE + slot * _RECORD.size
        record = raw[at : at + _RECORD.size]
        if not any(record):
            return found if not any(raw[at:]) else None
        index, attempt, crc = _RECORD.unpack(record)
        if index != first + slot or crc != zlib.crc32(record[:24]):
            return None
        found.append(UUID(bytes=attempt))
    return found


def _record(index: int, attempt_id: UUID) -> bytes:
    head = struct.pack("<Q16s", index, attempt_id.bytes)
    return head + struct.pack("<I4x", zlib.crc32(head))


def _size(records: int) -> int:
    return _HEADER_SIZE + records * _RECORD.size


def _path(folder: Path, journal_id: UUID, segment: int) -> Path:
    return folder / f"{journal_id}-{segment}.wire"
