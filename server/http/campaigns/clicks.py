"""Who followed a campaign's links, by where they lead."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from server.domain.campaigns.clicks import SENTENCES, Bot
from server.http.call import Answer, Call
from server.http.campaigns.campaigns import ONE
from server.http.errors import not_found
from server.http.rules import MEMBER, Routes

MOST: Final = 100  # targets: a value may stand in each recipient's own

routes: Final = Routes("campaigns")


class BotsOut(BaseModel):
    """Visits that count for nobody; `told`: why, in words."""

    reason: Bot
    told: str
    visits: int


class TargetOut(BaseModel):
    """`links`: so many recipients have a link there. `people` followed theirs, in so many `visits`."""

    url: str
    links: int
    people: int
    visits: int
    bots: list[BotsOut]


class ClicksOut(BaseModel):
    """The hundred targets that most people followed."""

    rows: list[TargetOut]


@routes.get(f"{ONE}/clicks", MEMBER, answers={200: ClicksOut})
async def clicks(call: Call, campaign_id: int) -> Answer:
    """Where its links lead, and who followed them: people, their visits, and what only looks at links."""
    found = await call.deps.links.clicks(call.member.workspace_id, campaign_id, MOST)
    if found is None:
        raise not_found()
    rows = [
        TargetOut(
            url=one.url,
            links=one.links,
            people=one.people,
            visits=one.visits,
            bots=[BotsOut(reason=bot, told=SENTENCES[bot], visits=one.bots[bot]) for bot in Bot if bot in one.bots],
        )
        for one in found
    ]
    return Answer(ClicksOut(rows=rows))
