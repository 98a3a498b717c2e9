"""What the API tells of a campaign's course: minutes, reasons, recipients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from server.http.campaigns.survey_models import OutlookOut


class AheadOut(BaseModel):
    """Null where nothing is planned: it does not drip, is paused, or nobody is left."""

    outlook: OutlookOut | None


RecipientState = Literal[
    "excluded",
    "pending",
    "in_flight",
    "wired",
    "rejected",
    "unconfirmed",
    "skipped",
    "sent",
    "delivered",
    "undelivered",
    "replied",
    "opted_out",
    "clicked",
]


def _listed(states: object) -> object:
    return [state for state in states.split(",") if state] if isinstance(states, str) else states


States = Annotated[list[RecipientState], BeforeValidator(_listed)]


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class MinutesQuery(_Query):
    """`since`: with its zone; all, where it is left out."""

    since: AwareDatetime | None = None


class WhichQuery(_Query):
    """`states`: with commas; `q`: words with which names begin, or three digits or more with which a number
    begins or ends.
    """

    states: States = []
    q: str = Field(default="", max_length=200)


class CampaignRecipientsQuery(WhichQuery):
    cursor: int = Field(default=0, ge=0, le=2**31 - 1)
    limit: int = Field(default=50, ge=1, le=200)


class MinuteOut(BaseModel):
    """Recipients to whom it happened in the minute that begins `at`."""

    at: datetime
    wired: int
    delivered: int
    failed: int
    replied: int
    opted_out: int
    clicked: int


class MinutesOut(BaseModel):
    """Those in which something happened, in their order."""

    rows: list[MinuteOut]


class ReasonOut(BaseModel):
    """`sentence`: why so many of this `state` have no text, or theirs failed; null where nobody knows."""

    state: str
    sentence: str | None
    reason: str | None
    error_class: str | None
    error_code: str | None
    count: int


class ReasonsOut(BaseModel):
    """The most frequent first."""

    rows: list[ReasonOut]


class CampaignRecipientOut(BaseModel):
    """`reason` says in words why somebody gets no text, or what became of it."""

    ord: int
    contact_id: int | None
    name: str | None
    address: str
    variant: int
    state: str
    delivery: str | None
    reason: str | None
    replied_at: datetime | None
    opted_out_at: datetime | None
    clicked_at: datetime | None
    thread_id: int | None
    seq: int | None
    segments: int | None


class CampaignRecipientsOut(BaseModel):
    """In the order of the snapshot."""

    rows: list[CampaignRecipientOut]
    next_cursor: int | None
