"""A text that waits for its time: what it says, other words or another time for it, and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator

from server.domain.compose import TooLate, patient_timing
from server.domain.segments import count
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import Body, says_something
from server.ports.compose import Change

_MESSAGE: Final = f"/api/v1/threads/{part('thread_id')}/messages/{part('seq')}"
_TOO_LATE: Final = {
    "sending": "It is too late: the text is on its way.",
    "cancelled": "It was cancelled before.",
    "not_later": "Only a text that waits for its time can be changed.",
    "blocked": "It was not sent.",
    "expired": "It was not sent.",
    "rejected": "The carrier has refused it.",
}

routes: Final = Routes("messages")


class ChangeIn(BaseModel):
    """What is changed of a text that is to leave later; what is left out stays. A `send_at` that has passed: now."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    body: Body | None = None
    send_at: AwareDatetime | None = None
    cancel_on_reply: bool | None = None

    @field_validator("body")
    @classmethod
    def _says_something(cls, body: str | None) -> str | None:
        return None if body is None else says_something(body)


class PlannedOut(BaseModel):
    """A text for later as it stands: its words, when it leaves, and whether it does where the contact writes first."""

    body: str
    send_at: datetime
    cancel_on_reply: bool


class ChangedOut(BaseModel):
    thread_id: int
    seq: int
    state: str


@routes.delete(_MESSAGE, MEMBER, answers={200: ChangedOut})
async def cancel(call: Call, thread_id: int, seq: int) -> Answer:
    """Take a text back that waits to be sent, or for a person. What has left stays as it is (409)."""
    member, now = call.member, call.deps.clock.wall()
    state = await call.deps.compose.cancel(member.workspace_id, thread_id, seq, member.member_id, now)
    if state != "cancelled":
        raise _too_late(state)
    return Answer(ChangedOut(thread_id=thread_id, seq=seq, state=state))


@routes.get(_MESSAGE, MEMBER, answers={200: PlannedOut})
async def planned(call: Call, thread_id: int, seq: int) -> Answer:
    """A text that is to leave later and can be changed; there is none (404) once it leaves."""
    found = await call.deps.compose.planned(call.member.workspace_id, thread_id, seq)
    if found is None:
        raise not_found()
    return Answer(PlannedOut(body=found.body, send_at=found.send_at, cancel_on_reply=found.cancel_on_reply))


@routes.patch(_MESSAGE, MEMBER, body=ChangeIn, answers={200: ChangedOut})
async def change(call: Call, thread_id: int, seq: int, body: ChangeIn) -> Answer:
    """Change the words or the time of a text that is to leave later."""
    member, now = call.member, call.deps.clock.wall()
    try:
        changed = _change(body, now)
    except TooLate as error:
        raise Problem(422, "invalid", str(error), field="send_at") from None
    state = await call.deps.compose.change(member.workspace_id, thread_id, seq, member.member_id, changed, now)
    if state != "queued":
        raise _too_late(state)
    return Answer(ChangedOut(thread_id=thread_id, seq=seq, state=state))


def _change(asked: ChangeIn, now: datetime) -> Change:
    when = None if asked.send_at is None else patient_timing(now, asked.send_at)
    return Change(
        body=asked.body,
        segments=None if asked.body is None else count(asked.body).count,
        due_at=None if when is None else when.due_at,
        expires_at=None if when is None else when.expires_at,
        cancel_on_reply=asked.cancel_on_reply,
    )


def _too_late(state: str | None) -> Problem:
    if state is None:
        return not_found()
    sentence = _TOO_LATE.get(state, "It is too late: the text has left.")
    return Problem(409, "too_late", sentence, more={"state": state})
