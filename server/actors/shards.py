"""Keeps the shards that this server is wanted for, by leases on the database's clock, and gives up the others.

Alone on its database a server writes once in twenty seconds: that somebody came or went is seen by the lookout, which
reads it anyway. A lease is for a holder whom nobody declares dead; who is, has lost all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog
import trio

from server.domain.shards import wanted_by
from server.ports import StoreUnavailable
from server.ports.terms import ShardLeases, Term, TermOver, bearing

LEASE_S: Final = 60.0
RENEW_EVERY_S: Final = 20.0
LOOK_EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Shards:
    """*living*: the generations that run, as far as this server has seen; empty: it has not looked yet."""

    def __init__(self, gen: int, leases: ShardLeases, living: Callable[[], Collection[int]]) -> None:
        self._gen, self._leases, self._living = gen, leases, living
        self._terms: Mapping[str, int] = {}
        self._until = self._renew_at = 0.0

    @contextmanager
    def holding(self, shard: str) -> Iterator[bool]:
        """`ports.terms.Duty`. What is refused there is ours no more, and asked for anew within a second."""
        term = self._terms.get(shard) if trio.current_time() < self._until else None
        if term is None:
            yield False
            return
        try:
            with bearing(Term(shard, term)):
                yield True
        except TermOver:
            self._terms = {one: number for one, number in self._terms.items() if one != shard}
            raise

    async def run(self) -> None:
        while True:
            wish = wanted_by(self._gen, {*self._living(), self._gen})
            if wish != self._terms.keys() or trio.current_time() >= self._renew_at:
                await self._keep(wish)
            await trio.sleep(LOOK_EVERY_S)

    async def _keep(self, wish: frozenset[str]) -> None:
        asked_at = trio.current_time()
        # What is given up is given up before anybody may take it.
        self._terms = {shard: term for shard, term in self._terms.items() if shard in wish}
        try:
            kept = await self._leases.keep(self._gen, wish, LEASE_S)
        except StoreUnavailable:
            log.warning("shards_not_kept")
            return
        if kept != self._terms:
            log.info("shards", held=sorted(kept), wanted=len(wish))
        self._terms, self._until, self._renew_at = kept, asked_at + LEASE_S, asked_at + RENEW_EVERY_S
