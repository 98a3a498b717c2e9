"""What the server does right now: the live tree of actors and the pace of sending."""

from __future__ import annotations

from typing import Final

from server.http.call import Answer, Call
from server.http.rules import MEMBER, Routes

routes: Final = Routes("system")


@routes.get("/api/v1/system/actors", MEMBER)
async def actors(call: Call) -> Answer:
    """The tree of actors: state, mailbox depth and age, restarts, last error."""
    return Answer(call.deps.actor_tree())


@routes.get("/api/v1/system/pace", MEMBER)
async def pace(call: Call) -> Answer:
    """How fast each number sends, and what waits."""
    return Answer(call.deps.pace())
