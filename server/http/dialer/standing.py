"""What a dialer is told of whom it calls: may they be texted, may they be called, and which time it is with them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from server.domain.calling import NO_CALL, no_call
from server.http.call import Call
from server.http.texts.precheck import warnings_of
from server.http.texts.texts import unreachable
from server.ports.compose import Unreachable, Whereabouts, Whom


class WhyOut(BaseModel):
    """A reason: `code` is for programs, `sentence` for people."""

    code: str
    sentence: str


class MayOut(BaseModel):
    """`allowed`, and every reason that speaks against it or should be known. A person may text into quiet hours."""

    allowed: bool
    reasons: list[WhyOut]


class LocalTimeOut(BaseModel):
    zone: str
    time: datetime


async def standing(call: Call, whom: Whom) -> Whereabouts:
    """Whom a text would reach. Raises a Problem where nobody is there."""
    found = await call.deps.compose.whereabouts(call.member.workspace_id, whom, call.deps.clock.wall())
    if isinstance(found, Unreachable):
        raise unreachable(found)
    return found


def may_text(call: Call, found: Whereabouts) -> MayOut:
    """As the gate sees a person's text."""
    warnings = list(warnings_of(found, None, simulated=call.logged_in.workspace.simulated))
    allowed = not (found.opted_out or found.held or any(one.stops for one in warnings))
    return MayOut(allowed=allowed, reasons=[WhyOut(code=one.kind, sentence=one.sentence) for one in warnings])


def may_call(found: Whereabouts) -> MayOut:
    reasons = no_call(opted_out=found.opted_out, held=found.held, hours_open=found.local.hours.open)
    return MayOut(allowed=not reasons, reasons=[WhyOut(code=why, sentence=NO_CALL[why]) for why in reasons])


def local_times(found: Whereabouts, now: datetime) -> list[LocalTimeOut]:
    """One for each zone in which the number may be."""
    return [LocalTimeOut(zone=zone, time=now.astimezone(ZoneInfo(zone))) for zone in found.local.zones]
