"""What colleagues do with a thread beside texting. Everybody in the workspace may; each deed stands in its history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from server.domain.teamwork import snooze_fault
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import Id, part
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import not_queued
from server.ports import ClaimedByOther, CommandConflict, NoSuchThread
from server.ports.team import (
    Assign,
    DropClaim,
    HoldClaim,
    NoSuchMember,
    SetClosed,
    Snooze,
    TeamDeed,
    TeamDone,
    WriteNote,
)

_THREAD: Final = f"/api/v1/threads/{part('thread_id')}"
LONGEST_NOTE: Final = 5_000

routes: Final = Routes("team")


class DoneOut(BaseModel):
    """`seq`: of what this wrote into the thread's history; null where it was so already. `until`: a claim's end."""

    seq: int | None
    until: datetime | None


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class AssigneeIn(_In):
    """`member_id` null: the conversation is nobody's again."""

    member_id: Id | None


class ClosedIn(_In):
    closed: bool


class SnoozeIn(_In):
    """`until` null: back at once."""

    until: AwareDatetime | None


class ClaimIn(_In):
    """`over`: even from the colleague who has it."""

    over: bool = False


class NoteIn(_In):
    """Repeat it with the same `cmd_id` until an answer comes: it is written once.

    An @ and a member's name ask that member to look.
    """

    cmd_id: UUID
    body: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NOTE)]


class SeenOut(BaseModel):
    """Whether any note had asked."""

    seen: bool


@routes.put(f"{_THREAD}/assignee", MEMBER, body=AssigneeIn, answers={200: DoneOut})
async def assign(call: Call, thread_id: int, body: AssigneeIn) -> Answer:
    """Make a conversation a member's, or nobody's."""
    return await _do(call, Assign(thread_id, body.member_id))


@routes.put(f"{_THREAD}/closed", MEMBER, body=ClosedIn, answers={200: DoneOut})
async def close(call: Call, thread_id: int, body: ClosedIn) -> Answer:
    """Be done with a conversation until the contact writes again, or open it again."""
    return await _do(call, SetClosed(thread_id, body.closed))


@routes.put(f"{_THREAD}/snooze", MEMBER, body=SnoozeIn, answers={200: DoneOut})
async def snooze(call: Call, thread_id: int, body: SnoozeIn) -> Answer:
    """Put a conversation out of sight until a time, or until the contact writes."""
    fault = None if body.until is None else snooze_fault(body.until, call.deps.clock.wall())
    if fault is not None:
        raise Problem(422, "invalid", fault, field="until")
    return await _do(call, Snooze(thread_id, body.until))


@routes.put(f"{_THREAD}/claim", MEMBER, body=ClaimIn, answers={200: DoneOut})
async def claim(call: Call, thread_id: int, body: ClaimIn) -> Answer:
    """Take or renew the sole right to answer, for 90 seconds."""
    return await _do(call, HoldClaim(thread_id, body.over))


@routes.delete(f"{_THREAD}/claim", MEMBER, answers={200: DoneOut})
async def unclaim(call: Call, thread_id: int) -> Answer:
    """Give the sole right to answer back."""
    return await _do(call, DropClaim(thread_id))


@routes.post(f"{_THREAD}/notes", MEMBER, body=NoteIn, answers={200: DoneOut})
async def write_note(call: Call, thread_id: int, body: NoteIn) -> Answer:
    """Write a note beside the texts, for colleagues only."""
    return await _do(call, WriteNote(thread_id, body.cmd_id, body.body))


@routes.post(f"{_THREAD}/mentions/seen", MEMBER, answers={200: SeenOut})
async def see_mentions(call: Call, thread_id: int) -> Answer:
    """Say that you have looked at what notes of a thread asked you to."""
    member = call.member
    seen = await call.deps.team.see_mentions(member.workspace_id, member.member_id, thread_id)
    if seen is None:
        raise not_found()
    return Answer(SeenOut(seen=seen))


async def _do(call: Call, deed: TeamDeed) -> Answer:
    match await call.deps.commands.team(call.member, deed):
        case TeamDone(seq=seq, until=until):
            return Answer(DoneOut(seq=seq, until=until))
        case NoSuchThread():
            raise not_found()
        case NoSuchMember():
            raise Problem(422, "invalid", "There is no such colleague.", field="member_id")
        case CommandConflict() | ClaimedByOther() as other:
            raise not_queued(other)
