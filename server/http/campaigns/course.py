"""The launch of campaigns, and what stops them or lets them go on."""

from __future__ import annotations

from server.domain.campaigns.campaign import Command, Refused
from server.http.call import Answer, Call
from server.http.campaigns.campaign_models import CampaignWithPlanOut
from server.http.campaigns.campaign_wire import answered
from server.http.campaigns.campaigns import ONE
from server.http.campaigns.course_models import CommandIn, LaunchCampaignIn
from server.http.campaigns.survey import fault_out
from server.http.errors import Problem
from server.http.rules import MEMBER, Routes
from server.ports.campaigns import Launching, OtherCount

routes = Routes("campaigns")


@routes.post(f"{ONE}/launch", MEMBER, body=LaunchCampaignIn, answers={202: CampaignWithPlanOut})
async def launch_campaign(call: Call, campaign_id: int, body: LaunchCampaignIn) -> Answer:
    """Send it, or schedule it, to as many as were confirmed. Where another number would get it by now, nothing is."""
    member, now = call.member, call.deps.clock.wall()
    result = await call.deps.campaign_course.launch(
        member.workspace_id, campaign_id, member.member_id, body.cmd_id, body.expected_count, now
    )
    match result:
        case Launching(campaign=campaign):
            return answered(campaign, 202)
        case None | Refused():
            return answered(result)
        case OtherCount(recipients=count):
            people = "One person" if count == 1 else f"{count:,} people"
            sentence = f"{people} would get it now, not {body.expected_count:,}. Nothing was sent."
            raise Problem(409, "count_differs", sentence, field="expected_count", more={"recipients": count})
        case faults:
            told = [fault_out(fault).model_dump() for fault in faults]
            raise Problem(422, "cannot_launch", told[0]["sentence"], field=told[0]["part"], more={"faults": told})


@routes.post(f"{ONE}/command", MEMBER, body=CommandIn, answers={200: CampaignWithPlanOut})
async def command_campaign(call: Call, campaign_id: int, body: CommandIn) -> Answer:
    """Pause, resume, cancel or unschedule it. Safe to repeat; what stops it is answered once nothing can leave."""
    member, now = call.member, call.deps.clock.wall()
    return answered(
        await call.deps.campaign_course.command(
            member.workspace_id, campaign_id, member.member_id, Command(body.command), now
        )
    )
