"""How campaigns stand: minute by minute, why texts failed, each recipient, and all of them as a file."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from quart import Response

from server.domain.campaigns.campaign import CampaignState
from server.domain.phone import for_people
from server.http.call import Answer, Call
from server.http.campaigns.campaigns import ONE
from server.http.campaigns.figures_models import (
    AheadOut,
    CampaignRecipientsOut,
    CampaignRecipientsQuery,
    MinutesOut,
    MinutesQuery,
    ReasonsOut,
    WhichQuery,
)
from server.http.campaigns.reasons import why
from server.http.campaigns.survey_models import OutlookOut
from server.http.campaigns.timing import HoursAt, drawn
from server.http.errors import not_found
from server.http.rules import MEMBER, Routes
from server.http.settings import timetable_of
from server.http.sheets import csv_stream
from server.ports.campaigns import Campaign, CampaignRecipient, Export
from server.ws.encode import Explain

_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAMED: Final = "%Y-%m-%dT%H%M%SZ"  # a colon is none in a name of a file
_HEADS: Final = ("Name", "Number", "Text", "Status", "Reason", "Segments", "Replied", "Opted out", "Clicked")

routes = Routes("campaigns")


@routes.get(f"{ONE}/minutes", MEMBER, query=MinutesQuery, answers={200: MinutesOut})
async def campaign_minutes(call: Call, campaign_id: int, query: MinutesQuery) -> Answer:
    """What happened over time."""
    since = _ALWAYS if query.since is None else query.since
    rows = await call.deps.campaign_figures.minutes(call.member.workspace_id, campaign_id, since)
    if rows is None:
        raise not_found()
    return Answer({"rows": [asdict(row) for row in rows]})


@routes.get(f"{ONE}/reasons", MEMBER, answers={200: ReasonsOut})
async def campaign_reasons(call: Call, campaign_id: int) -> Answer:
    """Why texts failed, and why recipients got none, in words."""
    rows = await call.deps.campaign_figures.reasons(call.member.workspace_id, campaign_id)
    if rows is None:
        raise not_found()
    return Answer({"rows": [asdict(row) | {"sentence": why(row, call.deps.explain)} for row in rows]})


@routes.get(f"{ONE}/outlook", MEMBER, answers={200: AheadOut})
async def campaign_outlook(call: Call, campaign_id: int) -> Answer:
    """The batches that are still to come, of one that drips."""
    found = await call.deps.campaign_drafts.get(call.member.workspace_id, campaign_id)
    if found is None:
        raise not_found()
    return Answer(AheadOut(outlook=_ahead(found, call.deps.clock.wall(), (await timetable_of(call)).usual)))


def _ahead(campaign: Campaign, now: datetime, hours: HoursAt) -> OutlookOut | None:
    """Nothing is planned for one that is paused: it goes on when somebody resumes it."""
    drip, left = campaign.plan.drip, campaign.figures.pending
    if drip is None or left == 0 or campaign.state not in (CampaignState.ACTIVE, CampaignState.SCHEDULED):
        return None
    begins = max(now, campaign.next_batch_at or campaign.due_at or now)
    return drawn(drip, begins, left, (), None, hours)


@routes.get(f"{ONE}/recipients", MEMBER, query=CampaignRecipientsQuery, answers={200: CampaignRecipientsOut})
async def campaign_recipients(call: Call, campaign_id: int, query: CampaignRecipientsQuery) -> Answer:
    """Its recipients in the order of the snapshot, with what became of each."""
    rows = await call.deps.campaign_figures.recipients(
        call.member.workspace_id, campaign_id, query.states, query.cursor, query.limit + 1, query.q
    )
    if rows is None:
        raise not_found()
    shown = rows[: query.limit]
    told = [recipient_out(row, call.deps.explain) for row in shown]
    return Answer({"rows": told, "next_cursor": shown[-1].ord if len(rows) > query.limit else None})


@routes.get(f"{ONE}/export.csv", MEMBER, query=WhichQuery, answers={200: "text/csv"})
async def export_campaign(call: Call, campaign_id: int, query: WhichQuery) -> Response:
    """Those recipients of one moment, as a file whose name tells it; the figures of that moment stand in a header."""
    now = call.deps.clock.wall()
    found = await call.deps.campaign_figures.export(call.member.workspace_id, campaign_id, query.states, now, query.q)
    if found is None:
        raise not_found()
    as_of = found.as_of.astimezone(UTC)
    response = await csv_stream(
        _HEADS, _lines(found, call.deps.explain), f"campaign-{campaign_id}-{as_of:{_NAMED}}.csv"
    )
    response.headers["X-As-Of"] = as_of.isoformat()
    response.headers["X-Figures"] = json.dumps(asdict(found.figures))
    return response


async def _lines(found: Export, explain: Explain) -> AsyncGenerator[Sequence[Sequence[str]], None]:
    async with aclosing(found.pieces) as pieces:
        async for piece in pieces:
            yield [_cells(row, explain) for row in piece]


def recipient_out(row: CampaignRecipient, explain: Explain) -> dict[str, Any]:
    """`CampaignRecipientOut`."""
    told = asdict(row) | {"reason": why(row, explain)}
    del told["error_class"], told["error_code"]
    return told


def _cells(row: CampaignRecipient, explain: Explain) -> Sequence[str]:
    return (
        row.name or "",
        for_people(row.address),
        chr(ord("A") + row.variant),
        (row.delivery or row.state).replace("_", " "),
        why(row, explain) or "",
        str(row.segments or ""),
        *("" if at is None else at.isoformat() for at in (row.replied_at, row.opted_out_at, row.clicked_at)),
    )
