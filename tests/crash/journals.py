"""The wire journals of a run: copies of each at its server's death, what is taken from them then, and their disk.

The disk is a small file system for the journals alone, so that it can be filled without harm to anybody. It is
mounted where only this process and its children see it, and goes with them; that takes root, and is left out elsewhere.
"""

from __future__ import annotations

import ctypes
import gzip
import json
import os
from pathlib import Path
from typing import Final

from tools.ledger_journals import LOSSES

SEGMENT_RECORDS: Final = 8  # small, so that lives of a few seconds come to the end of a segment
_HEADER_BYTES, _RECORD_BYTES = 128, 32
_BYTES: Final = "1m"  # 256 segments; the last life of a long run may want more
_CLONE_NEWNS: Final = 0x00020000
_MS_REC_PRIVATE: Final = 0x4000 | 0x40000
_MNT_DETACH: Final = 2


class JournalDisk:
    """*folder* is the server's; *kept* gets the copies and the record of losses; *size* is in tmpfs' words."""

    def __init__(self, folder: Path, kept: Path, size: str = _BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        kept.mkdir(parents=True, exist_ok=True)
        self._folder, self._kept = folder, kept
        self._filler = folder / "filler"
        self.skipped = _mount_small(folder, size)
        if self.skipped:
            self._note(skipped=f"full disk: {self.skipped}")

    # The disk

    @property
    def can_be_full(self) -> bool:
        return self.skipped is None

    def fill(self) -> None:
        """Leave no room for another segment."""
        with self._filler.open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                return

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the mount up, so that the folder can be removed."""
        if self.can_be_full:
            ctypes.CDLL(None).umount2(os.fsencode(self._folder), _MNT_DETACH)

    # What is kept, and what is lost

    def keep(self) -> list[str]:
        """Copy the journals that have no copy yet, before the next server reads and forgets them; their ids."""
        new = set()
        for journal in self._folder.glob("*.wire"):
            copy = self._kept / f"{journal.name}.gz"
            if not copy.exists():
                copy.write_bytes(gzip.compress(journal.read_bytes(), compresslevel=1))
                new.add(_id_of(journal))
        return sorted(new)

    def lose(self, journal: str, way: str) -> None:
        """Take *journal*, of which a copy was kept, from the next server."""
        segments = sorted(self._folder.glob(f"{journal}-*.wire"), key=_number_of)
        used = [path for path in segments if _records(path)] or segments[:1]
        if way == "segment_lost" and len(used) > 1:
            used[-1].unlink()
        elif way in ("deleted", "segment_lost") or not _records(used[-1]):
            way = "deleted"
            for path in segments:
                path.unlink()
        else:
            last = _HEADER_BYTES + _RECORD_BYTES * (_records(used[-1]) - 1)
            os.truncate(used[-1], last + (_RECORD_BYTES // 2 if way == "cut_in_record" else 0))
        self._note(journal=journal, how=way)

    def _note(self, **facts: str) -> None:
        with (self._kept / LOSSES).open("a", encoding="utf-8") as log:
            log.write(json.dumps(facts) + "\n")


def _id_of(journal: Path) -> str:
    return journal.stem.rpartition("-")[0]


def _number_of(journal: Path) -> int:
    return int(journal.stem.rpartition("-")[2])


def _records(journal: Path) -> int:
    raw = journal.read_bytes()[_HEADER_BYTES:]
    return sum(any(raw[at : at + _RECORD_BYTES]) for at in range(0, len(raw), _RECORD_BYTES))


def _mount_small(folder: Path, size: str) -> str | None:
    """Mount a small file system on *folder* for this process and its children; why not, where that cannot be."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not (hasattr(libc, "unshare") and hasattr(libc, "mount")):
        return "this system has no mount namespaces"
    private, options = ctypes.c_ulong(_MS_REC_PRIVATE), f"size={size},mode=700".encode()
    failed = (
        libc.unshare(_CLONE_NEWNS)
        or libc.mount(b"none", b"/", None, private, None)
        or libc.mount(b"threadline", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(0), options)
    )
    return f"a small one cannot be mounted ({os.strerror(ctypes.get_errno())}), which takes root" if failed else None
