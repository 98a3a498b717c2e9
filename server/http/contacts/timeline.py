"""What happened with a contact, and calls as a dialer tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from server.http.call import Answer, Call
from server.http.contacts.contacts import CONTACT
from server.http.contacts.models import Phone
from server.http.errors import Problem, not_found
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.ports.contacts import MergedAway, Refused
from server.ports.timeline import Happening, NewCall

routes: Final = Routes("timeline")


class TimelineQuery(BaseModel):
    """`before` is the `next` of the page that was read last."""

    model_config = ConfigDict(extra="forbid")

    before: str | None = Field(default=None, max_length=120)
    limit: int = Field(default=50, ge=1, le=200)


class CampaignOf(BaseModel):
    """What a text to many belonged to; `kind` is campaign or bulk."""

    campaign_id: int
    kind: str
    name: str


class MessageItem(BaseModel):
    """A text; `media` counts its pictures, `error` says in words what went wrong. `state` is null where it came in."""

    kind: Literal["message"]
    at: datetime
    thread_id: int
    seq: int
    address: str
    direction: Literal["in", "out"]
    body: str
    media: int
    state: str | None
    error: str | None
    author: str | None
    campaign: CampaignOf | None


class ConsentItem(BaseModel):
    """An entry of the number's ledger of consent; `event` is its kind, `text` the exact words."""

    kind: Literal["consent"]
    at: datetime
    id: int
    address: str
    event: str
    source: str
    text: str | None
    member: str | None
    thread_id: int | None


class CallItem(BaseModel):
    kind: Literal["call"]
    at: datetime
    id: int
    address: str
    direction: Literal["in", "out"]
    outcome: str
    duration_s: int | None
    note: str
    member: str | None


class ImportItem(BaseModel):
    """The file `name` brought the contact in, or changed it."""

    kind: Literal["import"]
    at: datetime
    id: int
    name: str
    what: Literal["created", "updated"]
    member: str | None


Item = Annotated[MessageItem | ConsentItem | CallItem | ImportItem, Field(discriminator="kind")]


class TimelineOut(BaseModel):
    """The newest first."""

    items: list[Item]
    next: str | None


class CallIn(BaseModel):
    """A call as the dialer tells it; `call_id` is its own name for it. Give `phone`, or a `contact_id`."""

    model_config = ConfigDict(extra="forbid")

    call_id: str = Field(min_length=1, max_length=200)
    direction: Literal["in", "out"] = "out"
    phone: Phone | None = None
    contact_id: Id | None = None
    outcome: str = Field(default="", max_length=100)
    duration_s: int | None = Field(default=None, ge=0, le=86_400 * 7)
    note: str = Field(default="", max_length=2000)
    at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_with_somebody(self) -> Self:
        if (self.phone is None) == (self.contact_id is None):
            raise ValueError("Give either a phone or a contact_id")
        return self


class RecordedCallOut(BaseModel):
    """Where the call stands."""

    id: int
    endpoint_id: int
    contact_id: int | None


@routes.get(f"{CONTACT}/timeline", MEMBER, query=TimelineQuery, answers={200: TimelineOut})
async def timeline(call: Call, contact_id: int, query: TimelineQuery) -> Answer:
    """Every text in and out, opt-outs and consent, calls and imports, the newest first."""
    try:
        page = await call.deps.timeline.page(
            call.member.workspace_id, contact_id, before=query.before, limit=query.limit
        )
    except ValueError:
        raise Problem(422, "invalid", "This cursor is not one that came from here.", field="before") from None
    if page is None:
        raise not_found()
    if isinstance(page, MergedAway):
        sentence = "This contact has become part of another one."
        raise Problem(410, "merged", sentence, more={"merged_into": page.into})
    return Answer({"items": [_item(item, call) for item in page.items], "next": page.next})


def _item(item: Happening, call: Call) -> dict[str, Any]:
    told = {"kind": item.kind, "at": item.at, **item.told}
    if item.kind == "message":
        told["error"] = call.deps.explain(told.pop("error_class"), told.pop("error_code"))
    return told


@routes.post("/api/v1/calls", MEMBER, body=CallIn, answers={200: RecordedCallOut})
async def record_call(call: Call, body: CallIn) -> Answer:
    """Note a call. Safe to repeat; told again, its outcome, duration and note are brought up to date."""
    at = call.deps.clock.wall() if body.at is None else body.at.astimezone(UTC)
    new = NewCall(
        call_id=body.call_id,
        direction=body.direction,
        at=at,
        address=body.phone,
        contact_id=body.contact_id,
        outcome=body.outcome.strip(),
        duration_s=body.duration_s,
        note=body.note.strip(),
    )
    recorded = await call.deps.timeline.record_call(call.member.workspace_id, call.member.member_id, new)
    if recorded is None:
        raise not_found()
    if isinstance(recorded, Refused):
        raise Problem(409, "call_conflict", recorded.sentence, field=recorded.field)
    return Answer(RecordedCallOut(id=recorded.id, endpoint_id=recorded.endpoint_id, contact_id=recorded.contact_id))
