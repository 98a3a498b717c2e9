"""Records who follows short links, after they were sent on: a visitor never waits for that, nor loses by it.

Visits wait in memory, some thousands at most: a database that is away for minutes costs none of them, a flood costs the
oldest, and a crash what had not been written yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Final

import structlog
import trio

from server.domain.campaigns.clicks import verdict
from server.ports import StoreUnavailable
from server.ports.links import Links, Visit, Visited

MOST: Final = 10_000  # some 500 bytes each
AT_ONCE: Final = 200
AGAIN_S: Final = 1.0

log = structlog.get_logger(__name__)


class Clicks:
    """*is_bot* knows the user agents of bots."""

    def __init__(self, links: Links, is_bot: Callable[[str], bool]) -> None:
        self._links, self._is_bot = links, is_bot
        self._waiting: deque[Visited] = deque(maxlen=MOST)
        self._full = False
        self._some = trio.Event()

    def visited(self, one: Visited) -> None:
        """Returns at once."""
        if len(self._waiting) == MOST and not self._full:
            log.warning("visits_dropped", waiting=MOST)
        self._full = len(self._waiting) == MOST
        self._waiting.append(one)
        self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            self._some = trio.Event()
            while self._waiting:
                taken = list(islice(self._waiting, AT_ONCE))
                try:
                    await self._record(taken)
                except StoreUnavailable:
                    log.warning("visits_wait", count=len(self._waiting))
                    await trio.sleep(AGAIN_S)
                else:
                    self._written(taken)

    def _written(self, taken: list[Visited]) -> None:
        """Out of the line, which may have lost its oldest meanwhile."""
        done = set(map(id, taken))
        while self._waiting and id(self._waiting[0]) in done:
            self._waiting.popleft()

    async def _record(self, taken: list[Visited]) -> None:
        sent_at = await self._links.sent_at(sorted({one.token for one in taken}))
        visits = []
        for one in taken:
            hit = replace(one.hit, sent_at=sent_at.get(one.token))
            visits.append(Visit(one.token, one.agent, hit.at, verdict(hit, self._is_bot)))
        await self._links.record(visits)
