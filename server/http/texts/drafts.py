"""What a member has typed and not sent. A draft is its author's: nobody else ever sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from server.http.call import Answer, Call
from server.http.errors import not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.ports.compose import SavedDraft
from server.ws.protocol import MAX_BODY

_DRAFT: Final = f"/api/v1/drafts/{part('thread_id')}"

routes: Final = Routes("drafts")


class DraftIn(BaseModel):
    """`changed_at` is when it was typed: of two tabs the one that typed later wins. All empty: there is none."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    body: str = Field(default="", max_length=4 * MAX_BODY)
    recipient: str = Field(default="", max_length=200)
    media: list[UUID] = Field(default_factory=list, max_length=10)
    changed_at: AwareDatetime


class DraftPictureOut(BaseModel):
    """`url` shows it."""

    media_id: UUID
    url: str


class DraftOut(BaseModel):
    """`pictures` are those of `media`.

    `changed_at` is null where nothing was ever typed; of an emptied draft it is when it was emptied.
    """

    thread_id: int
    body: str
    recipient: str
    media: list[str]
    pictures: list[DraftPictureOut]
    changed_at: datetime | None


class DraftQuery(BaseModel):
    """When it was done with, by the server's wall clock, as pages type by it; none: now. What was typed later stays."""

    model_config = ConfigDict(extra="forbid")

    changed_at: AwareDatetime | None = None


@routes.get(_DRAFT, MEMBER, answers={200: DraftOut})
async def draft(call: Call, thread_id: int) -> Answer:
    """What stands unsent in a thread; thread 0 is New Message. All empty where there is nothing."""
    member = call.member
    found = await call.deps.drafts.draft(member.workspace_id, member.member_id, thread_id)
    if found is None:
        return Answer(DraftOut(thread_id=thread_id, body="", recipient="", media=[], pictures=[], changed_at=None))
    return Answer(await _out(call, found))


@routes.put(_DRAFT, MEMBER, body=DraftIn, answers={200: DraftOut})
async def save(call: Call, thread_id: int, body: DraftIn) -> Answer:
    """Keep a draft. The answer is what is stored now: another tab may have typed later."""
    media = tuple(str(one) for one in body.media)
    return await _saved(call, SavedDraft(thread_id, body.body, body.recipient, media, body.changed_at))


@routes.delete(_DRAFT, MEMBER, query=DraftQuery, answers={200: DraftOut})
async def forget(call: Call, thread_id: int, query: DraftQuery) -> Answer:
    """Be done with a draft."""
    return await _saved(call, SavedDraft(thread_id, "", "", (), query.changed_at or call.deps.clock.wall()))


async def _saved(call: Call, given: SavedDraft) -> Answer:
    member = call.member
    stored = await call.deps.drafts.save_draft(member.workspace_id, member.member_id, given)
    if stored is None:
        raise not_found()
    return Answer(await _out(call, stored))


async def _out(call: Call, stored: SavedDraft) -> DraftOut:
    ids = [UUID(one) for one in stored.media]
    pictures = await call.deps.pictures.of(call.member.workspace_id, ids) if ids else ()
    return DraftOut(
        thread_id=stored.thread_id,
        body=stored.body,
        recipient=stored.recipient,
        media=list(stored.media),
        pictures=[DraftPictureOut(media_id=one.media_id, url=one.path) for one in pictures or ()],
        changed_at=stored.changed_at,
    )
