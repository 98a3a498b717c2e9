"""A campaign in the small workspace of the store's tests, and short words for what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg

from server.domain.campaigns.campaign import Command, Refused
from server.domain.carrier import Accepted
from server.domain.timetable import shipped_timetable
from server.ports.campaigns import Campaign, CampaignSurvey, Launching, Plan, PlanFault, Sources, Variant
from server.store.campaigns import plans
from server.store.campaigns.campaign_engine import PostgresCampaignEngine
from server.store.campaigns.course import PostgresCampaignCourse
from server.store.campaigns.looking import look
from tests.store.world import NOON, World

HI = (Variant("Hi {{first_name|there}}"),)
EVERYBODY = Plan(Sources(everybody=True), variants=HI)
ZONE = "America/New_York"
LINK_BASE = "https://go.example/l"
_PEOPLE = """
WITH made AS (
    INSERT INTO contact (workspace_id, first_name) SELECT $1, 'Person ' || n FROM generate_series(1, $2::integer) n
    RETURNING id
), numbers AS (
    INSERT INTO endpoint (workspace_id, address)
    SELECT $1, '+1202555' || lpad((100 + n)::text, 4, '0') FROM generate_series(0, $2 - 1) n RETURNING id
)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT $1, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM numbers) e USING (n)
"""
_SUMS = """
SELECT to_jsonb(s) - 'moved_at' AS kept, to_jsonb(n) AS counted FROM campaign_sums($1) s, campaign_recount($1) n
"""


@dataclass
class Surveyed:
    """The half of `ports.campaigns.CampaignSurvey` that a launch asks: it finds what the test puts there."""

    found: Sequence[PlanFault] = ()

    async def faults(self, workspace_id: int, plan: Plan, now: datetime) -> Sequence[PlanFault]:
        return self.found


@dataclass
class Campaigns:
    """The course and the engine over a world; another one of it is another server."""

    world: World
    survey: Surveyed = field(default_factory=Surveyed)

    def __post_init__(self) -> None:
        postgres, announce = self.world.store._postgres, self.world.told.extend
        self.engine = PostgresCampaignEngine(postgres, announce, shipped_timetable(), LINK_BASE)
        self.course = PostgresCampaignCourse(postgres, announce, self.engine, cast(CampaignSurvey, self.survey))

    async def people(self, count: int) -> None:
        """So many contacts, each with a number in Washington; their places are 1 and so on."""
        await self.world.sql(_PEOPLE, 1, count)

    async def people_gone(self, count: int) -> None:
        await self.world.sql(
            "UPDATE contact SET deleted_at = now() WHERE id IN (SELECT id FROM contact ORDER BY id LIMIT $1)", count
        )

    async def reword(self, campaign_id: int, body: str) -> None:
        """Behind everybody's back."""
        await self.world.sql(
            "UPDATE campaign SET plan = jsonb_set(plan, '{variants,0,body}', to_jsonb($2::text)), version = version + 1"
            " WHERE id = $1",
            campaign_id, body,
        )  # fmt: skip

    async def edit(self, campaign_id: int, body: str) -> None:
        """As a member does."""
        drafts = self.world.store.campaign_drafts
        campaign = await drafts.get(1, campaign_id)
        assert campaign is not None
        plan = replace(campaign.plan, variants=(Variant(body),))
        told = await drafts.save(1, campaign_id, campaign.version, plan=plan, member_id=1, now=NOON)
        assert isinstance(told, Campaign), told

    async def draft(self, plan: Plan = EVERYBODY) -> int:
        made: int = await self.world.value(
            "INSERT INTO campaign (workspace_id, name, state, plan, author_id) VALUES (1, 'Open house', 'draft', $1, 1)"
            " RETURNING id",
            plans.written(plan),
        )
        return made

    async def launch(self, campaign_id: int, expected: int, *, cmd_id: UUID | None = None, now: datetime = NOON) -> Any:
        return await self.course.launch(1, campaign_id, 1, cmd_id or uuid4(), expected, now)

    async def launched(self, plan: Plan = EVERYBODY, count: int = 3, *, now: datetime = NOON) -> int:
        """A campaign whose snapshot of *count* people is whole."""
        if not await self.world.value("SELECT count(*) FROM contact"):
            await self.people(count)
        campaign_id = await self.draft(plan)
        told = await self.launch(campaign_id, count, now=now)
        assert isinstance(told, Launching), told
        return campaign_id

    async def advance(self, campaign_id: int, now: datetime = NOON) -> None:
        """All that there is to do at this moment. A look that has seen nothing to do is held to what a step finds."""
        while await self.engine.advance(campaign_id, now):
            pass
        sight = await self.world.store._postgres.read(lambda c: look(c, campaign_id, now))
        if sight is not None and not sight.busy:
            before = await self.row(campaign_id)
            assert not await self.engine._step(campaign_id, now)
            assert await self.row(campaign_id) == before

    async def command(self, campaign_id: int, command: Command, now: datetime = NOON) -> Campaign | Refused | None:
        return await self.course.command(1, campaign_id, 1, command, now)

    async def wire(self, now: datetime = NOON) -> int:
        """T3 and T4 for all that is queued."""
        left = await self.world.authorise(now=now)
        for one in left:
            await self.world.store.ledger.record_outcome(
                one.attempt_id, self.world.gen, Accepted(f"SM{one.outbox_id}", "queued", 1), now
            )
        return len(left)

    async def row(self, campaign_id: int) -> asyncpg.Record:
        [found] = await self.world.sql("SELECT * FROM campaign WHERE id = $1", campaign_id)
        return found

    async def states(self, campaign_id: int) -> Counter[str]:
        """How many stand where; the sums must say the same."""
        rows = await self.world.sql("SELECT state FROM campaign_recipient WHERE campaign_id = $1", campaign_id)
        [sums] = await self.world.sql(_SUMS, campaign_id)
        assert sums["kept"] == sums["counted"]
        return Counter(row["state"] for row in rows)

    async def reasons(self, campaign_id: int) -> Counter[str]:
        rows = await self.world.sql(
            "SELECT reason FROM campaign_recipient WHERE campaign_id = $1 AND reason IS NOT NULL", campaign_id
        )
        return Counter(row["reason"] for row in rows)

    async def bodies(self) -> list[str]:
        """What went out, or will."""
        rows = await self.world.sql("SELECT body FROM message WHERE state <> 'cancelled' ORDER BY thread_id, seq")
        return [row["body"] for row in rows]
