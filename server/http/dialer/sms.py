"""A text during a call, in one request: whom, what, and the answer whether it may be."""

from __future__ import annotations

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from server.domain.compose import timing
from server.domain.filling import fill
from server.domain.segments import count
from server.http.call import Answer, Call
from server.http.contacts.models import Phone
from server.http.dialer.standing import MayOut, may_text
from server.http.errors import Problem, not_found
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import fingerprint_of, not_queued, unreachable
from server.ports import CommandConflict, Enqueued, EnqueueMt, EnqueueResult
from server.ports.compose import Filling, QuickAsked, QuickFacts, Unreachable, Wanted, Whom
from server.ws.protocol import MAX_BODY

routes: Final = Routes("dialer")

Answers = dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=MAX_BODY)]]


class QuickSmsIn(BaseModel):
    """One of `to` and `contact_id`, and one of `text` and `template_id` (with `answers` where it asks for some).

    Repeat it with the same `cmd_id` until an answer comes: it is sent once. `call_id`: the call during which it is
    sent, which has been started. To whom has opted out it goes only with `acknowledged_opt_out`.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cmd_id: UUID
    to: Phone | None = None
    contact_id: Id | None = None
    text: str | None = Field(default=None, max_length=MAX_BODY)
    template_id: Id | None = None
    answers: Answers = Field(default_factory=dict, max_length=50)
    call_id: str | None = Field(default=None, min_length=1, max_length=200)
    acknowledged_opt_out: bool = False

    @model_validator(mode="after")
    def _says_what_to_whom(self) -> Self:
        if (self.to is None) == (self.contact_id is None):
            raise ValueError("Say whom it is for: to or contact_id, one of them")
        if (self.text is None) == (self.template_id is None) or (self.text is not None and not self.text.strip()):
            raise ValueError("Say what is sent: text or template_id, one of them")
        return self


class QuickSmsOut(BaseModel):
    """Queued for good; what becomes of it comes as `message.status`. `again`: this is the answer to a repetition."""

    thread_id: int
    seq: int
    again: bool
    body: str
    segments: int
    may_text: MayOut


@routes.post("/api/v1/dialer/sms", MEMBER, body=QuickSmsIn, answers={202: QuickSmsOut})
async def quick_sms(call: Call, body: QuickSmsIn) -> Answer:
    """Send a text to one person, by template or in words. Where it may not be sent, 409 says why, in `may_text`."""
    member, now = call.member, call.deps.clock.wall()
    asked = QuickAsked(Whom(body.to, body.contact_id, None), body.call_id, body.template_id)
    facts = await call.deps.compose.quick(member.workspace_id, member.member_id, asked, now)
    if isinstance(facts, Unreachable):
        raise unreachable(facts)
    if body.call_id is not None and facts.call is None:
        raise Problem(409, "call_conflict", "There is no such call with this number.", field="call_id")
    words = body.text if body.text is not None else _filled(body, facts.filling)
    result, may = await _queued(call, body, facts, words), may_text(call, facts.found)
    if not isinstance(result, Enqueued):
        raise not_queued(result, more={"may_text": may.model_dump()})
    told = QuickSmsOut(
        thread_id=result.thread_id,
        seq=result.seq,
        again=result.again,
        body=words,
        segments=count(words).count,
        may_text=may,
    )
    return Answer(told, 202)


async def _queued(call: Call, body: QuickSmsIn, facts: QuickFacts, words: str) -> EnqueueResult:
    """T2. A thread is only opened where there is none with a text in it yet: that would be a turn at the database for
    nothing. A command that was taken when its contact had another number keeps its thread, which `open_threads` tells.
    """
    if facts.thread_id is None:
        return await call.deps.commands.enqueue(_text(call, body, facts, words, await _opened(call, body)))
    result = await call.deps.commands.enqueue(_text(call, body, facts, words, facts.thread_id))
    if not isinstance(result, CommandConflict):
        return result
    return await call.deps.commands.enqueue(_text(call, body, facts, words, await _opened(call, body)))


async def _opened(call: Call, body: QuickSmsIn) -> int:
    wanted, now = Wanted(body.cmd_id, body.to, body.contact_id), call.deps.clock.wall()
    [place] = await call.deps.compose.open_threads(call.member.workspace_id, [wanted], None, now)
    if isinstance(place, Unreachable):
        raise unreachable(place)
    return place


def _text(call: Call, body: QuickSmsIn, facts: QuickFacts, words: str, thread_id: int) -> EnqueueMt:
    member, now = call.member, call.deps.clock.wall()
    when = timing(now, send_at=None, undo_s=0)
    asked = (member.member_id, body.to, body.contact_id, body.text, body.template_id, sorted(body.answers.items()))
    return EnqueueMt(
        workspace_id=member.workspace_id,
        thread_id=thread_id,
        cmd_id=body.cmd_id,
        fingerprint=fingerprint_of("dialer", *asked, body.call_id),
        klass=when.klass,
        body=words,
        segments=count(words).count,
        now=now,
        author_id=member.member_id,
        acknowledged_opt_out=body.acknowledged_opt_out,
        due_at=when.due_at,
        expires_at=when.expires_at,
        call=None if facts.call is None or body.call_id is None else (facts.call, body.call_id),
    )


def _filled(body: QuickSmsIn, template: Filling | None) -> str:
    if template is None:
        raise not_found()
    filled = fill(template.body, template.values, body.answers, known=template.known)
    if not filled.complete or filled.text is None:
        sentence = "This template needs more than is known of the contact."
        raise Problem(422, "missing_values", sentence, field="answers", more={"missing": list(filled.missing)})
    return filled.text
