"""Forgets what nobody needs any more: unused pictures and proofs, sessions long over, old visits to short links.

A little in each transaction, and now and then, so that nobody waits for it; several servers may be at it together.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Final

import structlog
import trio

from server.ports import Clock, StoreUnavailable
from server.ports.pruning import Pruning

KEPT_FOR: Final = timedelta(days=7)  # a draft in a browser that was closed over a week's holiday is lost, and no more
EVERY_S: Final = 3600.0
AT_ONCE: Final = 100  # pictures of some megabytes each

log = structlog.get_logger(__name__)


class Pruner:
    def __init__(self, pruning: Pruning, clock: Clock) -> None:
        self._pruning, self._clock = pruning, clock

    async def run(self) -> None:
        while True:
            try:
                await self._prune()
            except StoreUnavailable:
                log.warning("pruning_waits")
            await trio.sleep(EVERY_S)

    async def _prune(self) -> None:
        while True:
            gone = await self._pruning.prune(self._clock.real() - KEPT_FOR, AT_ONCE)
            if gone.most:
                log.info("pruned", **asdict(gone))
            if gone.most < AT_ONCE:
                return
            await trio.lowlevel.checkpoint()
