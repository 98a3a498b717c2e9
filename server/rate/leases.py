"""Asks the book that several servers share for stretches of the limits, and finds out when it must not be believed.

While the limits are shared it asks as soon as a limit lacks something, for all that lack by one question, and else four
times a second, so that a book that is gone is noticed. While they are not, it only watches the keeper's clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import structlog
import trio

from server.domain.lease import MICRO, SLOW_S, WATCH_S, Reading, Watch, watched
from server.ports.leases import BookAway, BookLost, LeaseBook
from server.rate.leased import LeasedLimit
from server.rate.limiter import Limiter

ASK_ANYWAY_S: Final = 0.25
LOOK_EVERY_S: Final = 1.0
ASKS_AT_MOST: Final = 256
"""In one question: the keeper answers nobody else meanwhile."""
OPENS_AFTER_S: Final = 3.0
"""What was allowed under the epoch before may leave for so long: `share_limiter` waits as long."""

log = structlog.get_logger(__name__)


class Leases:
    """`keeper` is the book's, None where there is none or its clock was not watched for long enough; `waits`: it may
    still come. *on_change* is called when either changes.
    """

    def __init__(self, book: LeaseBook, on_change: Callable[[], None]) -> None:
        self._book, self._on_change = book, on_change
        self._seen: tuple[str, Watch] | None = None
        self._ready = self._gone = False
        self._failed = 0
        self._answered_at = math.inf
        self._slow_s = 0.0
        self._limiter: Limiter | None = None
        self._wanted = trio.Event()

    @property
    def keeper(self) -> str | None:
        return self._seen[0] if self._seen is not None and self._ready else None

    @property
    def waits(self) -> bool:
        """It is too early to say that there is none."""
        return not self._ready and not self._gone

    def want(self) -> None:
        """A limit lacks something."""
        self._wanted.set()

    def use(self, limiter: Limiter | None) -> None:
        """Ask for this limiter's limits, under its epoch; None: for nobody's."""
        self._limiter = limiter
        self._wanted.set()

    async def open(self, epoch: int) -> None:
        """A book for a new epoch. Where that fails it is lost for all, as they will see."""
        if self.keeper is None:
            return
        try:
            with trio.move_on_after(SLOW_S):
                await self._book.open(self.keeper, epoch, int(OPENS_AFTER_S * MICRO))
        except (BookAway, BookLost) as error:
            log.warning("leases_not_opened", epoch=epoch, reason=str(error))

    async def run(self) -> None:
        """Never returns."""
        self._answered_at = trio.current_time()
        while True:
            limiter = self._limiter
            try:
                with trio.fail_after(SLOW_S / 2):
                    await (self._look() if limiter is None else self._ask(limiter))
            except (BookAway, trio.TooSlowError) as error:
                # Not at the first: it may be we who stood still.
                self._failed += 1
                if self._failed > 1 and trio.current_time() - self._answered_at > SLOW_S:
                    self._lost(str(error) or "no answer")
            except BookLost as error:
                self._lost(str(error))
            with trio.move_on_after(LOOK_EVERY_S if limiter is None else ASK_ANYWAY_S):
                await self._wanted.wait()
            self._wanted = trio.Event()

    async def _look(self) -> None:
        asked_at = trio.current_time()
        keeper, shown = await self._book.look()
        self._read(keeper, Reading(asked_at, trio.current_time(), shown))

    async def _ask(self, limiter: Limiter) -> None:
        if self._seen is None:
            return
        limits = limiter.asks()[:ASKS_AT_MOST]
        asks = [limit.ask(self._slow_s) for limit in limits]
        try:
            keeper, asked_at = self._seen[0], trio.current_time()
            cuts = await self._book.cut(keeper, limiter.epoch, asks)
            reading = Reading(asked_at, trio.current_time(), cuts.now)
            self._read(keeper, reading)
            for limit, begins in zip(limits, cuts.begins, strict=True):
                limit.answered(begins, reading)
        finally:
            _burn(limits)
        limiter.answered(limits)

    def _read(self, keeper: str, reading: Reading) -> None:
        before = self._seen[1] if self._seen is not None and self._seen[0] == keeper else None
        watch = watched(before, reading)
        if watch is None:
            raise BookLost("its clock has jumped")
        self._slow_s = max(reading.answered_at - reading.asked_at, self._slow_s * 0.9)
        self._answered_at, self._failed = reading.answered_at, 0
        another = self._seen is not None and self._seen[0] != keeper
        self._seen = keeper, watch
        if another:
            raise BookLost("another keeper answers")
        if not self._ready and reading.answered_at - watch.since >= WATCH_S:
            self._ready, self._gone = True, False
            self._on_change()

    def _lost(self, reason: str) -> None:
        self._seen, self._limiter = None, None
        if self._ready or not self._gone:
            log.warning("leases_lost", reason=reason)
            self._ready, self._gone = False, True
            self._on_change()


def _burn(limits: list[LeasedLimit]) -> None:
    """Whatever was given to those that have no answer."""
    for limit in limits:
        limit.unanswered()
