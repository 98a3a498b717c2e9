"""Lets the telephone of a newcomer to the demo write in: nobody has one with a number that belongs to nobody."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from server.domain.own_number import DIGITS
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.rules import MEMBER, Routes

routes: Final = Routes("demo")


class HandsetIn(BaseModel):
    """The code as the page shows it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, Field(pattern=rf"^\d{{{DIGITS}}}$")]


@routes.post("/api/v1/demo/handset", MEMBER, body=HandsetIn, answers={204: None})
async def write_in(call: Call, body: HandsetIn) -> Answer:
    """The simulated telephone of whoever asks texts the code that is waited for; nowhere but in the demo."""
    facts, session = call.deps.demo, call.logged_in
    if facts is None or call.deps.config.mode != "demo" or not session.workspace.simulated:
        raise not_found()
    member = call.member
    number = await call.deps.own_numbers.of(member.workspace_id, member.member_id, call.deps.clock.wall())
    if number.state != "waiting" or number.address is None or number.text_to is None:
        raise Problem(409, "not_waiting", "No code is waited for: ask for one first.")
    if not await facts.write_in(number.address, number.text_to, body.code):
        raise Problem(503, "away", "The simulated carrier does not answer. Try again in a moment.")
    return Answer(status=204)
