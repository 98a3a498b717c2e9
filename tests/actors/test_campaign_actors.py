"""Who carries texts to many on: one actor for each, of both kinds, that dies alone and knows which kind it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import cast

import trio
from trio.testing import MockClock

from server.actors.campaigns import WAITING, CampaignActor, CampaignDispatcher, CampaignPorts, Look
from server.actors.runtime import Registry, Supervisor
from server.ports import StoreUnavailable
from server.ports.bulk import BulkEngine, BulkPublisher
from tests.actors.fakes import FakeClock


class Engine:
    """Of one kind. `left` tells how many pieces each has; what `crashes` is a bug of ours at every piece."""

    def __init__(self) -> None:
        self.left: dict[int, int] = {}
        self.asked: list[int] = []
        self.crashes: set[int] = set()
        self.away = False

    async def open(self) -> Sequence[int]:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreUnavailable("away")
        return sorted(self.left)

    async def advance(self, its: int, now: datetime) -> bool:
        await trio.lowlevel.checkpoint()
        self.asked.append(its)
        if its in self.crashes:
            raise RuntimeError("ours")
        self.left[its] = self.left.get(its, 0) - 1
        if self.left[its] > 0:
            return True
        del self.left[its]
        return False

    async def fold(self, its: int) -> bool:
        return False

    async def drop_abandoned(self, before: datetime) -> int:
        return 0


class Nobody:
    def bulk_watched(self, bulk_id: int) -> bool:
        return False


class Floor:
    def __init__(self) -> None:
        self.bulk, self.campaigns = Engine(), Engine()
        publisher = cast("BulkPublisher", Nobody())
        ports = CampaignPorts(cast("BulkEngine", self.bulk), self.campaigns, publisher, FakeClock())
        self.actors: Registry[int, Look] = Registry(
            "bulk", lambda its: CampaignActor(its, ports), capacity=WAITING, jitter=lambda: 0.5
        )
        self.dispatcher = CampaignDispatcher(ports, self.actors)


@asynccontextmanager
async def floor(made: Floor) -> AsyncIterator[Floor]:
    root = Supervisor("root", [made.actors.spec()])
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run_root)
        async with trio.open_nursery() as looking:
            looking.start_soon(made.dispatcher.run)
            yield made
            looking.cancel_scope.cancel()
        root.stop()


async def test_each_kind_is_carried_on_by_its_own_engine(autojump_clock: MockClock) -> None:
    made = Floor()
    made.bulk.left, made.campaigns.left = {1: 3}, {2: 4}
    async with floor(made):
        await trio.sleep(1)
    assert set(made.bulk.asked) == {1}
    assert set(made.campaigns.asked) == {2}
    assert (made.bulk.left, made.campaigns.left) == ({}, {})


async def test_one_that_moved_and_is_not_open_is_looked_at_by_both(autojump_clock: MockClock) -> None:
    """Its end was reached, or it was launched a moment ago: nobody knows yet which it is."""
    made = Floor()
    async with floor(made):
        await trio.sleep(0.2)
        made.dispatcher.moved(7)
        await trio.sleep(0.2)
    assert (made.bulk.asked, made.campaigns.asked) == ([7], [7])


async def test_a_campaign_that_keeps_crashing_holds_up_no_other(autojump_clock: MockClock) -> None:
    made = Floor()
    made.campaigns.crashes, made.campaigns.left = {1}, {1: 1, 2: 50}
    async with floor(made):
        await trio.sleep(60)
    assert 2 not in made.campaigns.left
    assert made.campaigns.asked.count(1) > 1


async def test_while_the_database_is_away_nothing_is_forgotten(autojump_clock: MockClock) -> None:
    made = Floor()
    made.campaigns.away = True
    async with floor(made):
        made.dispatcher.moved(7)
        await trio.sleep(2)
        assert made.campaigns.asked == []
        made.campaigns.away = False
        await trio.sleep(2)
    assert made.campaigns.asked == [7]
