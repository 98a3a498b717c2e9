"""Writing a text: to a number, a contact or a thread. What is another workspace's is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from server.domain.compose import MAX_MEDIA, MAX_UNDO_S, TooLate, timing
from server.domain.gate import MessageClass
from server.domain.phone import normalise
from server.domain.segments import count, smart_encode
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import NOT_A_NUMBER, WHOM, Address, fingerprint_of, not_queued, unreachable
from server.http.texts.threads import Ordinal, SentOut
from server.ports import Enqueued, EnqueueMt, EnqueueResult
from server.ports.compose import Unreachable, Wanted
from server.ws.protocol import MAX_BODY

routes: Final = Routes("messages")


class MessageIn(BaseModel):
    """One of `to` (a number in any spelling), `contact_id` and `thread_id` says whom it is for.

    Repeat it with the same `cmd_id` until an answer comes: it is sent once. `number_id` is what a new thread is written
    from. `undo_s`: it leaves so many seconds later and can be taken back until then. `send_at`: it leaves then, outside
    of quiet hours where the contact is; a time that has passed means now. With `cancel_on_reply` it leaves only while
    the contact has not written again. `smart`: typographic characters are replaced by plain ones that cost less.
    `media` are pictures that were uploaded before; with them a text costs one segment. `resend_of`: what the thread's
    text of this number said and showed is sent once more, and nothing else may be named.
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
    resend_of: Ordinal | None = None

    @property
    def words(self) -> str:
        """What is sent, and so what is stored, shown and counted."""
        return smart_encode(self.body) if self.smart else self.body


@routes.post("/api/v1/messages", MEMBER, body=MessageIn, answers={202: SentOut})
async def send_to(call: Call, body: MessageIn) -> Answer:
    """Send a text. Accepted means queued for good; what becomes of it comes by the socket."""
    if body.resend_of is not None:
        body, pictures = await _said(call, body, body.resend_of)
    elif not (body.media or body.body.strip()):
        raise Problem(422, "invalid", "Write something first.", field="body")
    else:
        pictures = await _pictures(call, body.media)
    thread_id = await _thread(call, body)
    result = await call.deps.commands.enqueue(_mt(call, body, thread_id, pictures))
    return Answer(_sent(result), 202)


async def _said(call: Call, text: MessageIn, seq: int) -> tuple[MessageIn, tuple[tuple[str, str], ...]]:
    if text.thread_id is None or text.body or text.media or text.smart:
        raise Problem(422, "invalid", "Only the thread and the text to send again are named.", field="resend_of")
    said = await call.deps.compose.said(call.member.workspace_id, text.thread_id, seq)
    if said is None:
        raise not_found()
    return text.model_copy(update={"body": said.body}), said.media


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
        raise unreachable(place, "number_id" if place.why == "no_number" else "contact_id")
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
            member.member_id,
            whom,
            text.words,
            text.send_at,
            text.cancel_on_reply,
            text.undo_s,
            pictures,
            text.resend_of,
        ),
        klass=when.klass,
        body=text.words,
        segments=1 if pictures else count(text.words).count,
        now=now,
        author_id=member.member_id,
        media=pictures,
        resend_of=text.resend_of,
        acknowledged_opt_out=text.acknowledged_opt_out,
        cancel_on_reply=text.cancel_on_reply and when.klass is MessageClass.SEND_LATER,
        due_at=when.due_at,
        expires_at=when.expires_at,
    )


def _sent(result: EnqueueResult) -> SentOut:
    if isinstance(result, Enqueued):
        return SentOut(thread_id=result.thread_id, seq=result.seq, again=result.again)
    raise not_queued(result)
