"""What the server does right now: the live tree of actors and the pace of sending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from server.domain.roles import Deed
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.ids import Id
from server.http.rules import MEMBER, Routes, whoever_may

routes: Final = Routes("system")


class HandOver(BaseModel):
    """`gen` is the generation of the server that shall send, as `/api/v1/system/pace` lists it."""

    model_config = ConfigDict(extra="forbid")

    gen: Id


@routes.get("/api/v1/system/actors", MEMBER, answers={200: "application/json"})
async def actors(call: Call) -> Answer:
    """The tree of actors: state, mailbox depth and age, restarts, last error."""
    return Answer(call.deps.actor_tree())


@routes.get("/api/v1/system/servers", MEMBER, answers={200: "application/json"})
async def servers(call: Call) -> Answer:
    """All servers of the last quarter of an hour, the newest first, each with its tree of actors; which one this is."""
    return Answer({"servers": await call.deps.servers()})


@routes.get("/api/v1/system/pace", MEMBER, answers={200: "application/json"})
async def pace(call: Call) -> Answer:
    """How fast the workspace sends: its numbers and all limits over them, what waits, which server sends."""
    told = await call.deps.pace(call.member.workspace_id)
    return Answer(await _as_seen(call, told) if call.member.narrowed else told)


async def _as_seen(call: Call, told: Mapping[str, Any]) -> dict[str, Any]:
    """Without the numbers that are hidden from the member, and without campaigns, which may send from them."""
    seen = {number.address for number in await call.deps.catalogue.numbers(call.member.workspace_id)}
    limits = [
        one for one in told["limits"] if one["kind"] != "campaign" and (one["kind"] != "number" or one["name"] in seen)
    ]
    return {**told, "numbers": [one for one in told["numbers"] if one["number"] in seen], "limits": limits}


@routes.post(
    "/api/v1/system/hand-over", whoever_may(Deed.HAND_OVER_SENDING), body=HandOver, answers={200: "application/json"}
)
async def hand_over(call: Call, body: HandOver) -> Answer:
    """Let another server send. It begins three seconds later, when what this one allowed has left."""
    if not await call.deps.hand_over(body.gen):
        raise Problem(409, "not_handed_over", "That server has stopped, or sends already.")
    detail = {"gen": body.gen}
    await call.deps.people.audit(call.member.workspace_id, call.member.member_id, "limiter_handed_over", detail)
    return Answer({"gen": body.gen})
