"""Writes down what was quarantined: who, the type and ids of the message, where it crashed; nothing that was said."""

from __future__ import annotations

from collections import deque
from typing import Final

import structlog
import trio

from server.actors.runtime import QuarantineRecord
from server.observe import Meters
from server.ports import StoreUnavailable
from server.store.quarantine import PostgresQuarantine

AT_MOST: Final = 256  # that wait for the database; the oldest are lost first
RETRY_S: Final = 1.0
_HEADER: Final = "Traceback (most recent call last):"

log = structlog.get_logger(__name__)


class QuarantineBook:
    """`record` is told by supervisors and returns at once; `run` writes, and waits out an outage."""

    def __init__(self, rows: PostgresQuarantine, meters: Meters) -> None:
        self._rows, self._meters = rows, meters
        self._waiting: deque[QuarantineRecord] = deque(maxlen=AT_MOST)
        self._more = trio.Event()

    def record(self, record: QuarantineRecord) -> None:
        """`actors.runtime.OnQuarantine`."""
        self._meters.quarantined.labels(record.actor.partition("/")[0]).inc()
        self._waiting.append(record)
        self._more.set()

    async def run(self) -> None:
        while True:
            await self._more.wait()
            self._more = trio.Event()
            while self._waiting:
                await self._write(self._waiting.popleft())

    async def _write(self, record: QuarantineRecord) -> None:
        where = without_words(record.traceback)
        while True:
            try:
                await self._rows.keep(record.actor, record.message_repr or "", where, record.at)
            except StoreUnavailable:
                log.warning("quarantine_not_written", actor=record.actor)
                await trio.sleep(RETRY_S)
            else:
                return


def without_words(traceback: str) -> str:
    """A traceback as Python prints it, less what its exceptions say: that may quote the text they choked on.

    >>> print(without_words('Traceback (most recent call last):\\n  File "a.py", line 1\\nKeyError: secret\\n  secret'))
    Traceback (most recent call last):
      File "a.py", line 1
    KeyError
    """
    kept: list[str] = []
    in_frames = False
    for line in traceback.splitlines():
        if line == _HEADER:
            in_frames = True
        elif in_frames and not line.startswith(" "):
            line, in_frames = line.partition(":")[0], False
        elif not in_frames:
            continue
        kept.append(line)
    return "\n".join(kept)
