"""What is said about a contact: how one looks in an answer, and what may be written of one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, RootModel, model_validator

from server.domain.contact import checked_text
from server.domain.fields import FieldFault
from server.domain.phone import normalise
from server.http.ids import BIGINT, Id

# What a contact looks like


class PhoneOut(BaseModel):
    """`priority`: the lowest is written to first. `thread_id` is the number's conversation.

    `held`: a text may have asked to stop, so no bulk until a person decides. `invalid_code` is the carrier's word for
    why the number gets no texts.
    """

    endpoint_id: int
    address: str
    label: str
    priority: int
    opted_out: bool
    held: bool
    carrier_blocked: bool
    invalid_code: str | None
    consented_at: datetime | None
    thread_id: int | None


class ContactTagOut(BaseModel):
    tag_id: int
    name: str


class ContactStageOut(BaseModel):
    pipeline_id: int
    pipeline: str
    stage_id: int
    stage: str


class OwnerOut(BaseModel):
    member_id: int
    name: str


class ContactOut(BaseModel):
    """A contact. `name` is empty where nobody has named them yet; `version` rises with every write."""

    contact_id: int
    name: str
    first_name: str
    last_name: str
    email: str
    phones: list[PhoneOut]
    tags: list[ContactTagOut]
    stages: list[ContactStageOut]
    owner: OwnerOut | None
    street: str
    city: str
    state: str
    zip: str
    zone: str | None
    property_address: str
    custom: dict[str, str | int | float | bool]
    source: str
    last_in_at: datetime | None
    last_out_at: datetime | None
    created_at: datetime
    version: int


class ShowingOut(BaseModel):
    showing_id: int
    property_address: str
    at: datetime
    note: str


class ShowingsOut(BaseModel):
    """By time."""

    showings: list[ShowingOut]


class ValuesOut(RootModel[dict[str, str | None]]):
    """By token, the workspace's own fields too; null where the contact has no value."""


# What is taken


def _text(name: str) -> Any:
    def check(written: str | None) -> str:
        try:
            return checked_text(name, written)
        except FieldFault as fault:
            raise ValueError(str(fault)) from None

    return AfterValidator(check)


def _e164(written: str) -> str:
    address = normalise(written)
    if address is None:
        raise ValueError("This is not a phone number that can get texts")
    return address


Phone = Annotated[str, Field(max_length=60), AfterValidator(_e164)]
Label = Annotated[str, Field(max_length=30), AfterValidator(lambda written: " ".join(written.split()))]
TagName = Annotated[
    str, Field(max_length=60), AfterValidator(lambda written: " ".join(written.split())), Field(min_length=1)
]


class PhoneIn(BaseModel):
    """`phone` in any spelling; one without a country code is North American."""

    model_config = ConfigDict(extra="forbid")

    phone: Phone
    label: Label = ""


class ContactValues(BaseModel):
    """What can be written. null empties a field; of `custom` only the fields that are named change."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    first_name: Annotated[str | None, _text("first_name")] = None
    last_name: Annotated[str | None, _text("last_name")] = None
    email: Annotated[str | None, _text("email")] = None
    owner_id: Id | None = None
    street: Annotated[str | None, _text("street")] = None
    city: Annotated[str | None, _text("city")] = None
    state: Annotated[str | None, _text("state")] = None
    zip: Annotated[str | None, _text("zip")] = None
    zone: Annotated[str | None, _text("zone")] = None
    property_address: Annotated[str | None, _text("property_address")] = None
    custom: dict[str, bool | int | float | str | None] | None = Field(default=None, max_length=200)

    def given(self) -> dict[str, Any]:
        """The fields that were named."""
        values = {name: getattr(self, name) for name in self.model_fields_set & ContactValues.model_fields.keys()}
        if "zone" in values:
            values["zone"] = values["zone"] or None
        return values


class ContactIn(ContactValues):
    """A new contact: somebody with a name, a number or an e-mail address. Tags by name; new ones are made."""

    phones: list[PhoneIn] = Field(default_factory=list, max_length=20)
    tags: list[TagName] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if not (self.first_name or self.last_name or self.email or self.phones):
            raise ValueError("Give a name, a phone number or an e-mail address")
        return self


class ContactPatch(ContactValues):
    """With `version`, the change is refused where somebody else was faster: 409 with the present row as `contact`."""

    version: int | None = Field(default=None, ge=1, le=BIGINT)


class MergeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    other_id: Id


class PhonePatch(BaseModel):
    """`priority`: the place among the contact's phones, from 0; the others move."""

    model_config = ConfigDict(extra="forbid")

    label: Label | None = None
    priority: int | None = Field(default=None, ge=0, le=100)


class TagsIn(BaseModel):
    """Exactly these tags, by id, by name or both; a name that is new becomes a tag."""

    model_config = ConfigDict(extra="forbid")

    tag_ids: list[Id] = Field(default_factory=list, max_length=200)
    names: list[TagName] = Field(default_factory=list, max_length=200)


class StageIn(BaseModel):
    """`stage_id` null: out of the pipeline."""

    model_config = ConfigDict(extra="forbid")

    pipeline_id: Id
    stage_id: Id | None


class ShowingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    property_address: Annotated[str, _text("property_address")] = ""
    at: AwareDatetime
    note: str = Field(default="", max_length=500)
