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
from server.http.dialer.standing import MayOut, may_text, standing
from server.http.errors import Problem, not_found
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.http.templates.wire import tokens_of
from server.http.texts.texts import NOT_QUEUED, UNREACHABLE, fingerprint_of
from server.ports import Enqueued, EnqueueMt
from server.ports.compose import Unreachable, Wanted, Whom
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
    found = await standing(call, Whom(body.to, body.contact_id, None))
    if body.call_id is not None:
        of_call = await call.deps.timeline.call_of(member.workspace_id, body.call_id)
        if of_call is None or of_call.address != found.address:
            raise Problem(409, "call_conflict", "There is no such call with this number.", field="call_id")
    words = body.text if body.text is not None else await _from_template(call, body, found.contact_id)
    wanted = Wanted(body.cmd_id, body.to, body.contact_id)
    [place] = await call.deps.compose.open_threads(member.workspace_id, [wanted], None, now)
    if isinstance(place, Unreachable):
        status, sentence = UNREACHABLE[place.why]
        raise Problem(status, place.why, sentence, field="contact_id")
    cost, when = count(words).count, timing(now, send_at=None, undo_s=0)
    asked = (member.member_id, body.to, body.contact_id, body.text, body.template_id, sorted(body.answers.items()))
    result = await call.deps.commands.enqueue(
        EnqueueMt(
            workspace_id=member.workspace_id,
            thread_id=place,
            cmd_id=body.cmd_id,
            fingerprint=fingerprint_of("dialer", *asked, body.call_id),
            klass=when.klass,
            body=words,
            segments=cost,
            now=now,
            author_id=member.member_id,
            acknowledged_opt_out=body.acknowledged_opt_out,
            due_at=when.due_at,
            expires_at=when.expires_at,
        )
    )
    may = may_text(call, found)
    if not isinstance(result, Enqueued):
        refusal = NOT_QUEUED[type(result)]
        more = {"may_text": may.model_dump()}
        raise Problem(refusal.status, refusal.code, refusal.sentence, field=refusal.field, more=more)
    told = QuickSmsOut(
        thread_id=result.thread_id, seq=result.seq, again=result.again, body=words, segments=cost, may_text=may
    )
    return Answer(told, 202)


async def _from_template(call: Call, body: QuickSmsIn, contact_id: int | None) -> str:
    member, deps = call.member, call.deps
    template = await deps.templates.one(member.workspace_id, member.member_id, body.template_id or 0)
    if template is None:
        raise not_found()
    values = None
    if contact_id is not None:
        values = await deps.token_values.token_values(
            member.workspace_id, contact_id, member.member_id, deps.clock.wall()
        )
    known = tokens_of(await deps.templates.fields(member.workspace_id)).keys()
    filled = fill(template.body, values or {"agent_name": member.name}, body.answers, known=known)
    if not filled.complete or filled.text is None:
        sentence = "This template needs more than is known of the contact."
        raise Problem(422, "missing_values", sentence, field="answers", more={"missing": list(filled.missing)})
    return filled.text
