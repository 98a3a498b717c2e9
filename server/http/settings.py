"""What a workspace sets for itself. Everybody reads it; managers and owners change it, one version after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from server.domain.caps import Cap
from server.domain.quiet_rules import Span
from server.domain.roles import Deed
from server.domain.sending_hours import clock
from server.domain.settings import MOST_CONTACT, MOST_NAME, Mode, fault
from server.domain.timetable import Timetable
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.ids import Id
from server.http.rules import MEMBER, Routes, whoever_may
from server.ports.settings import NameTaken, Outdated, Versioned

PATH: Final = "/api/v1/settings"
_MOST_TEXTS: Final = 100_000

routes: Final = Routes("settings")

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MOST_NAME)]
Day = Annotated[str, StringConstraints(max_length=11)]


class BulkCap(BaseModel):
    """At most so many texts in bulk to one number in any so many hours."""

    model_config = ConfigDict(extra="forbid")

    texts: int = Field(ge=1, le=_MOST_TEXTS)
    window_h: int = Field(ge=1, le=24 * 366)


class SettingsIn(BaseModel):
    """Those that are to be others; what is left out stays. `version`: the one that was read.

    `sending_hours`: seven days from Monday, such as `09:00-18:00`, null where nothing in bulk and nothing that was
    written for later may leave; null as a whole: the law's hours. `link_base` null: this server's own address.
    """

    model_config = ConfigDict(extra="forbid")

    version: Id
    name: Name | None = None
    brand: Name | None = None
    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MOST_CONTACT)] | None = None
    sending_hours: Annotated[list[Day | None], Field(min_length=7, max_length=7)] | None = None
    opt_in_required: bool | None = None
    bulk_cap: BulkCap | None = None
    link_base: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    ai_mode: Mode | None = None
    ai_tone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)] | None = None
    ai_day_requests: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    ai_day_tokens: Annotated[int, Field(ge=0, le=10_000_000_000)] | None = None

    def wanted(self) -> Mapping[str, Any]:
        """By the names of `domain.settings.Settings`. A null says something of those three that may be without one."""
        given = self.model_dump(exclude_unset=True, exclude={"version"})
        told = {name: value for name, value in given.items() if value is not None or name in _NULLABLE}
        if (cap := told.get("bulk_cap")) is not None:
            told["bulk_cap"] = Cap(cap["texts"], timedelta(hours=cap["window_h"]))
        if (days := told.get("sending_hours")) is not None:
            told["sending_hours"] = tuple(days)
        return told


_NULLABLE: Final = frozenset({"sending_hours", "bulk_cap", "link_base"})


class SettingsOut(BaseModel):
    """`law_hours`: what holds everywhere, whatever the workspace sets; states may be stricter."""

    version: int
    name: str
    brand: str
    contact: str
    sending_hours: list[str | None] | None
    law_hours: list[str | None]
    opt_in_required: bool
    bulk_cap: BulkCap | None
    link_base: str | None
    ai_mode: Mode
    ai_tone: str
    ai_day_requests: int
    ai_day_tokens: int


@routes.get(PATH, MEMBER, answers={200: SettingsOut})
async def settings(call: Call) -> Answer:
    """What the workspace sets for itself."""
    return Answer(_out(call, await call.deps.settings.get(call.member.workspace_id)))


@routes.patch(PATH, whoever_may(Deed.CHANGE_SETTINGS), body=SettingsIn, answers={200: SettingsOut})
async def change_settings(call: Call, body: SettingsIn) -> Answer:
    """Change some of them, for all that leaves from now on. 409 `outdated` bears them as somebody else has set them."""
    return Answer(_out(call, await change(call, body.wanted(), body.version)))


async def change(call: Call, wanted: Mapping[str, Any], version: int | None = None) -> Versioned:
    """The one way in, for the pages of single settings too."""
    if found := fault(wanted, call.deps.timetable.rules.everywhere):
        raise Problem(422, "invalid", found.sentence, field=found.field)
    done = await call.deps.settings.change(call.member.workspace_id, call.member.member_id, wanted, version)
    if isinstance(done, NameTaken):
        raise Problem(409, "taken", "Another workspace of this server has that name.", field="name")
    if isinstance(done, Outdated):
        sentence = "Somebody has changed the settings meanwhile. Look at them again."
        raise Problem(409, "outdated", sentence, more={"settings": _out(call, done.now).model_dump()})
    return done


async def timetable_of(call: Call) -> Timetable:
    """The law's hours inside of the workspace's own: what holds for texts that nobody waits for."""
    return call.deps.timetable.within(await call.deps.settings.hours(call.member.workspace_id))


def _out(call: Call, found: Versioned) -> SettingsOut:
    its = found.settings
    cap = None
    if its.bulk_cap is not None:
        cap = BulkCap(texts=its.bulk_cap.texts, window_h=int(its.bulk_cap.window / timedelta(hours=1)))
    return SettingsOut(
        version=found.version,
        name=its.name,
        brand=its.brand,
        contact=its.contact,
        sending_hours=None if its.sending_hours is None else list(its.sending_hours),
        law_hours=_days(call.deps.timetable.rules.everywhere.weekdays),
        opt_in_required=its.opt_in_required,
        bulk_cap=cap,
        link_base=its.link_base,
        ai_mode=its.ai_mode,
        ai_tone=its.ai_tone,
        ai_day_requests=its.ai_day_requests,
        ai_day_tokens=its.ai_day_tokens,
    )


def _days(spans: Sequence[Span | None]) -> list[str | None]:
    return [None if span is None else f"{clock(span.opens_s)}-{clock(span.closes_s)}" for span in spans]
