"""The inbox, one thread, and what a member does in it. Another workspace's thread is not there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from server.domain.timetable import Local
from server.domain.zips import by_zip
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import BIGINT, Id, part
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import Body, not_queued, says_something
from server.ports import Enqueued, InboxView, NoSuchThread, Show
from server.ws.encode import asides_out, inbox_row, message_out, read_mark
from server.ws.protocol import PAGE, InboxPage, ReadMarkOut, Send, ThreadSnapshot

_THREAD: Final = f"/api/v1/threads/{part('thread_id')}"
Ordinal = Annotated[int, Field(ge=0, le=BIGINT)]

routes: Final = Routes("threads")


class InboxQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=PAGE, ge=1, le=200)
    show: Show = "open"
    campaign_id: Id | None = None

    @model_validator(mode="after")
    def _names_its_campaign(self) -> Self:
        if (self.show == "campaign") != (self.campaign_id is not None):
            raise ValueError("campaign_id goes with show=campaign, and with it alone")
        return self


class ThreadQuery(BaseModel):
    """`before` is the lowest seq that is shown already."""

    model_config = ConfigDict(extra="forbid")

    before: Ordinal | None = None
    limit: int = Field(default=PAGE, ge=1, le=200)


class HoursOut(BaseModel):
    """`open`: texts in bulk may reach the contact, and that changes at `until` (null: not within days).

    `zones` are IANA names; an area code may lie in several, and then the hours are those of them all. `by_zip`: a
    sentence where the ZIP code adds a state with hours of its own.
    """

    open: bool
    until: datetime | None
    zones: list[str]
    by_zip: str | None


class SendIn(BaseModel):
    """Repeat it with the same `cmd_id` until an answer comes: it is sent once."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cmd_id: UUID
    body: Body
    acknowledged_opt_out: bool = False
    resend_of: Ordinal | None = None
    seen: Ordinal | None = None

    _says_something = field_validator("body")(says_something)


class SentOut(BaseModel):
    """`again`: the command had been taken before, and this is the same answer."""

    thread_id: int
    seq: int
    again: bool


class ReadIn(BaseModel):
    """`up_to` is the in_ord of the newest text that was displayed."""

    model_config = ConfigDict(extra="forbid")

    up_to: Ordinal


@routes.get("/api/v1/threads", MEMBER, query=InboxQuery, answers={200: InboxPage})
async def inbox(call: Call, query: InboxQuery) -> Answer:
    """Threads by their newest message, page by page; those that wait for an answer by the longest wait."""
    member, view = call.member, InboxView(query.show, query.campaign_id)
    try:
        page = await call.deps.inbox.rows(
            member.workspace_id, member.member_id, view=view, cursor=query.cursor, limit=query.limit
        )
    except ValueError:
        raise Problem(422, "invalid", "This cursor is not one that came from here.", field="cursor") from None
    rows, reads = [inbox_row(row, call.deps.explain) for row in page.rows], [read_mark(mark) for mark in page.reads]
    return Answer({"rows": rows, "reads": reads, "next_cursor": page.next_cursor, "partial": page.partial})


@routes.get(_THREAD, MEMBER, query=ThreadQuery, answers={200: ThreadSnapshot})
async def thread(call: Call, thread_id: int, query: ThreadQuery) -> Answer:
    """The newest messages of a thread, or those before a seq."""
    member = call.member
    page = await call.deps.inbox.thread(
        member.workspace_id, member.member_id, thread_id, before=query.before, limit=query.limit
    )
    if page is None:
        raise not_found()
    messages = [message_out(message, call.deps.explain) for message in page.messages]
    row = inbox_row(page.thread, call.deps.explain)
    shown = {"thread": row, "messages": messages, "in_ord": page.in_ord, "has_more": page.has_more}
    return Answer({**shown, "asides": asides_out(page.asides)})


@routes.get(f"{_THREAD}/hours", MEMBER, answers={200: HoursOut})
async def hours(call: Call, thread_id: int) -> Answer:
    """Whether it is quiet hours where the contact may be, until when, and in which zones that is."""
    local = await call.deps.inbox.hours(call.member.workspace_id, thread_id, call.deps.clock.wall())
    if local is None:
        raise not_found()
    return Answer(hours_out(local))


def hours_out(local: Local) -> HoursOut:
    hours = local.hours
    return HoursOut(open=hours.open, until=hours.until, zones=list(local.zones), by_zip=by_zip(local.zip_states))


@routes.post(f"{_THREAD}/messages", MEMBER, body=SendIn, answers={202: SentOut})
async def send(call: Call, thread_id: int, body: SendIn) -> Answer:
    """Send a text to the thread's contact. Accepted means queued for good; what becomes of it comes by the socket."""
    text = Send(
        thread_id=thread_id,
        body=body.body,
        acknowledged_opt_out=body.acknowledged_opt_out,
        resend_of=body.resend_of,
        seen=body.seen,
    )
    match await call.deps.commands.send(call.member, body.cmd_id, text):
        case Enqueued(thread_id=where, seq=seq, again=again):
            return Answer(SentOut(thread_id=where, seq=seq, again=again), 202)
        case NoSuchThread():
            raise not_found()
        case other:
            raise not_queued(other)


@routes.post(f"{_THREAD}/read", MEMBER, body=ReadIn, answers={200: ReadMarkOut})
async def read(call: Call, thread_id: int, body: ReadIn) -> Answer:
    """Mark a thread as read up to an inbound ordinal; it only rises."""
    mark = await call.deps.commands.mark_read(call.member, thread_id, body.up_to)
    if mark is None:
        raise not_found()
    return Answer(read_mark(mark))
