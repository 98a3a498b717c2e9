"""Carries texts to many on, campaigns and texts in bulk: one actor for each that is open, and one who looks which are.

The database says what is to be done next, so an actor may die at any moment, or live twice. One that keeps crashing is
set aside alone, and the others go on. Of several servers the one that has its shard carries it on, under its term; the
others show how it stands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import structlog
import trio

from server.actors.runtime import Actor, ActorError, MailboxFull, Registry
from server.actors.stager import Doorbell
from server.domain.shards import shard_of
from server.ports import Clock, StoreUnavailable
from server.ports.bulk import BulkEngine, BulkPublisher
from server.ports.campaigns import CampaignEngine
from server.ports.terms import Duty, alone

LOOK_EVERY_S: Final = 0.5  # well within the seconds of work that are queued ahead
GATHER_S: Final = 0.1  # between two looks, however often somebody rings
ABANDONED_AFTER: Final = timedelta(hours=1)
SWEEP_EVERY_S: Final = 600.0
WAITING: Final = 2  # looks that wait at an actor; another one would find nothing new

log = structlog.get_logger(__name__)


class Kind(Enum):
    """What a text to many is; the two share their ids."""

    BULK = "bulk"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class Look:
    """Do what there is to do, and show how it stands. `kind` None: nobody knows, and there is little to do."""

    bulk_id: int
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class CampaignPorts:
    engine: BulkEngine
    campaigns: CampaignEngine
    publisher: BulkPublisher
    clock: Clock
    holding: Duty = alone


class CampaignActor(Actor[Look]):
    """One activation of one text to many."""

    def __init__(self, bulk_id: int, ports: CampaignPorts) -> None:
        self._id, self._ports = bulk_id, ports

    async def handle(self, message: Look) -> None:
        try:
            with self._ports.holding(shard_of(self._id)) as ours:
                if ours:
                    await self._work(message.kind)
            if message.kind is not Kind.CAMPAIGN:
                await self._show()
        except StoreUnavailable:
            return  # the next look comes by itself

    async def _work(self, kind: Kind | None) -> None:
        if kind is not Kind.BULK:
            await self._carry_on(self._ports.campaigns.advance)
        if kind is not Kind.CAMPAIGN:
            await self._carry_on(self._ports.engine.advance)
            while await self._ports.engine.fold(self._id):
                await trio.lowlevel.checkpoint()

    async def _carry_on(self, advance: Callable[[int, datetime], Awaitable[bool]]) -> None:
        while await advance(self._id, self._ports.clock.wall()):
            await trio.lowlevel.checkpoint()

    async def _show(self) -> None:
        if not self._ports.publisher.bulk_watched(self._id):
            return
        progress = await self._ports.engine.told(self._id)
        if progress is not None:
            self._ports.publisher.bulk_progress(progress)


class CampaignDispatcher:
    """Lets the actor of each open one look twice a second, and that of each one whose figures have moved."""

    def __init__(self, ports: CampaignPorts, actors: Registry[int, Look]) -> None:
        self._ports, self._actors = ports, actors
        self._open: Mapping[int, Kind] = {}
        self._moved: set[int] = set()
        self._bell = Doorbell()

    def moved(self, bulk_id: int) -> None:
        """Its figures are others now; or it was launched a moment ago."""
        self._moved.add(bulk_id)
        if bulk_id not in self._open:
            self._bell.ring()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._sweep)
            while True:
                await self._look()
                await trio.sleep(GATHER_S)
                await self._bell.wait(LOOK_EVERY_S - GATHER_S)

    async def _look(self) -> None:
        moved, self._moved = self._moved, set()
        try:
            bulk, campaigns = await self._ports.engine.open(), await self._ports.campaigns.open()
        except StoreUnavailable:
            self._moved |= moved
            return
        self._open = dict.fromkeys(bulk, Kind.BULK) | dict.fromkeys(campaigns, Kind.CAMPAIGN)
        for bulk_id in self._open.keys() | moved:
            try:
                self._actors.ref(bulk_id).tell_nowait(Look(bulk_id, self._open.get(bulk_id)))
            except MailboxFull:
                continue  # it is at it
            except ActorError:
                continue  # set aside, or stopping

    async def _sweep(self) -> None:
        while True:
            try:
                dropped = await self._ports.engine.drop_abandoned(self._ports.clock.wall() - ABANDONED_AFTER)
                if dropped:
                    log.info("unlaunched_snapshots_dropped", count=dropped)
            except StoreUnavailable:
                log.warning("sweep_failed")
            await trio.sleep(SWEEP_EVERY_S)
