"""Writing texts: to a number, a contact or a thread, one or several. What is another workspace's is not there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from server.domain.compose import MAX_MEDIA, MAX_UNDO_S, TooLate, patient_timing, timing
from server.domain.gate import MessageClass
from server.domain.phone import normalise
from server.domain.segments import count, smart_encode
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.http.threads import Ordinal, SentOut
from server.ports import CommandConflict, Enqueued, EnqueueMt, EnqueueResult, NoSuchThread, OptOutUnacknowledged
from server.ports.compose import Change, Unreachable, Wanted
from server.ws.protocol import MAX_BODY

NOT_A_NUMBER: Final = "This is not a phone number that can get texts."
WHOM: Final = "Say whom it is for: to, contact_id or thread_id, one of them."
UNREACHABLE: Final = {
    "no_contact": (404, "There is no such contact."),
    "no_phone": (422, "This contact has no phone number."),
    "no_number": (422, "There is no number here to write from."),
}


class Refusal(NamedTuple):
    """Why a text was not queued: `code` is for programs, `sentence` for people, `field` what is wrong."""

    status: int
    code: str
    sentence: str
    field: str | None = None


NOT_QUEUED: Final[Mapping[type[EnqueueResult], Refusal]] = {
    NoSuchThread: Refusal(404, "not_found", "There is no such thread."),
    CommandConflict: Refusal(409, "command_conflict", "This cmd_id was used for something else.", "cmd_id"),
    OptOutUnacknowledged: Refusal(
        409, "opted_out", "This contact has opted out, or may have asked to.", "acknowledged_opt_out"
    ),
}

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

Body = Annotated[str, Field(min_length=1, max_length=MAX_BODY)]
Address = Annotated[str, Field(min_length=1, max_length=60)]


def says_something(body: str) -> str:
    if not body.strip():
        raise ValueError("Write something first.")
    return body


class MessageIn(BaseModel):
    """One of `to` (a number in any spelling), `contact_id` and `thread_id` says whom it is for.

    Repeat it with the same `cmd_id` until an answer comes: it is sent once. `number_id` is what a new thread is written
    from. `undo_s`: it leaves so many seconds later and can be taken back until then. `send_at`: it leaves then, outside
    of quiet hours where the contact is; a time that has passed means now. With `cancel_on_reply` it leaves only while
    the contact has not written again. `smart`: typographic characters are replaced by plain ones that cost less.
    `media` are pictures that were uploaded before; with them a text costs one segment.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cmd_id: UUID
    to: Address | None = None
    contact_id: Ordinal | None = None
    thread_id: Ordinal | None = None
    number_id: Ordinal | None = None
    body: str = Field(default="", max_length=MAX_BODY)
    smart: bool = False
    media: list[UUID] = Field(default_factory=list, max_length=MAX_MEDIA)
    send_at: AwareDatetime | None = None
    cancel_on_reply: bool = False
    undo_s: int = Field(default=0, ge=0, le=MAX_UNDO_S)
    acknowledged_opt_out: bool = False

    @property
    def words(self) -> str:
        """What is sent, and so what is stored, shown and counted."""
        return smart_encode(self.body) if self.smart else self.body


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


@routes.post("/api/v1/messages", MEMBER, body=MessageIn, answers={202: SentOut})
async def send(call: Call, body: MessageIn) -> Answer:
    """Send a text. Accepted means queued for good; what becomes of it comes by the socket."""
    if not (body.media or body.body.strip()):
        raise Problem(422, "invalid", "Write something first.", field="body")
    pictures = await _pictures(call, body.media)
    thread_id = await _thread(call, body)
    result = await call.deps.commands.enqueue(_mt(call, body, thread_id, pictures))
    return Answer(_sent(result), 202)


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


# One


async def _thread(call: Call, text: MessageIn) -> int:
    if [text.to, text.contact_id, text.thread_id].count(None) != 2:
        raise Problem(422, "invalid", WHOM, field="to")
    if text.thread_id is not None:
        return text.thread_id
    address = None if text.to is None else normalise(text.to)
    if text.to is not None and address is None:
        raise Problem(422, "invalid_number", NOT_A_NUMBER, field="to")
    wanted = Wanted(text.cmd_id, address, text.contact_id)
    workspace_id = call.member.workspace_id
    [place] = await call.deps.compose.open_threads(workspace_id, [wanted], text.number_id, call.deps.clock.wall())
    if isinstance(place, Unreachable):
        status, sentence = UNREACHABLE[place.why]
        raise Problem(status, place.why, sentence, field="number_id" if place.why == "no_number" else "contact_id")
    return place


async def _pictures(call: Call, ids: Sequence[UUID]) -> tuple[tuple[str, str], ...]:
    pictures = await call.deps.pictures.of(call.member.workspace_id, ids) if ids else ()
    if pictures is None:
        raise Problem(422, "no_such_picture", "There is no such picture; upload it again.", field="media")
    return tuple((picture.path, picture.content_type) for picture in pictures)


def _mt(call: Call, text: MessageIn, thread_id: int, pictures: tuple[tuple[str, str], ...]) -> EnqueueMt:
    now, member = call.deps.clock.wall(), call.member
    try:
        when = timing(now, send_at=text.send_at, undo_s=text.undo_s)
    except TooLate as error:
        raise Problem(422, "invalid", str(error), field="send_at") from None
    whom = text.thread_id if text.thread_id is not None else (normalise(text.to or ""), text.contact_id)
    return EnqueueMt(
        workspace_id=member.workspace_id,
        thread_id=thread_id,
        cmd_id=text.cmd_id,
        fingerprint=fingerprint_of(
            member.member_id, whom, text.words, text.send_at, text.cancel_on_reply, text.undo_s, pictures
        ),
        klass=when.klass,
        body=text.words,
        segments=1 if pictures else count(text.words).count,
        now=now,
        author_id=member.member_id,
        media=pictures,
        acknowledged_opt_out=text.acknowledged_opt_out,
        cancel_on_reply=text.cancel_on_reply and when.klass is MessageClass.SEND_LATER,
        due_at=when.due_at,
        expires_at=when.expires_at,
    )


def fingerprint_of(*request: object) -> bytes:
    """What makes two requests with one id the same: author, recipient as it was named, and text."""
    return hashlib.sha256(repr(request).encode("utf-8", "surrogatepass")).digest()


def _sent(result: EnqueueResult) -> SentOut:
    if isinstance(result, Enqueued):
        return SentOut(thread_id=result.thread_id, seq=result.seq, again=result.again)
    refusal = NOT_QUEUED[type(result)]
    raise Problem(refusal.status, refusal.code, refusal.sentence, field=refusal.field)
