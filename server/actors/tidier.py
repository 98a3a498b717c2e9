"""Merges the words of new texts into their index, beside those who write them.

A writer only adds to a list of what is pending, which costs it little; whoever finds the list full would have to
merge it, and let a webhook wait for that. So it is merged every other second, before it is full. Several servers
may do it.
"""

from __future__ import annotations

from typing import Final

import structlog
import trio

from server.ports import StoreUnavailable
from server.ports.history import History

EVERY_S: Final = 2.0  # at 2,000 texts a second some 40 ms of work, and nothing that a search would feel to read

log = structlog.get_logger(__name__)


class Tidier:
    def __init__(self, history: History) -> None:
        self._history = history

    async def run(self) -> None:
        while True:
            try:
                await self._history.merge_words()
            except StoreUnavailable:
                log.warning("merging_words_waits")
            await trio.sleep(EVERY_S)
