"""The member's own telephone, where tests may go: what it is, a code to be texted from it, and its end."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from server.domain.phone import normalise
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import NOT_A_NUMBER, Address
from server.http.throttle import Throttle
from server.ports.own_number import CannotBeOwn
from server.ws.encode import own_number_out
from server.ws.protocol import OwnNumberOut

PATH: Final = "/api/v1/me/number"
REFUSALS: Final = {
    "taken": (409, "A colleague has shown that this number is theirs."),
    "ours": (422, "This is one of the workspace's own numbers: name the telephone that you carry."),
    "not_simulated": (422, "In a simulation only numbers from 555-0100 to 555-0199 of any area exist."),
    "no_number": (422, "There is no number here yet that a code could be texted to."),
}


class OwnNumberIn(BaseModel):
    """`address`: in any spelling."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    address: Address


class OwnNumberAskedOut(BaseModel):
    """`code` is to be texted from the telephone, and is told here once; null: it was shown to be theirs before."""

    number: OwnNumberOut
    code: str | None


def own_number_routes(asking: Throttle) -> Routes:
    """*asking*: how often a member may have a new code."""
    routes = Routes("own-number")

    @routes.get(PATH, MEMBER, answers={200: OwnNumberOut})
    async def own_number(call: Call) -> Answer:
        """The telephone of whoever asks, and how far it is shown to be theirs."""
        member = call.member
        found = await call.deps.own_numbers.of(member.workspace_id, member.member_id, call.deps.clock.wall())
        return Answer(own_number_out(found))

    @routes.post(PATH, MEMBER, body=OwnNumberIn, answers={200: OwnNumberAskedOut})
    async def ask(call: Call, body: OwnNumberIn) -> Answer:
        """Name it, and get a code that is to be texted from it. The newest code counts, for 15 minutes."""
        address, member = normalise(body.address), call.member
        if address is None:
            raise Problem(422, "invalid_number", NOT_A_NUMBER, field="address")
        wait_s = asking.take(str(member.member_id))
        if wait_s is not None:
            sentence = f"Too many codes were asked for. Wait {wait_s} seconds and try again."
            raise Problem(429, "too_often", sentence, headers={"Retry-After": str(wait_s)})
        wall = call.deps.clock.wall()
        asked = await call.deps.own_numbers.ask(member.workspace_id, member.member_id, address, wall)
        if isinstance(asked, CannotBeOwn):
            status, sentence = REFUSALS[asked.why]
            raise Problem(status, asked.why, sentence, field="address")
        return Answer({"number": own_number_out(asked.number), "code": asked.code})

    @routes.delete(PATH, MEMBER, answers={204: None})
    async def remove(call: Call) -> Answer:
        """It is theirs no more; no test leaves for it after this was answered, but for what is on its way."""
        member = call.member
        await call.deps.own_numbers.remove(member.workspace_id, member.member_id, call.deps.clock.wall())
        return Answer(status=204)

    return routes
