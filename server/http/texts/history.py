"""History: every text and every note of all conversations, found by words and filters, and as a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from quart import Response

from server.domain.delivery import WORDS, State
from server.domain.history import LONGEST, Kind, Status
from server.domain.messages import Direction, Note
from server.domain.phone import for_people
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.http.sheets import csv_stream
from server.ports.history import Found, Line, Wanted
from server.ws.encode import Explain, message_out, note_out
from server.ws.protocol import PAGE, MessageOut, NoteOut

_CURSOR: Final = 80
_NAMED: Final = "%Y-%m-%dT%H%M%SZ"  # a colon is none in a name of a file
_HEADS: Final = (
    "Time", "Direction", "Name", "Number", "Our number", "Status", "Reason", "Written by", "Campaign", "Segments",
    "Pictures", "Text",
)  # fmt: skip

routes: Final = Routes("history")


class WantedQuery(BaseModel):
    """`q`: words that begin so; in quotes, exactly those side by side. `since` is part of it, `until` is not.

    `kind`: texts or notes alone. Whoever asks for a number, a campaign, a direction or a status asks for texts alone:
    notes have none.
    """

    model_config = ConfigDict(extra="forbid")

    q: str = Field(default="", max_length=LONGEST)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    number_id: Id | None = None
    agent_id: Id | None = None
    campaign_id: Id | None = None
    contact_id: Id | None = None
    direction: Direction | None = None
    status: Status | None = None
    kind: Kind | None = None

    def wanted(self) -> Wanted:
        return Wanted(
            self.q, self.since, self.until, self.number_id, self.agent_id, self.campaign_id, self.contact_id,
            self.direction, self.status, self.kind,
        )  # fmt: skip


class HistoryQuery(WantedQuery):
    cursor: str | None = Field(default=None, max_length=_CURSOR)
    limit: int = Field(default=PAGE, ge=1, le=200)


class NewerQuery(WantedQuery):
    """`than` is the `head` of the page that is shown."""

    than: str = Field(max_length=_CURSOR)


class FoundOut(BaseModel):
    """A text or a note (`message` or `note`; the other is null), and who stands at either end of its conversation.

    `address` is theirs, `number` ours.
    """

    thread_id: int
    kind: Kind
    message: MessageOut | None
    note: NoteOut | None
    name: str | None
    contact_id: int | None
    address: str
    number: str


class HistoryOut(BaseModel):
    """`next_cursor` null: there is nothing below. `searched_to`: nothing more was found so far back; go on from there.

    `head` is for asking how many are newer; null where there is nothing at all.
    """

    rows: list[FoundOut]
    next_cursor: str | None
    searched_to: datetime | None
    head: str | None


class NewerOut(BaseModel):
    """`more`: that many at least."""

    count: int
    more: bool


@routes.get("/api/v1/history", MEMBER, query=HistoryQuery, answers={200: HistoryOut})
async def history(call: Call, query: HistoryQuery) -> Answer:
    """Texts and notes of all conversations, the newest first, page by page."""
    try:
        page = await call.deps.history.page(
            call.member.workspace_id, query.wanted(), cursor=query.cursor, limit=query.limit
        )
    except ValueError:
        raise _no_cursor("cursor") from None
    told = {"next_cursor": page.next_cursor, "searched_to": page.searched_to, "head": page.head}
    return Answer({"rows": [_found(row, call.deps.explain) for row in page.rows], **told})


def _found(row: Found, explain: Explain) -> dict[str, Any]:
    what = row.what
    return {
        "thread_id": what.thread_id,
        "kind": "note" if isinstance(what, Note) else "text",
        "message": None if isinstance(what, Note) else message_out(what, explain),
        "note": note_out(what) if isinstance(what, Note) else None,
        "name": row.name,
        "contact_id": row.contact_id,
        "address": row.address,
        "number": row.number,
    }


@routes.get("/api/v1/history/newer", MEMBER, query=NewerQuery, answers={200: NewerOut})
async def newer(call: Call, query: NewerQuery) -> Answer:
    """How many such texts and notes have come since a page was read; the page itself stays as it is."""
    try:
        found = await call.deps.history.newer(call.member.workspace_id, query.wanted(), query.than)
    except ValueError:
        raise _no_cursor("than") from None
    return Answer(NewerOut(count=found.count, more=found.more))


@routes.get("/api/v1/history/export.csv", MEMBER, query=WantedQuery, answers={200: "text/csv"})
async def export_history(call: Call, query: WantedQuery) -> Response:
    """All that is asked for, as of one moment, which the file's name tells; its column "Direction" tells notes."""
    member, as_of = call.member, call.deps.clock.wall().astimezone(UTC)
    lines = await call.deps.history.export(member.workspace_id, query.wanted())
    asked = query.model_dump(mode="json", exclude_none=True, exclude={"q"})
    await call.deps.people.audit(member.workspace_id, member.member_id, "history_exported", asked)
    response = await csv_stream(_HEADS, _cells(lines, call.deps.explain), f"history-{as_of:{_NAMED}}.csv")
    response.headers["X-As-Of"] = as_of.isoformat()
    return response


async def _cells(
    lines: AsyncGenerator[Sequence[Line], None], explain: Explain
) -> AsyncGenerator[Sequence[Sequence[str]], None]:
    async with aclosing(lines):
        async for piece in lines:
            yield [_row(line, explain) for line in piece]


def _row(line: Line, explain: Explain) -> Sequence[str]:
    return (
        line.at.astimezone(UTC).isoformat(timespec="seconds"),
        {"in": "received", "out": "sent", None: "note"}[line.direction],
        line.name or "",
        for_people(line.address),
        for_people(line.number),
        _status(line),
        explain(line.error_class, line.error_code) or "",
        line.author or "",
        line.campaign or "",
        "" if line.direction is None else str(line.segments),
        str(line.pictures or ""),
        line.body,
    )


def _status(line: Line) -> str:
    if line.state is None:
        return ""
    return "Received" if line.direction == "in" else WORDS[State(line.state)]


def _no_cursor(field: str) -> Problem:
    return Problem(422, "invalid", "This cursor is not one that came from here.", field=field)
