"""Gives what happened its place in the stream that other programs hear, and tells those who listen here.

What a commit left behind waits in the database, so nothing is lost with this part or with its server; a bell only makes
it quick, and a look twice a second finds what no bell told, such as another server's commits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import structlog
import trio

from server.killpoints import reach
from server.ports import StoreUnavailable
from server.ports.events import Event, EventStream

GATHER_S: Final = 0.02  # texts that arrive together get their places in one transaction
LOOK_EVERY_S: Final = 0.5
AT_ONCE: Final = 500

log = structlog.get_logger(__name__)

Heard = Callable[[Sequence[Event]], None]


class Chronicler:
    """*heard* is called with events in order, and must not wait."""

    def __init__(self, stream: EventStream, heard: Heard) -> None:
        self._stream, self._heard = stream, heard
        self._rung = trio.Event()
        self._news = trio.Event()

    def ring(self) -> None:
        """Something was committed. Returns at once."""
        self._rung.set()

    def news(self) -> trio.Event:
        """Set when there are new events; another one stands in its place then."""
        return self._news

    def tell(self) -> None:
        """There are new events, numbered here or elsewhere."""
        self._news.set()
        self._news = trio.Event()

    async def run(self) -> None:
        while True:
            with trio.move_on_after(LOOK_EVERY_S):
                await self._rung.wait()
                await trio.sleep(GATHER_S)
            self._rung = trio.Event()
            try:
                while await self._number() == AT_ONCE:
                    await trio.lowlevel.checkpoint()
            except StoreUnavailable:
                log.warning("events_wait")
                await trio.sleep(1.0)

    async def _number(self) -> int:
        events = await self._stream.number(AT_ONCE)
        if events:
            reach("events_numbered")
            self._heard(events)
            self.tell()
        return len(events)
