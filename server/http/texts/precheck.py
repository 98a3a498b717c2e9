"""What should be known before a text is sent: whether it may reach the contact, when, and what it costs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from server.domain.phone import is_test_number, normalise
from server.domain.segments import count, smart_encode
from server.domain.verdict import REASONS, Reason
from server.domain.zips import by_zip
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.rules import MEMBER, Routes
from server.http.texts.texts import NOT_A_NUMBER, WHOM, Address, unreachable
from server.http.texts.threads import HoursOut, Ordinal, hours_out
from server.ports.compose import Unreachable, Whereabouts, Whom
from server.ws.protocol import MAX_BODY

routes: Final = Routes("messages")

Kind = Literal["opted_out", "recipient_held", "carrier_blocked", "invalid_number", "not_a_test_number", "quiet_hours"]


class PrecheckIn(BaseModel):
    """One of `to`, `contact_id` and `thread_id`; `send_at`: as it would be then."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    to: Address | None = None
    contact_id: Ordinal | None = None
    thread_id: Ordinal | None = None
    body: str = Field(default="", max_length=MAX_BODY)
    send_at: AwareDatetime | None = None


class RecipientOut(BaseModel):
    """Whom it would reach; `thread_id` null: a new conversation."""

    address: str
    name: str | None
    contact_id: int | None
    thread_id: int | None


class Warned(BaseModel):
    """`stops`: it will not leave. Else the author may send all the same; `opted_out` must be acknowledged then."""

    kind: Kind
    sentence: str
    stops: bool


class CostlyOut(BaseModel):
    """A character that no plain text has, where it stands first (in code points), and its name in Unicode."""

    char: str
    at: int
    name: str


class SmartOut(BaseModel):
    """The text in plain characters where that costs less, or allows more."""

    body: str
    segments: int


class SegmentsOut(BaseModel):
    count: int
    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    units_left: int
    costly: list[CostlyOut]
    smart: SmartOut | None


class CheckOut(BaseModel):
    recipient: RecipientOut
    hours: HoursOut
    warnings: list[Warned]
    segments: SegmentsOut


@routes.post("/api/v1/messages/check", MEMBER, body=PrecheckIn, answers={200: CheckOut})
async def check(call: Call, body: PrecheckIn) -> Answer:
    """What should be known before this text is sent. Nothing is made or sent."""
    at = body.send_at or call.deps.clock.wall()
    found = await call.deps.compose.whereabouts(
        call.member.workspace_id, _whom(body), at, later=body.send_at is not None
    )
    if isinstance(found, Unreachable):
        raise unreachable(found)
    return Answer(
        CheckOut(
            recipient=RecipientOut(
                address=found.address, name=found.name, contact_id=found.contact_id, thread_id=found.thread_id
            ),
            hours=hours_out(found.local),
            warnings=list(warnings_of(found, body.send_at, simulated=call.logged_in.workspace.simulated)),
            segments=segments_out(body.body),
        )
    )


def _whom(body: PrecheckIn) -> Whom:
    if [body.to, body.contact_id, body.thread_id].count(None) != 2:
        raise Problem(422, "invalid", WHOM, field="to")
    address = None if body.to is None else normalise(body.to)
    if body.to is not None and address is None:
        raise Problem(422, "invalid_number", NOT_A_NUMBER, field="to")
    return Whom(address, body.contact_id, body.thread_id)


def warnings_of(found: Whereabouts, send_at: datetime | None, *, simulated: bool) -> Iterator[Warned]:
    """What stands in a person's way, or should be known before, in the gate's own order."""
    later = send_at is not None
    if simulated and not is_test_number(found.address):
        yield Warned(kind="not_a_test_number", sentence=_words(Reason.NOT_A_TEST_NUMBER), stops=True)
    if found.invalid_code is not None:
        yield Warned(kind="invalid_number", sentence=_words(Reason.INVALID_NUMBER), stops=True)
    if found.carrier_blocked:
        yield Warned(kind="carrier_blocked", sentence=_words(Reason.CARRIER_BLOCKED), stops=True)
    elif found.opted_out:
        yield Warned(kind="opted_out", sentence=_words(Reason.OPTED_OUT), stops=later)
    elif found.held:
        yield Warned(kind="recipient_held", sentence=_words(Reason.RECIPIENT_HELD), stops=later)
    if not found.local.hours.open:
        said = [_words(Reason.QUIET_HOURS), by_zip(found.local.zip_states), "It waits until they end." if later else ""]
        yield Warned(kind="quiet_hours", sentence=" ".join(filter(None, said)), stops=False)


def _words(reason: Reason) -> str:
    return f"{REASONS[reason]}."


def segments_out(text: str) -> SegmentsOut:
    """What *text* costs, why, and what plain characters would save."""
    cost, plain = count(text), smart_encode(text)
    saved = count(plain)
    cheaper = saved.count < cost.count or (saved.encoding == "GSM-7" and cost.encoding == "UCS-2")
    return SegmentsOut(
        count=cost.count,
        encoding=cost.encoding,
        units=cost.units,
        units_left=cost.units_left,
        costly=[CostlyOut(char=char, at=at, name=_name(char)) for char, at in cost.costly],
        smart=SmartOut(body=plain, segments=saved.count) if plain != text and cheaper else None,
    )


def _name(char: str) -> str:
    return unicodedata.name(char, f"U+{ord(char):04X}").lower()
