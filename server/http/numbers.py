"""The numbers that texts leave from, and whose each is: everybody's, or one member's own with all that went over it."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from server.domain.roles import Deed
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import BIGINT, Id, part
from server.http.rules import MEMBER, Routes, whoever_may
from server.ports.catalogue import OwnNumber

PATH: Final = "/api/v1/numbers"

routes: Final = Routes("numbers")


class SenderOut(BaseModel):
    """`owner_id`: the member whose own it is; null: everybody's. `version`: another one when it has changed hands."""

    number_id: int
    address: str
    label: str
    owner_id: int | None
    owner: str | None
    version: int


class SendersOut(BaseModel):
    """The numbers that whoever asks may send from: everybody's and their own; for managers and owners all."""

    numbers: list[SenderOut]


class SenderIn(BaseModel):
    """`owner_id` null: it is everybody's again. `version`: the one that was read."""

    model_config = ConfigDict(extra="forbid")

    owner_id: Id | None
    version: Annotated[int, Field(ge=0, le=BIGINT)]


@routes.get(PATH, MEMBER, answers={200: SendersOut})
async def numbers(call: Call) -> Answer:
    """The numbers that texts leave from, and whose each is."""
    return Answer({"numbers": await call.deps.catalogue.numbers(call.member.workspace_id)})


@routes.patch(f"{PATH}/{part('number_id')}", whoever_may(Deed.GIVE_NUMBERS), body=SenderIn, answers={200: SenderOut})
async def give_number(call: Call, number_id: int, body: SenderIn) -> Answer:
    """Give a number to a member, or back to everybody. Who sees what went over it changes with the answer."""
    member = call.member
    gave = await call.deps.numbers.give(
        member.workspace_id, number_id, body.owner_id, by=member.member_id, version=body.version
    )
    if gave == "no_number":
        raise not_found()
    if gave == "no_member":
        raise Problem(422, "invalid", "There is no such colleague.", field="owner_id")
    now = await _as_it_is(call, number_id)
    if gave == "stale":
        more = {"number": now.model_dump()}
        raise Problem(409, "stale", "This number has changed hands meanwhile.", field="version", more=more)
    return Answer(now)


async def _as_it_is(call: Call, number_id: int) -> SenderOut:
    known = {one.number_id: one for one in await call.deps.catalogue.numbers(call.member.workspace_id)}
    return _out(known[number_id])


def _out(one: OwnNumber) -> SenderOut:
    return SenderOut(
        number_id=one.number_id,
        address=one.address,
        label=one.label,
        owner_id=one.owner_id,
        owner=one.owner,
        version=one.version,
    )
