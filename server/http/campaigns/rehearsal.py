"""A campaign's texts to the telephone of whoever writes them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from server.domain.campaigns import variants
from server.http.call import Answer, Call
from server.http.campaigns.campaigns import ONE
from server.http.errors import Problem, not_found
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import not_queued
from server.ports import CommandConflict
from server.ports.campaigns import CannotTest

STATUS: Final = {"no_own_number": 409, "no_contact": 404}

routes: Final = Routes("campaigns")


class CampaignTestIn(BaseModel):
    """`contact_id`: whose values it bears, of the audience or not; null: the first recipient's. `variant`: which of the
    texts; null: each of them. Repeat it with the same `cmd_id` until an answer comes: it is sent once.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cmd_id: UUID
    contact_id: Id | None = None
    variant: int | None = Field(default=None, ge=0, lt=variants.MOST)


class TestedTextOut(BaseModel):
    """`thread_id` and `seq`: what becomes of it is told in that thread's channel. `name`: whose values it bears."""

    thread_id: int
    seq: int
    variant: int
    text: str
    segments: int
    name: str | None


class CampaignTestOut(BaseModel):
    """`again`: the command had been taken before, and nothing more was sent."""

    address: str
    again: bool
    texts: list[TestedTextOut]


@routes.post(f"{ONE}/test", MEMBER, body=CampaignTestIn, answers={202: CampaignTestOut})
async def rehearse_campaign(call: Call, campaign_id: int, body: CampaignTestIn) -> Answer:
    """Send the texts as they are saved to the member's own number, and to no other. They count in no figure."""
    member, now = call.member, call.deps.clock.wall()
    asked = body.cmd_id, body.contact_id, body.variant
    result = await call.deps.campaign_tests.send(member.workspace_id, campaign_id, member.member_id, *asked, now)
    match result:
        case None:
            raise not_found()
        case CommandConflict():
            raise not_queued(result)
        case CannotTest(why=why, sentence=sentence):
            raise Problem(STATUS.get(why, 422), why, sentence)
    texts = [
        TestedTextOut(
            thread_id=one.thread_id,
            seq=one.seq,
            variant=one.variant,
            text=one.text,
            segments=one.segments,
            name=one.name,
        )
        for one in result.texts
    ]
    return Answer(CampaignTestOut(address=result.address, again=result.again, texts=texts), 202)
