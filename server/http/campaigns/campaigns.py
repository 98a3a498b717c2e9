"""Campaigns: their list, drafts and what a wizard keeps of them, copies, templates, the archive."""

from __future__ import annotations

from typing import Final

from server.domain.campaigns.campaign import Refused
from server.http.call import Answer, Call
from server.http.campaigns.campaign_models import (
    ArchiveIn,
    CampaignIn,
    CampaignPatch,
    CampaignsOut,
    CampaignsQuery,
    CampaignWithPlanOut,
    DuplicateIn,
)
from server.http.campaigns.campaign_wire import answered
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.ws.encode import campaign_out

ONE: Final = f"/api/v1/campaigns/{part('campaign_id')}"
PLAN_LIMIT: Final = 512 * 1024  # bytes; 20,000 people chosen by hand, and ten texts

routes: Final = Routes("campaigns")


@routes.get("/api/v1/campaigns", MEMBER, query=CampaignsQuery, answers={200: CampaignsOut})
async def campaigns(call: Call, query: CampaignsQuery) -> Answer:
    """The list, with figures of one moment for each; the archived or the others, the templates or the others."""
    page = await call.deps.campaign_drafts.page(
        call.member.workspace_id,
        states=query.states,
        q=query.q,
        archived=query.archived,
        templates=query.templates,
        before=query.cursor,
        limit=query.limit,
    )
    return Answer({"rows": [campaign_out(row) for row in page.rows], "next_cursor": page.next_cursor})


@routes.post("/api/v1/campaigns", MEMBER, body=CampaignIn, answers={201: CampaignWithPlanOut})
async def make_campaign(call: Call, body: CampaignIn) -> Answer:
    """Make a draft, once for each `cmd_id`."""
    member, now = call.member, call.deps.clock.wall()
    made = await call.deps.campaign_drafts.create(member.workspace_id, member.member_id, body.cmd_id, body.name, now)
    return answered(made, 201)


@routes.get(ONE, MEMBER, answers={200: CampaignWithPlanOut})
async def campaign(call: Call, campaign_id: int) -> Answer:
    """A campaign as it stands, with its plan."""
    return answered(await call.deps.campaign_drafts.get(call.member.workspace_id, campaign_id))


@routes.patch(ONE, MEMBER, body=CampaignPatch, json_limit=PLAN_LIMIT, answers={200: CampaignWithPlanOut})
async def change_campaign(call: Call, campaign_id: int, body: CampaignPatch) -> Answer:
    """Save what was changed. Of one that runs, what has not left is made anew with it before this is answered."""
    saved = await call.deps.campaign_drafts.save(
        call.member.workspace_id,
        campaign_id,
        body.version,
        name=body.name,
        description=body.description,
        plan=None if body.plan is None else body.plan.told(),
        member_id=call.member.member_id,
        now=call.deps.clock.wall(),
    )
    return answered(saved)


@routes.post(f"{ONE}/duplicate", MEMBER, body=DuplicateIn, answers={201: CampaignWithPlanOut})
async def duplicate_campaign(call: Call, campaign_id: int, body: DuplicateIn) -> Answer:
    """Make a draft, or a template, of the same plan with no start day, once for each `cmd_id`."""
    member, now = call.member, call.deps.clock.wall()
    made = await call.deps.campaign_drafts.duplicate(
        member.workspace_id, campaign_id, member.member_id, body.cmd_id, now, as_template=body.as_template
    )
    return answered(made, 201)


@routes.post(f"{ONE}/archive", MEMBER, body=ArchiveIn, answers={200: CampaignWithPlanOut})
async def archive_campaign(call: Call, campaign_id: int, body: ArchiveIn) -> Answer:
    """Out of the list, or back into it. Safe to repeat."""
    member, now = call.member, call.deps.clock.wall()
    moved = await call.deps.campaign_drafts.archive(
        member.workspace_id, campaign_id, member.member_id, body.archived, now
    )
    if moved is not None and body.archived and moved.archived_at is None:
        return answered(Refused("This campaign may still send: it stays in the list until it has ended."))
    return answered(moved)
