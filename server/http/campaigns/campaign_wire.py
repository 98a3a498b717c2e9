"""How campaigns are told, and why something was not done with one."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from server.domain.campaigns.campaign import Refused
from server.http.call import Answer
from server.http.errors import Problem, not_found
from server.ports.campaigns import Campaign, Plan, Stale
from server.ws.encode import campaign_out

_PLAN: Final = TypeAdapter(Plan)


def whole_out(campaign: Campaign) -> dict[str, Any]:
    """`CampaignWithPlanOut`."""
    return campaign_out(campaign) | {"plan": _PLAN.dump_python(campaign.plan, mode="json")}


def answered(outcome: Campaign | Stale | Refused | None, status: int = 200) -> Answer:
    """The campaign as it stands now, or the problem."""
    match outcome:
        case None:
            raise not_found()
        case Stale(version=version):
            sentence = "Somebody else has changed this campaign meanwhile. Nothing of yours was saved."
            raise Problem(409, "stale", sentence, field="version", more={"version": version})
        case Refused(sentence=sentence):
            raise Problem(409, "refused", sentence)
        case Campaign():
            return Answer(whole_out(outcome), status)
