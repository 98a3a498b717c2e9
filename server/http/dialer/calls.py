"""Calls as a dialer makes them: what to show when one begins, and what its end means."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from quart import request

from server.domain.calling import SUPPRESSES, Disposition
from server.domain.testimony import Channel, Entry, Statement
from server.http.call import Answer, Call
from server.http.contacts.models import Phone
from server.http.contacts.wire import contact_out
from server.http.dialer.standing import LocalTimeOut, MayOut, local_times, may_call, may_text, standing
from server.http.errors import Problem, not_found
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.ports.compose import Whom
from server.ports.consent import NewEntry, WrittenDown
from server.ports.contacts import Refused
from server.ports.timeline import NewCall, RecordedCall
from server.ws.encode import message_out
from server.ws.protocol import MessageOut

routes: Final = Routes("dialer")

_LAST: Final = 10  # texts that a screen-pop shows


class CallStartIn(BaseModel):
    """`call_id` is the dialer's own name for the call. Give `phone`, or a `contact_id`."""

    model_config = ConfigDict(extra="forbid")

    call_id: str = Field(min_length=1, max_length=200)
    direction: Literal["in", "out"] = "out"
    phone: Phone | None = None
    contact_id: Id | None = None

    @model_validator(mode="after")
    def _is_with_somebody(self) -> Self:
        if (self.phone is None) == (self.contact_id is None):
            raise ValueError("Give either a phone or a contact_id")
        return self


class PersonOut(BaseModel):
    """Who it is; `owner` looks after them."""

    contact_id: int
    name: str | None
    owner: str | None
    tags: list[str]
    property_address: str


class ScreenPopOut(BaseModel):
    """What whoever makes the call should see at once. `messages`: the last, the oldest first. `url`: their page."""

    call_id: str
    address: str
    contact: PersonOut | None
    thread_id: int | None
    messages: list[MessageOut]
    opted_out: bool
    held: bool
    carrier_blocked: bool
    local_times: list[LocalTimeOut]
    may_text: MayOut
    may_call: MayOut
    url: str


class CallEndIn(BaseModel):
    """How a call ended. `do_not_contact` and `wrong_number` end texts to this number for good."""

    model_config = ConfigDict(extra="forbid")

    call_id: str = Field(min_length=1, max_length=200)
    disposition: Disposition
    duration_s: int | None = Field(default=None, ge=0, le=86_400 * 7)
    note: str = Field(default="", max_length=2000)


class CallEndOut(BaseModel):
    """`suppressed`: by this call, or before. `may_text`: whether a follow-up may be sent now."""

    call_id: str
    disposition: Disposition
    suppressed: bool
    at: datetime
    may_text: MayOut


@routes.post("/api/v1/dialer/calls/start", MEMBER, body=CallStartIn, answers={200: ScreenPopOut})
async def call_started(call: Call, body: CallStartIn) -> Answer:
    """A call begins: it is noted, and the answer is the screen-pop. Safe to repeat."""
    now = call.deps.clock.wall()
    new = NewCall(body.call_id, body.direction, now, body.phone, body.contact_id)
    recorded = await _recorded(call, new)
    found = await standing(call, Whom(body.phone, body.contact_id, None))
    where = f"/people/{recorded.contact_id}" if found.thread_id is None else f"/phone/sms/{found.thread_id}"
    told = {
        "call_id": body.call_id,
        "address": found.address,
        "contact": await _person(call, recorded.contact_id),
        "thread_id": found.thread_id,
        "messages": await _messages(call, found.thread_id),
        "opted_out": found.opted_out,
        "held": found.held,
        "carrier_blocked": found.carrier_blocked,
        "local_times": [one.model_dump() for one in local_times(found, now)],
        "may_text": may_text(call, found).model_dump(),
        "may_call": may_call(found).model_dump(),
        "url": (call.deps.config.public_url or request.host_url.rstrip("/")) + where,
    }
    return Answer(told)


@routes.post("/api/v1/dialer/calls/end", MEMBER, body=CallEndIn, answers={200: CallEndOut})
async def call_ended(call: Call, body: CallEndIn) -> Answer:
    """A call is over. Safe to repeat."""
    member, now = call.member, call.deps.clock.wall()
    known = await call.deps.timeline.call_of(member.workspace_id, body.call_id)
    if known is None:
        raise not_found()
    if body.disposition in SUPPRESSES:  # first: a call that is noted without it would look as if it had been heeded
        await _suppress(call, known.endpoint_id, body, now)
    outcome, note = body.disposition.value, body.note.strip()
    new = NewCall(body.call_id, known.direction, known.at, known.address, None, outcome, body.duration_s, note)
    await _recorded(call, new)
    found = await standing(call, Whom(known.address, None, None))
    told = CallEndOut(
        call_id=body.call_id,
        disposition=body.disposition,
        suppressed=found.opted_out,
        at=known.at,
        may_text=may_text(call, found),
    )
    return Answer(told)


async def _recorded(call: Call, new: NewCall) -> RecordedCall:
    recorded = await call.deps.timeline.record_call(call.member.workspace_id, call.member.member_id, new)
    if recorded is None:
        raise not_found()
    if isinstance(recorded, Refused):
        raise Problem(409, "call_conflict", recorded.sentence, field=recorded.field)
    return recorded


async def _suppress(call: Call, endpoint_id: int, body: CallEndIn, now: datetime) -> None:
    """Written into the ledger of consent as a revocation by spoken words, and audited; once more it changes nothing."""
    member, deps = call.member, call.deps
    told = Statement(Entry.REVOKED, Channel.VERBAL, SUPPRESSES[body.disposition])
    evidence = {"call_id": body.call_id, "disposition": body.disposition.value}
    entry = NewEntry(told, "api", evidence)
    written = await deps.consents.tell(member.workspace_id, member.member_id, endpoint_id, entry, now)
    if not isinstance(written, WrittenDown):
        raise Problem(409, "not_written_down", "This could not be written down; open the contact and do it there.")
    detail = {"endpoint_id": endpoint_id, **evidence}
    await deps.people.audit(member.workspace_id, member.member_id, "suppressed_by_call", detail)


async def _person(call: Call, contact_id: int | None) -> dict[str, Any] | None:
    if contact_id is None:
        return None
    rows = await call.deps.contacts.rows(call.member.workspace_id, [contact_id])
    if not rows:
        return None
    told = contact_out(rows[0])
    return {
        "contact_id": contact_id,
        "name": told["name"] or None,
        "owner": told["owner"].name if told["owner"] else None,
        "tags": [tag.name for tag in told["tags"]],
        "property_address": told["property_address"],
    }


async def _messages(call: Call, thread_id: int | None) -> list[dict[str, Any]]:
    if thread_id is None:
        return []
    member = call.member
    page = await call.deps.inbox.thread(member.workspace_id, member.member_id, thread_id, limit=_LAST)
    return [] if page is None else [message_out(message, call.deps.explain) for message in page.messages]
