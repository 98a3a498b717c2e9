"""Writing texts to several recipients in one request: bulk by law, judged one by one, queued in one commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from server.domain.compose import MAX_RECIPIENTS, bulk_timing
from server.domain.phone import normalise
from server.domain.segments import count
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import (
    NOT_A_NUMBER,
    UNREACHABLE,
    WHOM,
    Address,
    Body,
    fingerprint_of,
    refusal_of,
    says_something,
)
from server.http.texts.threads import Ordinal
from server.ports import Enqueued, EnqueueMt, EnqueueResult
from server.ports.compose import Unreachable, Wanted

_BATCH_LIMIT: Final = 2_000_000  # bytes: of 200 texts of 1,600 characters each

routes: Final = Routes("messages")


class BatchItem(BaseModel):
    """One of `to`, `contact_id` and `thread_id` says whom it is for."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cmd_id: UUID
    body: Body
    to: Address | None = None
    contact_id: Ordinal | None = None
    thread_id: Ordinal | None = None

    _says_something = field_validator("body")(says_something)


class BatchIn(BaseModel):
    """Texts to several recipients, each with a `cmd_id` of its own: repeat the same request until an answer comes.

    They are bulk by law: quiet hours, opt-outs and caps stop them as they stop a campaign.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    messages: list[BatchItem] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    number_id: Ordinal | None = None


class BatchAnswer(BaseModel):
    """What became of one text: queued for good as `seq` of its thread, or `code` and `detail` say why not."""

    cmd_id: UUID
    thread_id: int | None = None
    seq: int | None = None
    again: bool = False
    code: str | None = None
    detail: str | None = None


class BatchOut(BaseModel):
    """One answer for each text, in their order."""

    answers: list[BatchAnswer]


@routes.post("/api/v1/messages/batch", MEMBER, body=BatchIn, json_limit=_BATCH_LIMIT, answers={202: BatchOut})
async def send_several(call: Call, body: BatchIn) -> Answer:
    """Send up to 200 texts as bulk, in one commit. Each is judged by itself."""
    items = body.messages
    if len({item.cmd_id for item in items}) < len(items):
        raise Problem(422, "invalid", "A cmd_id stands there twice.", field="messages")
    places = await _places(call, items, body.number_id)
    mts = list(_bulk(call, items, places))
    results = iter(await call.deps.compose.enqueue_bulk(mts))
    answers = [
        _answered(item.cmd_id, next(results) if isinstance(place, int) else place)
        for item, place in zip(items, places, strict=True)
    ]
    return Answer({"answers": answers}, 202)


_Place = int | Unreachable | str
"""A thread, or why there is none; a sentence stands for a number that is none."""


async def _places(call: Call, items: Sequence[BatchItem], number_id: int | None) -> list[_Place]:
    places: list[_Place] = [WHOM] * len(items)
    wanted: dict[int, Wanted] = {}
    for nth, item in enumerate(items):
        if (item.to is None) + (item.contact_id is None) + (item.thread_id is None) != 2:
            continue
        if item.thread_id is not None:
            places[nth] = item.thread_id
        elif item.to is None:
            wanted[nth] = Wanted(item.cmd_id, None, item.contact_id)
        elif address := normalise(item.to):
            wanted[nth] = Wanted(item.cmd_id, address)
        else:
            places[nth] = NOT_A_NUMBER
    if wanted:
        found = await call.deps.compose.open_threads(
            call.member.workspace_id, list(wanted.values()), number_id, call.deps.clock.wall()
        )
        for nth, place in zip(wanted, found, strict=True):
            places[nth] = place
    return places


def _bulk(call: Call, items: Sequence[BatchItem], places: Sequence[_Place]) -> Iterator[EnqueueMt]:
    """Those that have a thread. Built by position: 200 at a time, names cost."""
    now, member = call.deps.clock.wall(), call.member
    when = bulk_timing(now)
    for item, place in zip(items, places, strict=True):
        if isinstance(place, int):
            yield EnqueueMt(
                member.workspace_id,
                place,
                item.cmd_id,
                fingerprint_of(member.member_id, item.to, item.contact_id, item.thread_id, item.body),
                when.klass,
                item.body,
                count(item.body).count,
                now,
                author_id=member.member_id,
                expires_at=when.expires_at,
            )


def _answered(cmd_id: UUID, result: EnqueueResult | Unreachable | str) -> dict[str, Any]:
    """`BatchAnswer`, as a plain dict."""
    if isinstance(result, Enqueued):
        return {"cmd_id": cmd_id, "thread_id": result.thread_id, "seq": result.seq, "again": result.again}
    if isinstance(result, str):
        return {"cmd_id": cmd_id, "code": "invalid", "detail": result}
    if isinstance(result, Unreachable):
        return {"cmd_id": cmd_id, "code": result.why, "detail": UNREACHABLE[result.why][1]}
    refusal = refusal_of(result)
    return {"cmd_id": cmd_id, "code": refusal.code, "detail": refusal.sentence}
