"""Texts in bulk: what a launch would do, the launch, its progress and its recipients, its recall."""

from __future__ import annotations

from typing import Final

from quart import Response

from server.domain.campaigns.audience import SENTENCES
from server.domain.phone import for_people
from server.http.call import Answer, Call
from server.http.campaigns.models import (
    BulkIn,
    BulkListOut,
    BulkPreviewOut,
    LaunchedOut,
    LaunchIn,
    ListQuery,
    PreviewIn,
    RecipientsOut,
    RecipientsQuery,
    ShownOut,
)
from server.http.campaigns.wire import preview_out, recipient_out, shown_out
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.http.sheets import csv_answer
from server.ports.bulk import CountDiffers, Launched, Progress
from server.ws.encode import bulk_out
from server.ws.protocol import BulkOut

_ONE: Final = f"/api/v1/bulk/{part('bulk_id')}"
_PAGE: Final = 5_000  # rows that are read at once for a file

routes: Final = Routes("bulk")


# Before the launch


@routes.post("/api/v1/bulk/preview", MEMBER, body=PreviewIn, answers={200: BulkPreviewOut})
async def preview(call: Call, body: PreviewIn) -> Answer:
    """What a launch would do now: who gets it, who does not and why, what it costs, and one recipient's text."""
    text, now = body.text(call.member), call.deps.clock.wall()
    found = await call.deps.bulk.preview(text, now)
    shown = await call.deps.bulk.shown(text, body.at, now)
    return Answer(preview_out(found, shown))


@routes.post("/api/v1/bulk/preview/recipient", MEMBER, body=PreviewIn, answers={200: ShownOut})
async def onerecipient_out(call: Call, body: PreviewIn) -> Answer:
    """The text of whoever stands at one place of the audience, alone: quick for any size of it."""
    shown = await call.deps.bulk.shown(body.text(call.member), body.at, call.deps.clock.wall())
    if shown is None:
        raise not_found()
    return Answer(shown_out(shown))


@routes.post("/api/v1/bulk/exclusions.csv", MEMBER, body=BulkIn, answers={200: "text/csv"})
async def exclusions(call: Call, body: BulkIn) -> Response:
    """Who gets no text, and why, as a file."""
    rows = [("Name", "Number", "Reason", "Missing values")]
    async for chunk in call.deps.bulk.exclusions(body.text(call.member), call.deps.clock.wall()):
        rows += [(one.name, for_people(one.address), SENTENCES[one.reason], " ".join(one.missing)) for one in chunk]
    return csv_answer(rows, "excluded.csv")


# Launch and recall


@routes.post("/api/v1/bulk", MEMBER, body=LaunchIn, answers={202: LaunchedOut})
async def launch(call: Call, body: LaunchIn) -> Answer:
    """Send it, once for each `cmd_id`. Where another number of people would get it by now, nothing is sent."""
    now = call.deps.clock.wall()
    result = await call.deps.bulk.launch(body.text(call.member), body.cmd_id, body.expected_count, now)
    match result:
        case Launched(bulk_id=bulk_id, again=again):
            return Answer(LaunchedOut(bulk_id=bulk_id, again=again), 202)
        case CountDiffers(recipients=count):
            sentence = f"{_people(count)} would get it now, not {body.expected_count:,}. Nothing was sent."
            raise Problem(409, "count_differs", sentence, field="expected_count", more={"recipients": count})
        case _:
            raise Problem(409, "cmd_id_reused", "This cmd_id was used for another text.", field="cmd_id")


@routes.post(f"{_ONE}/recall", MEMBER, answers={200: BulkOut})
async def recall(call: Call, bulk_id: int) -> Answer:
    """Take back what the carrier has not taken yet. Safe to repeat; the answer counts what had left before."""
    member = call.member
    found = await call.deps.bulk.recall(member.workspace_id, bulk_id, member.member_id, call.deps.clock.wall())
    return _one(found)


# Afterwards


@routes.get("/api/v1/bulk", MEMBER, query=ListQuery, answers={200: BulkListOut})
async def texts(call: Call, query: ListQuery) -> Answer:
    """Texts in bulk with their figures, the newest first."""
    page = await call.deps.bulk.page(call.member.workspace_id, query.cursor, query.limit)
    return Answer({"rows": [bulk_out(row) for row in page.rows], "next_cursor": page.next_cursor})


@routes.get(_ONE, MEMBER, answers={200: BulkOut})
async def progress(call: Call, bulk_id: int) -> Answer:
    """How far it is: `audience` is the sum of excluded, pending, in_flight, wired, rejected, unconfirmed, skipped."""
    return _one(await call.deps.bulk.progress(call.member.workspace_id, bulk_id))


@routes.get(
    f"{_ONE}/recipients",
    MEMBER,
    query=RecipientsQuery,
    answers={200: RecipientsOut},
)
async def recipients(call: Call, bulk_id: int, query: RecipientsQuery) -> Answer:
    """Its recipients in the order of the snapshot, with what became of each."""
    states = (query.state,) if query.state else ()
    rows = await call.deps.bulk.recipients(call.member.workspace_id, bulk_id, states, query.cursor, query.limit + 1)
    if rows is None:
        raise not_found()
    shown = rows[: query.limit]
    told = [recipient_out(row, call.deps.explain) for row in shown]
    return Answer({"rows": told, "next_cursor": shown[-1].ord if len(rows) > query.limit else None})


@routes.get(f"{_ONE}/recipients.csv", MEMBER, answers={200: "text/csv"})
async def recipients_file(call: Call, bulk_id: int) -> Response:
    """All recipients as a file."""
    rows, after = [("Name", "Number", "Status", "Reason", "Segments")], 0
    while True:
        page = await call.deps.bulk.recipients(call.member.workspace_id, bulk_id, (), after, _PAGE)
        if page is None:
            raise not_found()
        for one in page:
            told = recipient_out(one, call.deps.explain)
            state = str(told["delivery"] or told["state"]).replace("_", " ")
            rows.append((one.name or "", for_people(one.address), state, told["reason"] or "", str(one.segments or "")))
        if len(page) < _PAGE:
            return csv_answer(rows, f"bulk-{bulk_id}.csv")
        after = page[-1].ord


def _one(found: Progress | None) -> Answer:
    if found is None:
        raise not_found()
    return Answer(bulk_out(found))


def _people(count: int) -> str:
    return "One person" if count == 1 else f"{count:,} people"
