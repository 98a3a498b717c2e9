"""Campaigns in a real database, and short words for what tests do to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from server.domain.campaigns.campaign import Command
from server.domain.carrier import Accepted
from server.domain.gate import MessageClass
from server.domain.messages import CampaignMoved
from server.ports import Authorised, Enqueued
from server.store.campaigns.moves import Move, move
from tests.store.world import NOON, World

# One statement is one moment.
KEPT: Final = """
SELECT c.id, c.audience, c.launched_at IS NOT NULL AS launched, s.*,
       to_jsonb(s) - 'moved_at' AS kept, to_jsonb(r) AS counted, to_jsonb(t) AS tallied, to_jsonb(l) AS left_since
FROM campaign c CROSS JOIN LATERAL campaign_sums(c.id) s CROSS JOIN LATERAL campaign_recount(c.id) r
CROSS JOIN LATERAL campaign_tally(c.id) t
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.state = 'wired') AS wired, count(*) FILTER (WHERE r.state = 'rejected') AS rejected,
           count(*) FILTER (WHERE r.delivery = 'undelivered') AS undelivered, count(r.opted_out_at) AS opted_out
    FROM campaign_recipient r WHERE r.campaign_id = c.id AND (c.resumed_at IS NULL OR r.left_at >= c.resumed_at)
) l ORDER BY c.id
"""
STATES: Final = ("excluded", "pending", "in_flight", "wired", "rejected", "unconfirmed", "skipped")
CAMPAIGN: Final = """
INSERT INTO campaign (workspace_id, kind, name, state, launched_by, launched_at, audience)
VALUES ($1, $2, 'Spring', 'active', NULL, $3, 0) RETURNING id
"""
_ENDPOINT: Final = """
INSERT INTO endpoint (workspace_id, address) VALUES ($1, $2)
ON CONFLICT (workspace_id, address) DO UPDATE SET address = EXCLUDED.address RETURNING id
"""
_THREAD: Final = """
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at, last_direction, listed)
VALUES ($1, $2, 1, $3, 'out', $4)
ON CONFLICT (workspace_id, endpoint_id) DO UPDATE SET number_id = thread.number_id RETURNING id
"""
RECIPIENT: Final = """
WITH made AS (
    INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, endpoint_id, state, thread_id, seq, segments)
    SELECT $1, coalesce(max(r.ord), 0) + 1, $2, $3, 'in_flight', $4, $5, 1
    FROM campaign_recipient r WHERE r.campaign_id = $1
), counted AS (UPDATE campaign SET audience = audience + 1 WHERE id = $1)
SELECT note_moved($1, $6, NULL, 'in_flight', 1)
"""


async def add_up(world: World) -> list[Any]:
    """What is kept of every campaign, which is what its rows come to; and what its limits are judged by."""
    rows = await world.sql(KEPT)
    for row in rows:
        assert row["kept"] == row["counted"]
        assert row["tallied"] == row["left_since"]
        if row["launched"]:
            assert sum(row[state] for state in STATES) == row["audience"]
    return rows


@dataclass
class Spring:
    """A campaign that was launched to nobody; whoever it writes to becomes its recipient."""

    world: World
    campaign_id: int
    quiet: bool = False

    async def queue(self, address: str, now: datetime = NOON) -> Enqueued:
        """A text to *address*, as the engine queues it."""
        endpoint_id = await self.world.value(_ENDPOINT, 1, address)
        thread_id = await self.world.value(_THREAD, 1, endpoint_id, now, not self.quiet)
        text = await self.world.send(thread_id, klass=MessageClass.BULK, campaign_id=self.campaign_id, now=now)
        await self.world.sql(RECIPIENT, self.campaign_id, 1, endpoint_id, thread_id, text.seq, now)
        return text

    async def wire(self, *addresses: str, now: datetime = NOON) -> Sequence[Authorised]:
        """Texts that left at *now* and were accepted."""
        for address in addresses:
            await self.queue(address, now)
        sent = await self.world.authorise(now=now)
        for one in sent:
            await self.world.store.ledger.record_outcome(one.attempt_id, self.world.gen, accepted(one), now)
        return sent

    async def resume(self, now: datetime) -> None:
        """As a person does, who has seen that it was paused."""
        await self.world.sql("UPDATE campaign SET state = 'paused' WHERE id = $1", self.campaign_id)
        await self.world.store.call(lambda c: move(c, 1, self.campaign_id, Move(Command.RESUME, 1), now))

    async def figures(self) -> Any:
        return next(row for row in await add_up(self.world) if row["id"] == self.campaign_id)

    def told(self) -> bool:
        """Whether anybody heard that it has moved, since this was asked last."""
        heard = CampaignMoved(1, self.campaign_id) in self.world.heard(CampaignMoved)
        self.world.told.clear()
        return heard


def accepted(one: Authorised) -> Accepted:
    return Accepted(f"SM{one.outbox_id}", "queued", 1)


async def spring(world: World, *, kind: str = "campaign", quiet: bool = False) -> Spring:
    return Spring(world, await world.value(CAMPAIGN, 1, kind, NOON), quiet)
