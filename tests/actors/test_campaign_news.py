"""Campaigns that moved are shown to whoever looks, once for all moves that came together."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from server.actors.campaign_news import GATHER_S, CampaignNews
from server.domain.messages import CampaignMoved
from server.ports import StoreUnavailable
from server.ports.campaigns import CampaignReading


class Campaigns:
    """Reads a campaign as (workspace, id, how often it was read); 9 is not there."""

    def __init__(self) -> None:
        self.reads: list[int] = []
        self.down = False

    async def get(self, workspace_id: int, campaign_id: int) -> Any:
        await trio.lowlevel.checkpoint()
        if self.down:
            raise StoreUnavailable
        self.reads.append(campaign_id)
        return None if campaign_id == 9 else (workspace_id, campaign_id, self.reads.count(campaign_id))


class Tabs:
    def __init__(self) -> None:
        self.watched, self.told = {1, 9}, list[Any]()

    def campaign_watched(self, workspace_id: int, campaign_id: int) -> bool:
        return campaign_id in self.watched

    def campaign_told(self, campaign: Any) -> None:
        self.told.append(campaign)


@pytest.fixture
async def news(nursery: trio.Nursery) -> tuple[CampaignNews, Campaigns, Tabs]:
    campaigns, tabs = Campaigns(), Tabs()
    told = CampaignNews(cast(CampaignReading, campaigns), tabs)
    nursery.start_soon(told.run)
    return told, campaigns, tabs


News = tuple[CampaignNews, Campaigns, Tabs]


async def test_moves_that_come_together_are_read_once(news: News, autojump_clock: MockClock) -> None:
    told, campaigns, tabs = news
    for _ in range(5):
        told.moved(CampaignMoved(10, 1))
        await trio.sleep(GATHER_S / 10)
    await trio.sleep(2 * GATHER_S)
    assert tabs.told == [(10, 1, 1)]
    told.moved(CampaignMoved(10, 1))
    await trio.sleep(2 * GATHER_S)
    assert tabs.told == [(10, 1, 1), (10, 1, 2)]
    assert campaigns.reads == [1, 1]


async def test_what_nobody_watches_is_not_read(news: News, autojump_clock: MockClock) -> None:
    told, campaigns, tabs = news
    told.moved(CampaignMoved(10, 2))
    await trio.sleep(1.0)
    assert (campaigns.reads, tabs.told) == ([], [])


async def test_what_is_no_campaign_is_not_told(news: News, autojump_clock: MockClock) -> None:
    told, campaigns, tabs = news
    told.moved(CampaignMoved(10, 9))
    told.moved(CampaignMoved(10, 1))
    await trio.sleep(1.0)
    assert (campaigns.reads, tabs.told) == ([9, 1], [(10, 1, 1)])


async def test_while_the_database_is_away_moves_are_kept(news: News, autojump_clock: MockClock) -> None:
    told, campaigns, tabs = news
    campaigns.down = True
    told.moved(CampaignMoved(10, 1))
    await trio.sleep(3.0)
    assert tabs.told == []
    campaigns.down = False
    await trio.sleep(3.0)
    assert tabs.told == [(10, 1, 1)]
