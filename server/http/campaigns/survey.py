"""What a launch would do: the survey of a campaign's plan as it is kept, one contact's text, and who is left out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from quart import Response

from server.domain.campaigns.audience import SENTENCES
from server.domain.campaigns.wording_warnings import warnings
from server.domain.phone import for_people
from server.domain.segments import count
from server.http.call import Answer, Call
from server.http.campaigns.campaigns import ONE
from server.http.campaigns.survey_models import (
    CampaignPeopleOut,
    FoundOut,
    PeopleQuery,
    PersonOut,
    PlanFaultOut,
    SampleOut,
    SampleQuery,
    SurveyOut,
    WordingIn,
    WordingOut,
    WordingWarningOut,
)
from server.http.campaigns.timing import timing
from server.http.campaigns.wire import counts_out, face_out, text_out
from server.http.errors import not_found
from server.http.rules import MEMBER, Routes
from server.http.settings import timetable_of
from server.http.sheets import csv_stream
from server.ports.campaigns import LeftOut, Plan, PlanFault, Survey

routes = Routes("campaigns")


@routes.get(f"{ONE}/survey", MEMBER, answers={200: SurveyOut})
async def survey_campaign(call: Call, campaign_id: int) -> Answer:
    """Who would get it by now, who not and why, what it costs and how long it takes; and why it cannot be launched."""
    plan, member, now = await _plan(call, campaign_id), call.member, call.deps.clock.wall()
    faults, found = await call.deps.campaign_survey.faults_and_survey(member.workspace_id, member.member_id, plan, now)
    hours = await timetable_of(call)
    told = [fault_out(fault) for fault in faults]
    warned = await _warned(call, [variant.body for variant in plan.variants])
    if found is None:
        when = timing(plan, 0, (), None, now, hours.usual)
        return Answer(SurveyOut(faults=told, warnings=warned, found=None, timing=when))
    when = timing(plan, found.recipients, found.zones, found.per_s, now, hours.usual)
    return Answer(SurveyOut(faults=told, warnings=warned, found=_found_out(found), timing=when))


@routes.post("/api/v1/campaigns/wording", MEMBER, body=WordingIn, answers={200: WordingOut})
async def look_at_wording(call: Call, body: WordingIn) -> Answer:
    """What carriers and recipients may object to in these texts, while they are written. Nothing is kept."""
    return Answer(WordingOut(warnings=await _warned(call, body.texts)))


@routes.get(f"{ONE}/sample", MEMBER, query=SampleQuery, answers={200: SampleOut})
async def sample_campaign(call: Call, campaign_id: int, query: SampleQuery) -> Answer:
    """The text that one contact would get by now, of one of the variants, whether of the audience or not."""
    plan, member, now = await _plan(call, campaign_id), call.member, call.deps.clock.wall()
    found = await call.deps.campaign_survey.sample(
        member.workspace_id, member.member_id, plan, query.contact_id, now, query.variant
    )
    if found is None:
        raise not_found()
    return Answer(SampleOut(variant=found.variant, **text_out(found)))


@routes.get(f"{ONE}/people", MEMBER, query=PeopleQuery, answers={200: CampaignPeopleOut})
async def campaign_people(call: Call, campaign_id: int, query: PeopleQuery) -> Answer:
    """Contacts of the audience, to choose one whose text to look at."""
    plan, member, now = await _plan(call, campaign_id), call.member, call.deps.clock.wall()
    rows = await call.deps.campaign_survey.people(
        member.workspace_id, member.member_id, plan, query.cursor, query.limit + 1, now, query.q
    )
    shown = rows[: query.limit]
    cursor = shown[-1].contact_id if len(rows) > query.limit else None
    return Answer(CampaignPeopleOut(rows=[PersonOut(**face_out(row)) for row in shown], next_cursor=cursor))


@routes.get(f"{ONE}/left-out.csv", MEMBER, answers={200: "text/csv"})
async def campaign_left_out(call: Call, campaign_id: int) -> Response:
    """Who would get no text by now, and why, as a file that is sent while it is read."""
    plan, member, now = await _plan(call, campaign_id), call.member, call.deps.clock.wall()
    pieces = call.deps.campaign_survey.left_out(member.workspace_id, member.member_id, plan, now)
    return await csv_stream(("Name", "Number", "Reason"), _lines(pieces), f"campaign-{campaign_id}-left-out.csv")


async def _warned(call: Call, texts: Sequence[str]) -> list[list[WordingWarningOut]]:
    brands = await call.deps.campaign_survey.brands(call.member.workspace_id)
    return [_warnings(text, brands) if text.strip() else [] for text in texts]


def _warnings(text: str, brands: Sequence[str]) -> list[WordingWarningOut]:
    return [
        WordingWarningOut(kind=one.kind, sentence=one.sentence, at=one.at, length=one.length)
        for one in warnings(text, brands, count(text).count)
    ]


async def _plan(call: Call, campaign_id: int) -> Plan:
    found = await call.deps.campaign_drafts.plan(call.member.workspace_id, campaign_id)
    if found is None:
        raise not_found()
    return found


async def _lines(pieces: AsyncIterator[Sequence[LeftOut]]) -> AsyncGenerator[Sequence[Sequence[str]], None]:
    async for piece in pieces:
        yield [(one.name, for_people(one.address), SENTENCES[one.reason]) for one in piece]


def fault_out(fault: PlanFault) -> PlanFaultOut:
    return PlanFaultOut(part=fault.part, sentence=fault.sentence)


def _found_out(found: Survey) -> FoundOut:
    duration_s = found.recipients / found.per_s if found.per_s else None
    return FoundOut(**counts_out(found), zones=list(found.zones), per_s=found.per_s, duration_s=duration_s)
