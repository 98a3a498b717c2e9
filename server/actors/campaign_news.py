"""Shows whoever looks how campaigns stand.

Read once for all that moved meanwhile, by one reader, so that no older figures come after newer ones.
"""

from __future__ import annotations

from typing import Final

import structlog
import trio

from server.domain.messages import CampaignMoved
from server.ports import StoreUnavailable
from server.ports.campaigns import CampaignPublisher, CampaignReading

GATHER_S: Final = 0.25  # a STOP is to be seen within a second

log = structlog.get_logger(__name__)


class CampaignNews:
    """Pushes campaigns that moved, at most four times a second each, and only where somebody looks."""

    def __init__(self, campaigns: CampaignReading, publisher: CampaignPublisher) -> None:
        self._campaigns, self._publisher = campaigns, publisher
        self._moved: dict[CampaignMoved, None] = {}
        self._some = trio.Event()

    def moved(self, one: CampaignMoved) -> None:
        """Its figures are others now, or its state is. Returns at once."""
        if self._publisher.campaign_watched(one.workspace_id, one.campaign_id):
            self._moved[one] = None
            self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            await trio.sleep(GATHER_S)
            self._some = trio.Event()
            moved, self._moved = self._moved, {}
            try:
                for one in moved:
                    await self._show(one)
            except StoreUnavailable:
                log.warning("campaigns_not_shown", count=len(moved))
                self._moved = moved | self._moved
                await trio.sleep(1.0)
                self._some.set()

    async def _show(self, one: CampaignMoved) -> None:
        campaign = await self._campaigns.get(one.workspace_id, one.campaign_id)
        if campaign is not None:
            self._publisher.campaign_told(campaign)
