"""Brings back what was snoozed, when its time has come. Several servers may do it: each is woken once."""

from __future__ import annotations

from typing import Final

import structlog
import trio

from server.ports import Clock, StoreUnavailable
from server.ports.team import Team

EVERY_S: Final = 5.0  # who is put off for hours is not missed for seconds
AT_ONCE: Final = 200

log = structlog.get_logger(__name__)


class Waker:
    def __init__(self, team: Team, clock: Clock) -> None:
        self._team, self._clock = team, clock

    async def run(self) -> None:
        while True:
            try:
                while await self._team.wake_due(self._clock.wall(), AT_ONCE) == AT_ONCE:
                    await trio.lowlevel.checkpoint()
            except StoreUnavailable:
                log.warning("waking_waits")
            await trio.sleep(EVERY_S)
