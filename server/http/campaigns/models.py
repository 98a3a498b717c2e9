"""What the API of texts in bulk takes and tells: audiences, texts, previews, recipients."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from server.domain.campaigns.audience import MAX_TEXT, Exclusion
from server.http.ids import Id
from server.ports import Member
from server.ports.bulk import Addresses, Audience, BulkText, ContactIds, Matching
from server.ws.protocol import BulkOut

RecipientFilter = Literal[
    "excluded", "pending", "in_flight", "wired", "delivered", "undelivered", "rejected", "unconfirmed", "skipped"
]


# What is sent


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AudienceIn(_In):
    """One of: contacts by id, everybody whom a filter (or a saved one) and words of search find, or numbers."""

    contact_ids: list[Id] | None = Field(default=None, max_length=5_000)
    addresses: list[Annotated[str, StringConstraints(max_length=100)]] | None = Field(default=None, max_length=3_000)
    filter_id: Id | None = None
    filter: dict[str, Any] | None = None
    q: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        searched = self.filter is not None or (self.q is not None and self.filter_id is None)
        kinds = (self.contact_ids is not None, self.addresses is not None, self.filter_id is not None, searched)
        if sum(kinds) != 1:
            raise ValueError("Say who gets it in one way: contact_ids, filter, filter_id or addresses")
        return self

    def told(self) -> Audience:
        if self.contact_ids is not None:
            return ContactIds(tuple(sorted(set(self.contact_ids))))
        if self.addresses is not None:
            return Addresses(tuple(self.addresses))
        return Matching(self.filter, self.filter_id, self.q or "")


class BulkIn(_In):
    """A text to many. `answers` stand in for values that a recipient does not have; `number_id` starts new threads."""

    audience: AudienceIn
    body: str = Field(min_length=1, max_length=MAX_TEXT)
    answers: dict[str, Annotated[str, StringConstraints(max_length=MAX_TEXT)]] = Field(default={}, max_length=50)
    number_id: Id | None = None

    def text(self, member: Member) -> BulkText:
        audience = self.audience.told()
        answers = {name.lower(): answer for name, answer in self.answers.items()}
        return BulkText(member.workspace_id, member.member_id, audience, self.body, answers, self.number_id)


class PreviewIn(BulkIn):
    """`at` asks for one place of the audience to be shown."""

    at: int = Field(default=0, ge=0)


class LaunchIn(BulkIn):
    """`expected_count` is the number of recipients that the member was shown and confirmed."""

    cmd_id: UUID
    expected_count: int = Field(ge=1)


class ListQuery(_In):
    cursor: Id | None = None
    limit: int = Field(default=20, ge=1, le=50)


class RecipientsQuery(_In):
    state: RecipientFilter | None = None
    cursor: int = Field(default=0, ge=0, le=2**31 - 1)
    limit: int = Field(default=50, ge=1, le=200)


# What is told


class ExcludedOut(BaseModel):
    reason: Exclusion
    sentence: str
    count: int


class BulkSegmentsOut(BaseModel):
    min: int
    max: int
    total: int


class CostOut(BaseModel):
    """An estimate; `amount` as a decimal number in a text."""

    amount: str
    currency: str


class ShownOut(BaseModel):
    """One recipient's text as it would be sent. `excluded`: why that one gets none."""

    at: int
    of: int
    contact_id: int | None
    name: str | None
    address: str | None
    text: str
    segments: int
    encoding: str
    missing: list[str]
    excluded: Exclusion | None
    sentence: str | None


class BulkPreviewOut(BaseModel):
    """`longest`, `shortest` and `missing` are places in the audience; `names` counts who lacks which value."""

    audience: int
    recipients: int
    excluded: list[ExcludedOut]
    segments: BulkSegmentsOut
    cost: CostOut
    duration_s: float | None
    opt_in_required: bool
    longest: int | None
    shortest: int | None
    missing: list[int]
    names: dict[str, int]
    shown: ShownOut | None


class LaunchedOut(BaseModel):
    bulk_id: int
    again: bool


class BulkListOut(BaseModel):
    rows: list[BulkOut]
    next_cursor: int | None


class BulkRecipientOut(BaseModel):
    """`reason` says in words why somebody gets no text, or what became of it."""

    ord: int
    contact_id: int | None
    name: str | None
    address: str
    state: str
    delivery: str | None
    reason: str | None
    thread_id: int | None
    seq: int | None
    segments: int | None


class RecipientsOut(BaseModel):
    rows: list[BulkRecipientOut]
    next_cursor: int | None
