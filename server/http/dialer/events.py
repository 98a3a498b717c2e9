"""The stream of what happens, for programs: as server-sent events that go on where they were cut, and page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import trio
from pydantic import BaseModel, ConfigDict, Field
from quart import Response, request

from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.ids import BIGINT
from server.http.rules import MEMBER, Routes
from server.ports import StoreUnavailable
from server.ports.events import Event, EventPage, withheld

routes: Final = Routes("events")

HEARTBEAT_S: Final = 15.0  # proxies cut what is silent for a minute
TRUSTED_FOR_S: Final = 1.0  # a login or token, wherever it was ended
LOOK_EVERY_S: Final = 1.0  # where no news reached this server
_PAGE: Final = 100


class EventOut(BaseModel):
    """`kind` says what `data` holds; `seq` has no gap."""

    seq: int
    kind: str
    at: datetime
    data: dict[str, Any]


class EventsOut(BaseModel):
    """`head` is the newest seq, `oldest` the first that is still kept; events are kept for seven days."""

    epoch: str
    head: int
    oldest: int
    events: list[EventOut]


class EventsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: int = Field(default=0, ge=0, le=BIGINT)
    limit: int = Field(default=_PAGE, ge=1, le=500)


class StreamQuery(BaseModel):
    """`after`: where to begin, for who cannot set the header Last-Event-ID. Without either: now."""

    model_config = ConfigDict(extra="forbid")

    after: int | None = Field(default=None, ge=0, le=BIGINT)


@dataclass(slots=True)
class Position:
    """Up to where somebody has heard the stream. `void`: what they have heard is of another history."""

    seq: int
    void: bool = False


def event_out(event: Event) -> dict[str, Any]:
    return {"seq": event.seq, "kind": event.kind, "at": event.at, "data": event.data}


@routes.get("/api/v1/events/list", MEMBER, query=EventsQuery, answers={200: EventsOut})
async def list_events(call: Call, query: EventsQuery) -> Answer:
    """Events behind a place, the oldest first."""
    workspace_id = call.member.workspace_id
    await call.deps.events.listen(workspace_id)
    page = await call.deps.events.after(workspace_id, query.after, query.limit)
    told = [event_out(event) for event in page.events]
    return Answer({"epoch": await call.deps.inbox.epoch(), "head": page.head, "oldest": page.oldest, "events": told})


@routes.get("/api/v1/events", MEMBER, query=StreamQuery, answers={200: "text/event-stream"})
async def stream_events(call: Call, query: StreamQuery) -> Response:
    """Server-sent events, for as long as somebody reads. `event: reset` says that some are lost to the reader."""
    workspace_id = call.member.workspace_id
    epoch = await call.deps.inbox.epoch()
    await call.deps.events.listen(workspace_id)
    now = await call.deps.events.newest(workspace_id, 1)
    said = request.headers.get("Last-Event-ID")
    start = _position(said, epoch) if said else Position(now.head if query.after is None else query.after)
    response = Response(pieces(call, start, epoch), content_type="text/event-stream")
    response.timeout = None  # the door ends a connection that takes nothing
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _position(said: str, epoch: str) -> Position:
    of_epoch, _, seq = said.rpartition(":")
    if not (seq.isascii() and seq.isdecimal() and len(seq) <= 18):
        raise Problem(422, "invalid", "This Last-Event-ID did not come from here.", field="Last-Event-ID")
    return Position(int(seq), void=of_epoch not in {"", epoch})


async def pieces(call: Call, start: Position, epoch: str) -> AsyncIterator[bytes]:
    """What is sent, piece by piece: a page is read when the one before it is on its way, so nothing piles up here."""
    workspace_id, at = call.member.workspace_id, start.seq
    page = await call.deps.events.after(workspace_id, at, _PAGE)
    if start.void or at > page.head or (page.oldest or page.head + 1) > at + 1:
        at = max(page.oldest - 1, 0) if page.oldest else page.head
        yield _reset(page, at, epoch)
    yield b"retry: 2000\n\n"
    beat_at, doubt_at = trio.current_time() + HEARTBEAT_S, trio.current_time() + TRUSTED_FOR_S
    while call.deps.unready() is None:
        news = call.deps.event_news()  # taken before the look: what comes after it is not missed
        try:
            page = await call.deps.events.after(workspace_id, at, _PAGE)
        except StoreUnavailable:
            page = EventPage((), 0, 0)
        if page.events and trio.current_time() >= doubt_at:
            doubt_at = trio.current_time() + TRUSTED_FOR_S
            if not await _still_in(call):
                return
        for event in page.events:
            at = event.seq
            yield _piece(_as_seen(event, call.member.member_id), epoch)
        if len(page.events) == _PAGE:
            continue
        with trio.move_on_after(LOOK_EVERY_S):
            await news.wait()
        if trio.current_time() >= beat_at:
            beat_at = trio.current_time() + HEARTBEAT_S
            if not await _still_in(call):
                return
            yield b": still here\n\n"


async def _still_in(call: Call) -> bool:
    """Whether the login or the token is good still, and its member sees the stream through the same eyes."""
    session, deps = call.logged_in, call.deps
    try:
        if session.token_id is None:
            found = await deps.people.session(session.token_hash, deps.now())
            member = None if found is None else found[0]
        else:
            bearer = await deps.tokens.bearer(session.token_hash, deps.now())
            member = None if bearer is None else bearer.member
    except StoreUnavailable:
        return True
    return member is not None and member.narrowed == call.member.narrowed


def _as_seen(event: Event, member_id: int) -> Event:
    """A number may have changed hands since the reader was last asked about."""
    return event if event.seen_by is None or member_id in event.seen_by else withheld(event)


def _piece(event: Event, epoch: str) -> bytes:
    told = orjson.dumps(event_out(event), option=orjson.OPT_UTC_Z)
    return b"id: %b:%d\nevent: %b\ndata: %b\n\n" % (epoch.encode(), event.seq, event.kind.encode(), told)


def _reset(page: EventPage, at: int, epoch: str) -> bytes:
    told = orjson.dumps({"head": page.head, "oldest": page.oldest})
    return b"id: %b:%d\nevent: reset\ndata: %b\n\n" % (epoch.encode(), at, told)
