"""Looks for the codes that members text from their telephones, while any is waited for.

The texts are in the database already; a bell only makes it quick. A commit rings while this server knows of a code that
is waited for, and otherwise costs one look at a flag. A look now and then finds what another server asked for.
"""

from __future__ import annotations

from typing import Final

import structlog
import trio

from server.ports import Clock, StoreUnavailable
from server.ports.own_number import OwnNumbers

GATHER_S: Final = 0.2  # somebody waits at a page, while others' texts may come by the hundred
WAITING_S: Final = 1.0  # another server may have taken the text
IDLE_S: Final = 15.0

log = structlog.get_logger(__name__)


class OwnNumberFollower:
    def __init__(self, numbers: OwnNumbers, clock: Clock) -> None:
        self._numbers, self._clock = numbers, clock
        self._waits = False
        self._rung = trio.Event()

    def asked(self) -> None:
        """A member's number changed: a code may be waited for. Returns at once."""
        self._waits = True
        self._rung.set()

    def ring(self) -> None:
        """Something was committed. Returns at once."""
        if self._waits:
            self._rung.set()

    async def run(self) -> None:
        while True:
            self._rung = trio.Event()
            try:
                waits = await self._numbers.look(self._clock.wall()) > 0
            except StoreUnavailable:
                log.warning("own_numbers_wait")
                waits = True
            if not self._rung.is_set():  # else somebody may have asked since
                self._waits = waits
            with trio.move_on_after(WAITING_S if self._waits else IDLE_S):
                await self._rung.wait()
            await trio.sleep(GATHER_S)
