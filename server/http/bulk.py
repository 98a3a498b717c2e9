"""Texts in bulk: what a launch would do, the launch, its progress and its recipients, its recall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from quart import Response

from server.domain.audience import MAX_TEXT, SENTENCES, Exclusion
from server.domain.phone import for_people
from server.domain.verdict import REASONS, Reason
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.rules import MEMBER, Routes
from server.http.sheets import csv_answer
from server.ports.bulk import (
    Addresses,
    Audience,
    AudienceRefused,
    BulkText,
    ContactIds,
    CountDiffers,
    Launched,
    Matching,
    Preview,
    Progress,
    RecipientRow,
    Shown,
)
from server.ws.encode import Explain, bulk_out
from server.ws.protocol import BulkOut

_BIGINT: Final = 2**63 - 1
_PAGE: Final = 5_000  # rows that are read at once for a file

Id = Annotated[int, Field(ge=1, le=_BIGINT)]
RecipientFilter = Literal[
    "excluded", "pending", "in_flight", "wired", "delivered", "undelivered", "rejected", "unconfirmed", "skipped"
]

routes: Final = Routes("bulk")


# What is sent


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AudienceIn(_In):
    """One of: contacts by id, everybody whom a filter (or a saved one) and words of search find, or numbers."""

    contact_ids: list[Id] | None = Field(default=None, max_length=5_000)
    addresses: list[Annotated[str, StringConstraints(max_length=100)]] | None = Field(default=None, max_length=3_000)
    filter_id: Id | None = None
    filter: dict[str, Any] | None = None
    q: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        searched = self.filter is not None or (self.q is not None and self.filter_id is None)
        kinds = (self.contact_ids is not None, self.addresses is not None, self.filter_id is not None, searched)
        if sum(kinds) != 1:
            raise ValueError("Say who gets it in one way: contact_ids, filter, filter_id or addresses")
        return self

    def told(self) -> Audience:
        if self.contact_ids is not None:
            return ContactIds(tuple(sorted(set(self.contact_ids))))
        if self.addresses is not None:
            return Addresses(tuple(self.addresses))
        return Matching(self.filter, self.filter_id, self.q or "")


class BulkIn(_In):
    """A text to many. `answers` stand in for values that a recipient does not have; `number_id` starts new threads."""

    audience: AudienceIn
    body: str = Field(min_length=1, max_length=MAX_TEXT)
    answers: dict[str, Annotated[str, StringConstraints(max_length=MAX_TEXT)]] = Field(default={}, max_length=50)
    number_id: Id | None = None

    def text(self, call: Call) -> BulkText:
        audience, member = self.audience.told(), call.member
        answers = {name.lower(): answer for name, answer in self.answers.items()}
        return BulkText(member.workspace_id, member.member_id, audience, self.body, answers, self.number_id)


class PreviewIn(BulkIn):
    """`at` asks for one place of the audience to be shown."""

    at: int = Field(default=0, ge=0)


class LaunchIn(BulkIn):
    """`expected_count` is the number of recipients that the member was shown and confirmed."""

    cmd_id: UUID
    expected_count: int = Field(ge=1)


class ListQuery(_In):
    cursor: Id | None = None
    limit: int = Field(default=20, ge=1, le=50)


class RecipientsQuery(_In):
    state: RecipientFilter | None = None
    cursor: int = Field(default=0, ge=0, le=2**31 - 1)
    limit: int = Field(default=50, ge=1, le=200)


# What is told


class ExcludedOut(BaseModel):
    reason: Exclusion
    sentence: str
    count: int


class BulkSegmentsOut(BaseModel):
    min: int
    max: int
    total: int


class CostOut(BaseModel):
    """An estimate; `amount` as a decimal number in a text."""

    amount: str
    currency: str


class ShownOut(BaseModel):
    """One recipient's text as it would be sent. `excluded`: why that one gets none."""

    at: int
    of: int
    contact_id: int | None
    name: str | None
    address: str | None
    text: str
    segments: int
    encoding: str
    missing: list[str]
    excluded: Exclusion | None
    sentence: str | None


class BulkPreviewOut(BaseModel):
    """`longest`, `shortest` and `missing` are places in the audience; `names` counts who lacks which value."""

    audience: int
    recipients: int
    excluded: list[ExcludedOut]
    segments: BulkSegmentsOut
    cost: CostOut
    duration_s: float | None
    opt_in_required: bool
    longest: int | None
    shortest: int | None
    missing: list[int]
    names: dict[str, int]
    shown: ShownOut | None


class LaunchedOut(BaseModel):
    bulk_id: int
    again: bool


class BulkListOut(BaseModel):
    rows: list[BulkOut]
    next_cursor: int | None


class BulkRecipientOut(BaseModel):
    """`reason` says in words why somebody gets no text, or what became of it."""

    ord: int
    contact_id: int | None
    name: str | None
    address: str
    state: str
    delivery: str | None
    reason: str | None
    thread_id: int | None
    seq: int | None
    segments: int | None


class RecipientsOut(BaseModel):
    rows: list[BulkRecipientOut]
    next_cursor: int | None


# Before the launch


@routes.post("/api/v1/bulk/preview", MEMBER, body=PreviewIn, answers={200: BulkPreviewOut})
async def preview(call: Call, body: PreviewIn) -> Answer:
    """What a launch would do now: who gets it, who does not and why, what it costs, and one recipient's text."""
    text, now = body.text(call), call.deps.clock.wall()
    try:
        found = await call.deps.bulk.preview(text, now)
        shown = await call.deps.bulk.shown(text, body.at, now)
    except AudienceRefused as refused:
        raise _refused(refused) from None
    return Answer(_preview(found, shown))


@routes.post("/api/v1/bulk/preview/recipient", MEMBER, body=PreviewIn, answers={200: ShownOut})
async def one_recipient(call: Call, body: PreviewIn) -> Answer:
    """The text of whoever stands at one place of the audience, alone: quick for any size of it."""
    try:
        shown = await call.deps.bulk.shown(body.text(call), body.at, call.deps.clock.wall())
    except AudienceRefused as refused:
        raise _refused(refused) from None
    if shown is None:
        raise not_found()
    return Answer(_shown(shown))


@routes.post("/api/v1/bulk/exclusions.csv", MEMBER, body=BulkIn)
async def exclusions(call: Call, body: BulkIn) -> Response:
    """Who gets no text, and why, as a file."""
    rows = [("Name", "Number", "Reason", "Missing values")]
    try:
        async for chunk in call.deps.bulk.exclusions(body.text(call), call.deps.clock.wall()):
            rows += [(one.name, for_people(one.address), SENTENCES[one.reason], " ".join(one.missing)) for one in chunk]
    except AudienceRefused as refused:
        raise _refused(refused) from None
    return csv_answer(rows, "excluded.csv")


# Launch and recall


@routes.post("/api/v1/bulk", MEMBER, body=LaunchIn, answers={202: LaunchedOut})
async def launch(call: Call, body: LaunchIn) -> Answer:
    """Send it, once for each `cmd_id`. Where another number of people would get it by now, nothing is sent."""
    try:
        result = await call.deps.bulk.launch(body.text(call), body.cmd_id, body.expected_count, call.deps.clock.wall())
    except AudienceRefused as refused:
        raise _refused(refused) from None
    match result:
        case Launched(bulk_id=bulk_id, again=again):
            return Answer(LaunchedOut(bulk_id=bulk_id, again=again), 202)
        case CountDiffers(recipients=count):
            sentence = f"{_people(count)} would get it now, not {body.expected_count:,}. Nothing was sent."
            raise Problem(409, "count_differs", sentence, field="expected_count", more={"recipients": count})
        case _:
            raise Problem(409, "cmd_id_reused", "This cmd_id was used for another text.", field="cmd_id")


@routes.post(f"/api/v1/bulk/<int(max={_BIGINT}):bulk_id>/recall", MEMBER, answers={200: BulkOut})
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


@routes.get(f"/api/v1/bulk/<int(max={_BIGINT}):bulk_id>", MEMBER, answers={200: BulkOut})
async def progress(call: Call, bulk_id: int) -> Answer:
    """How far it is: `audience` is the sum of excluded, pending, in_flight, wired, rejected, unconfirmed, skipped."""
    return _one(await call.deps.bulk.progress(call.member.workspace_id, bulk_id))


@routes.get(
    f"/api/v1/bulk/<int(max={_BIGINT}):bulk_id>/recipients",
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
    told = [_recipient(row, call.deps.explain) for row in shown]
    return Answer({"rows": told, "next_cursor": shown[-1].ord if len(rows) > query.limit else None})


@routes.get(f"/api/v1/bulk/<int(max={_BIGINT}):bulk_id>/recipients.csv", MEMBER)
async def recipients_file(call: Call, bulk_id: int) -> Response:
    """All recipients as a file."""
    rows, after = [("Name", "Number", "Status", "Reason", "Segments")], 0
    while True:
        page = await call.deps.bulk.recipients(call.member.workspace_id, bulk_id, (), after, _PAGE)
        if page is None:
            raise not_found()
        for one in page:
            told = _recipient(one, call.deps.explain)
            state = str(told["delivery"] or told["state"]).replace("_", " ")
            rows.append((one.name or "", for_people(one.address), state, told["reason"] or "", str(one.segments or "")))
        if len(page) < _PAGE:
            return csv_answer(rows, f"bulk-{bulk_id}.csv")
        after = page[-1].ord


def _one(found: Progress | None) -> Answer:
    if found is None:
        raise not_found()
    return Answer(bulk_out(found))


def _refused(refused: AudienceRefused) -> Problem:
    more = {} if refused.at is None else {"at": refused.at}
    return Problem(422, "invalid", str(refused), field=refused.field, more=more)


def _people(count: int) -> str:
    return "One person" if count == 1 else f"{count:,} people"


def _preview(found: Preview, shown: Shown | None) -> BulkPreviewOut:
    return BulkPreviewOut(
        audience=found.audience,
        recipients=found.recipients,
        excluded=[
            ExcludedOut(reason=reason, sentence=SENTENCES[reason], count=count)
            for reason, count in found.excluded.items()
        ],
        segments=BulkSegmentsOut(min=found.segments_min, max=found.segments_max, total=found.segments_total),
        cost=CostOut(amount=f"{found.cost:.2f}", currency=found.currency),
        duration_s=found.duration_s,
        opt_in_required=found.opt_in_required,
        longest=found.longest,
        shortest=found.shortest,
        missing=list(found.missing),
        names=dict(found.names),
        shown=None if shown is None else _shown(shown),
    )


def _shown(shown: Shown) -> ShownOut:
    return ShownOut(
        at=shown.at,
        of=shown.of,
        contact_id=shown.contact_id,
        name=shown.name,
        address=shown.address,
        text=shown.text,
        segments=shown.segments,
        encoding=shown.encoding,
        missing=list(shown.missing),
        excluded=shown.excluded,
        sentence=None if shown.excluded is None else SENTENCES[shown.excluded],
    )


_WORDS: Final[Mapping[str, str]] = {
    **{reason.value: sentence for reason, sentence in REASONS.items()},
    **{reason.value: sentence for reason, sentence in SENTENCES.items()},
    Reason.CAMPAIGN_CANCELLED.value: "Recalled before it was sent",
}


def _recipient(row: RecipientRow, explain: Explain) -> dict[str, Any]:
    """`BulkRecipientOut`."""
    reason = _WORDS.get(row.reason or "") if row.state in ("excluded", "skipped") else None
    return {
        "ord": row.ord,
        "contact_id": row.contact_id,
        "name": row.name,
        "address": row.address,
        "state": row.state,
        "delivery": row.delivery,
        "reason": reason or explain(row.error_class, row.error_code),
        "thread_id": row.thread_id,
        "seq": row.seq,
        "segments": row.segments,
    }
