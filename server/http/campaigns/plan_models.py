"""What the API takes as a campaign's plan: whatever a wizard may have come to, as long as it can be kept and read.

Whether it can be launched is not asked here: half of a plan is what a draft has. It is told in the shape of
`ports.campaigns.Plan` itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from server.domain.campaigns import variants
from server.domain.campaigns.drip import Drip
from server.domain.campaigns.health import Limits
from server.domain.campaigns.missed import IfMissed
from server.domain.filling import MAX_TEXT, one_line_end
from server.domain.places import is_zone
from server.domain.quiet_rules import Span
from server.http.ids import Id
from server.ports.campaigns import Leaving, Plan, Sources, Start, Variant

_DAY_S: Final = 86_400
_INT: Final = 2**31 - 1
_START: Final = Start()
_LIMITS: Final = Limits()


def _known(zone: str) -> str:
    if not is_zone(zone):
        raise ValueError("Choose a time zone, such as America/New_York.")
    return zone


def _naive(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("Give the hour as the clocks of the zone show it.")
    return at


def _finite(definition: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(definition, allow_nan=False)
    except ValueError:
        raise ValueError("A filter asks for numbers, not for infinity.") from None
    return definition


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known)]
Ids = Annotated[list[Id], Field(max_length=100)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Body = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(one_line_end)]
Answers = Annotated[dict[str, Annotated[str, StringConstraints(max_length=MAX_TEXT)]], Field(max_length=50)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SourcesIn(_In):
    """Everybody in any of these."""

    everybody: bool = False
    filter_ids: Ids = []
    definition: Annotated[dict[str, Any], AfterValidator(_finite)] | None = None
    stage_ids: Ids = []
    contact_ids: list[Id] = Field(default=[], max_length=20_000)
    import_ids: Ids = []

    def told(self) -> Sources:
        return Sources(
            self.everybody,
            _each(self.filter_ids),
            self.definition,
            _each(self.stage_ids),
            _each(self.contact_ids),
            _each(self.import_ids),
        )


def _each(ids: list[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(ids))


class LeavingIn(_In):
    texted_within_days: int | None = Field(default=None, ge=1, le=3_650)
    in_active_campaign: bool = True


class VariantIn(_In):
    body: Body
    share: int = Field(default=100, ge=0, le=100)


class StartIn(_In):
    """`day` null: at once. `at` is an hour of `zone`, or of each recipient's own clock."""

    day: date | None = None
    at: Annotated[time, AfterValidator(_naive)] = _START.at
    zone: Zone = _START.zone
    at_home: bool = False
    if_missed: IfMissed = IfMissed.ASK


class SpanIn(_In):
    opens_s: int = Field(ge=0, le=_DAY_S)
    closes_s: int = Field(ge=0, le=_DAY_S)


class DripIn(_In):
    """At most `batch` recipients every `interval_s`, on `days` (Monday is 0), within `span`."""

    batch: int = Field(ge=0, le=_INT)
    interval_s: int = Field(ge=0, le=_INT)
    days: frozenset[Annotated[int, Field(ge=0, le=6)]]
    span: SpanIn
    zone: Zone
    ends_on: date | None = None

    def told(self) -> Drip:
        span = Span(self.span.opens_s, self.span.closes_s)
        return Drip(self.batch, self.interval_s, self.days, span, self.zone, self.ends_on)


class LimitsIn(_In):
    failed_percent: Percent | None = _LIMITS.failed_percent
    opted_out_percent: Percent | None = _LIMITS.opted_out_percent
    at_least: int = Field(default=_LIMITS.at_least, ge=0, le=_INT)


class PlanIn(_In):
    """A whole plan: what is left out is as in an empty one."""

    sources: SourcesIn = SourcesIn()
    leaving: LeavingIn = LeavingIn()
    variants: list[VariantIn] = Field(default=[VariantIn(body="")], min_length=1, max_length=variants.MOST)
    answers: Answers = {}
    number_id: Id | None = None
    start: StartIn = StartIn()
    drip: DripIn | None = None
    rate: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)
    until_reply: bool = True
    quiet: bool = True
    limits: LimitsIn = LimitsIn()

    def told(self) -> Plan:
        return Plan(
            sources=self.sources.told(),
            leaving=Leaving(**self.leaving.model_dump()),
            variants=tuple(Variant(one.body, one.share) for one in self.variants),
            answers=_by_token(self.answers),
            number_id=self.number_id,
            start=Start(**self.start.model_dump()),
            drip=None if self.drip is None else self.drip.told(),
            rate=self.rate,
            until_reply=self.until_reply,
            quiet=self.quiet,
            limits=Limits(**self.limits.model_dump()),
        )


def _by_token(answers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): answer for name, answer in answers.items()}
