"""What the API tells of what a launch would do: counts, costs, faults, and the text that one contact would get."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from server.domain.campaigns import variants
from server.domain.campaigns.wording_warnings import Kind
from server.http.campaigns.models import BulkSegmentsOut, CostOut, ExcludedOut
from server.http.campaigns.plan_models import Body
from server.http.ids import BIGINT, Id
from server.ports.campaigns import Part

_Q: Final = 200


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SampleQuery(_Query):
    """`variant`: which of the texts; the lot falls at the launch."""

    contact_id: Id
    variant: int = Field(default=0, ge=0, lt=variants.MOST)


class PeopleQuery(_Query):
    """`q`: as the list of people is searched. `cursor`: the contact after which it goes on."""

    q: str = Field(default="", max_length=_Q)
    cursor: Annotated[int, Field(ge=0, le=BIGINT)] = 0
    limit: int = Field(default=20, ge=1, le=100)


class PlanFaultOut(BaseModel):
    """Why it cannot be launched, at the step of the wizard that mends it."""

    part: Part
    sentence: str


class FoundOut(BaseModel):
    """`longest`, `shortest` and `missing` are contacts; `names` counts who lacks which value; `zones` are those of the
    recipients; `per_s`: recipients in a second.
    """

    audience: int
    recipients: int
    excluded: list[ExcludedOut]
    segments: BulkSegmentsOut
    cost: CostOut
    longest: int | None
    shortest: int | None
    missing: list[int]
    names: dict[str, int]
    zones: list[str]
    per_s: float | None
    duration_s: float | None
    opt_in_required: bool


class StretchOut(BaseModel):
    begins: datetime
    ends: datetime


class BarOut(BaseModel):
    """So many recipients, in batches that begin in the `bar_s` seconds from `at` on."""

    at: datetime
    count: int


class OutlookOut(BaseModel):
    """A drip as it is drawn. `closed`: no batch begins, by its own days and hours; `quiet`: quiet hours of some of its
    recipients. Both without what is too short to be seen. `ends_at`: the end of its last day.
    """

    bar_s: int
    bars: list[BarOut]
    closed: list[StretchOut]
    quiet: list[StretchOut]
    ends_at: datetime | None


class HomeOut(BaseModel):
    """When the hour of a recipient's own clock comes in a zone; `sentence` as of the start."""

    zone: str
    at: datetime
    sentence: str | None


class TimingOut(BaseModel):
    """`sentence`: what became of an hour that the clock skips or shows twice. Of a drip: how many `batches`, the
    `first_at`, and how many are `left_over` at its end date. `done_at`: when the last text leaves, where that is known.
    `homes`: of a start on each recipient's own clock, the earliest first.
    """

    begins_at: datetime
    sentence: str | None
    batches: int | None
    first_at: datetime | None
    done_at: datetime | None
    left_over: int
    outlook: OutlookOut | None = None
    homes: list[HomeOut] = Field(default_factory=list)


class WordingWarningOut(BaseModel):
    """What the author should look at; it refuses nothing. `length` characters at `at` are meant, 0: the whole text."""

    kind: Kind
    sentence: str
    at: int
    length: int


class WordingIn(BaseModel):
    """The texts of a campaign as they stand in the editor, saved or not."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    texts: list[Body] = Field(min_length=1, max_length=variants.MOST)


class WordingOut(BaseModel):
    """Of each text what is to be looked at; of one that is not written yet nothing."""

    warnings: list[list[WordingWarningOut]]


class SurveyOut(BaseModel):
    """What a launch would do now; with `faults`, nothing. `found` is null where nobody can say who the audience is,
    `timing` where there is no such start. `warnings`: of each variant, and none of them keeps it from a launch.
    """

    faults: list[PlanFaultOut]
    warnings: list[list[WordingWarningOut]]
    found: FoundOut | None
    timing: TimingOut | None


class SampleOut(BaseModel):
    """The text that one contact would get. `excluded` and its `sentence`: why that one gets none."""

    contact_id: int
    name: str | None
    address: str | None
    variant: int
    text: str
    segments: int
    encoding: str
    missing: list[str]
    excluded: str | None
    sentence: str | None


class PersonOut(BaseModel):
    contact_id: int
    name: str | None
    address: str | None
    excluded: str | None
    sentence: str | None


class CampaignPeopleOut(BaseModel):
    """Contacts of the audience by id, to choose one to look at."""

    rows: list[PersonOut]
    next_cursor: int | None
