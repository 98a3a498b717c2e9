"""The carrier's own truth about what it was asked and accepted: append-only JSON lines, on disk before an answer.

Lines that come while the disk is busy share its next turn, so that 2,000 messages a second need some hundred syncs.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import trio


def utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """Records entries durably. Without a path they are only counted.

    Each entry bears `t` (accepted, refused, mo or receipt) and `wall`; `mono_ns` is CLOCK_MONOTONIC, which
    all processes of a machine share, at the arrival of the request's first byte (or of the answer, for webhooks).
    """

    def __init__(self, path: Path | None, wall: Callable[[], datetime] = utc_now) -> None:
        self.wall = wall
        self.counts: Counter[str] = Counter()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = None if path is None else os.open(path, flags, 0o600)
        self._lines: list[bytes] = []
        self._durable = trio.Event()
        self._work = trio.Event()

    async def record(self, kind: str, *, mono_ns: int | None = None, **fields: Any) -> None:
        """Append one entry and return once it would survive a crash of the machine."""
        self.record_soon(kind, mono_ns=mono_ns, **fields)
        if self._fd is not None:
            await self._durable.wait()

    def record_soon(self, kind: str, *, mono_ns: int | None = None, **fields: Any) -> None:
        """Append one entry with the next turn: for what has happened already, where nobody waits for our word."""
        wall = self.wall().isoformat(timespec="microseconds")
        entry = {"t": kind, **fields, "mono_ns": mono_ns or time.monotonic_ns(), "wall": wall}
        self.counts[kind] += 1
        if self._fd is not None:
            self._lines.append(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
            self._work.set()

    async def run(self) -> None:
        """Write and sync what has gathered, turn by turn, until cancelled; a turn that has begun is finished."""
        if self._fd is None:
            return
        try:
            while True:
                await self._work.wait()
                lines, self._lines = self._lines, []
                durable, self._durable = self._durable, trio.Event()
                self._work = trio.Event()
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(_append, self._fd, b"".join(lines))
                durable.set()
        finally:
            _append(self._fd, b"".join(self._lines))
            os.close(self._fd)


def _append(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
    os.fsync(fd)
