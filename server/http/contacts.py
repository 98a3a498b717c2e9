"""Contacts: made, read, edited in place and deleted, with their phones, tags, stages and showings.

Another workspace's contact is not there. A number belongs to one contact, however it is written. A contact that became
part of another one answers 410 with `merged_into`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, RootModel, model_validator

from server.domain.contact import checked_text
from server.domain.fields import FieldFault
from server.domain.phone import for_people, normalise
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.rules import MEMBER, Routes
from server.ports.contacts import (
    Changed,
    ContactRow,
    MergedAway,
    NewPhone,
    PhoneTaken,
    Refused,
    Showing,
    Stale,
)

_BIGINT: Final = 2**63 - 1
CONTACT: Final = f"/api/v1/contacts/<int(max={_BIGINT}):contact_id>"
_PHONE: Final = f"{CONTACT}/phones/<int(max={_BIGINT}):endpoint_id>"
_SHOWING: Final = f"{CONTACT}/showings/<int(max={_BIGINT}):showing_id>"

Id = Annotated[int, Field(ge=1, le=_BIGINT)]

routes: Final = Routes("contacts")


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


_COLUMNS: Final = tuple(column.name for column in fields(ContactRow))


def contact_out(row: ContactRow) -> dict[str, Any]:
    """`ContactOut`; what it is made of is encoded as it is."""
    return {name: getattr(row, name) for name in _COLUMNS}


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

    version: int | None = Field(default=None, ge=1, le=_BIGINT)


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


# Routes


@routes.post("/api/v1/contacts", MEMBER, body=ContactIn, answers={201: ContactOut})
async def create_contact(call: Call, body: ContactIn) -> Answer:
    """Make a contact. 409 where one of the numbers belongs to another one, with its `contact_id` and `name`."""
    member = call.member
    made = await call.deps.contacts.create(
        member.workspace_id, member.member_id, body.given(), _distinct(body.phones), tags=body.tags
    )
    return Answer(_row(made), 201)


def _distinct(phones: Sequence[PhoneIn]) -> list[NewPhone]:
    """The same number in another spelling is the same number; its first label counts."""
    labels: dict[str, str] = {}
    for one in phones:
        labels[one.phone] = labels.get(one.phone) or one.label
    return [NewPhone(address, label) for address, label in labels.items()]


@routes.get(CONTACT, MEMBER, answers={200: ContactOut})
async def contact(call: Call, contact_id: int) -> Answer:
    """One contact."""
    return Answer(_row(await call.deps.contacts.get(call.member.workspace_id, contact_id)))


@routes.patch(CONTACT, MEMBER, body=ContactPatch, answers={200: ContactOut})
async def change_contact(call: Call, contact_id: int, body: ContactPatch) -> Answer:
    """Edit in place: only the fields that are named change."""
    member = call.member
    changed = await call.deps.contacts.change(
        member.workspace_id, member.member_id, contact_id, body.given(), body.version
    )
    return Answer(_row(changed))


@routes.delete(CONTACT, MEMBER, answers={204: None})
async def delete_contact(call: Call, contact_id: int) -> Answer:
    """Hide a contact. Its numbers become free; their conversations, opt-outs and consent stay."""
    member = call.member
    if not await call.deps.contacts.delete(member.workspace_id, member.member_id, contact_id):
        raise not_found()
    return Answer(status=204)


@routes.post(f"{CONTACT}/merge", MEMBER, body=MergeIn, answers={200: ContactOut})
async def merge_contacts(call: Call, contact_id: int, body: MergeIn) -> Answer:
    """Make the other contact part of this one, with its numbers, conversations and opt-outs. Cannot be taken back."""
    member = call.member
    merged = await call.deps.contacts.merge(member.workspace_id, member.member_id, contact_id, body.other_id)
    return Answer(_row(merged))


@routes.post(f"{CONTACT}/phones", MEMBER, body=PhoneIn, answers={200: ContactOut})
async def add_phone(call: Call, contact_id: int, body: PhoneIn) -> Answer:
    """Add a number, the last by priority. 409 where it belongs to another contact, with its `contact_id` and `name`."""
    member, phone = call.member, NewPhone(body.phone, body.label)
    return Answer(_row(await call.deps.contacts.add_phone(member.workspace_id, member.member_id, contact_id, phone)))


@routes.patch(_PHONE, MEMBER, body=PhonePatch, answers={200: ContactOut})
async def change_phone(call: Call, contact_id: int, endpoint_id: int, body: PhonePatch) -> Answer:
    """Label a number, or move it."""
    member = call.member
    changed = await call.deps.contacts.change_phone(
        member.workspace_id, member.member_id, contact_id, endpoint_id, label=body.label, priority=body.priority
    )
    return Answer(_row(changed))


@routes.delete(_PHONE, MEMBER, answers={200: ContactOut})
async def remove_phone(call: Call, contact_id: int, endpoint_id: int) -> Answer:
    """Take a number from a contact; its conversation and consent stay."""
    member = call.member
    return Answer(
        _row(await call.deps.contacts.remove_phone(member.workspace_id, member.member_id, contact_id, endpoint_id))
    )


@routes.put(f"{CONTACT}/tags", MEMBER, body=TagsIn, answers={200: ContactOut})
async def set_tags(call: Call, contact_id: int, body: TagsIn) -> Answer:
    """Give a contact exactly these tags."""
    member = call.member
    changed = await call.deps.contacts.set_tags(
        member.workspace_id, member.member_id, contact_id, tag_ids=body.tag_ids, names=body.names
    )
    return Answer(_row(changed))


@routes.put(f"{CONTACT}/stages", MEMBER, body=StageIn, answers={200: ContactOut})
async def set_stage(call: Call, contact_id: int, body: StageIn) -> Answer:
    """Put a contact into a stage of a pipeline, or take it out."""
    member = call.member
    changed = await call.deps.contacts.set_stage(
        member.workspace_id, member.member_id, contact_id, body.pipeline_id, body.stage_id
    )
    return Answer(_row(changed))


@routes.get(f"{CONTACT}/values", MEMBER, answers={200: ValuesOut})
async def values(call: Call, contact_id: int) -> Answer:
    """What the tokens of a text to this contact stand for, written by this member."""
    member = call.member
    found = await call.deps.values.token_values(
        member.workspace_id, contact_id, member.member_id, call.deps.clock.wall()
    )
    if found is None:
        raise not_found()
    return Answer(found)


@routes.get(f"{CONTACT}/showings", MEMBER, answers={200: ShowingsOut})
async def showings(call: Call, contact_id: int) -> Answer:
    """Visits that were agreed on, past and future."""
    found = await call.deps.contacts.showings(call.member.workspace_id, contact_id)
    if found is None:
        raise not_found()
    return Answer({"showings": found})


@routes.post(f"{CONTACT}/showings", MEMBER, body=ShowingIn, answers={201: ShowingOut})
async def add_showing(call: Call, contact_id: int, body: ShowingIn) -> Answer:
    """Note a visit; the next one in the future is {{showing_time}}."""
    member, at = call.member, body.at.astimezone(UTC)
    made = await call.deps.contacts.add_showing(
        member.workspace_id, member.member_id, contact_id, body.property_address, at, body.note.strip()
    )
    if not isinstance(made, Showing):
        raise _problem(made)
    return Answer({name: getattr(made, name) for name in ShowingOut.model_fields}, 201)


@routes.delete(_SHOWING, MEMBER, answers={204: None})
async def remove_showing(call: Call, contact_id: int, showing_id: int) -> Answer:
    """Call a visit off."""
    member = call.member
    if not await call.deps.contacts.remove_showing(member.workspace_id, member.member_id, contact_id, showing_id):
        raise not_found()
    return Answer(status=204)


def _row(outcome: Changed) -> dict[str, Any]:
    if isinstance(outcome, ContactRow):
        return contact_out(outcome)
    raise _problem(outcome)


def _problem(outcome: Stale | MergedAway | PhoneTaken | Refused | None) -> Problem:
    match outcome:
        case Stale(present=row):
            sentence = "Somebody has changed this contact meanwhile."
            return Problem(409, "stale", sentence, field="version", more={"contact": contact_out(row)})
        case MergedAway(into=contact_id):
            sentence = "This contact has become part of another one."
            return Problem(410, "merged", sentence, more={"merged_into": contact_id})
        case PhoneTaken(address=address, contact_id=contact_id, name=name):
            whose = name or "a contact without a name"
            more = {"contact_id": contact_id, "name": name, "address": address}
            return Problem(409, "phone_taken", f"{for_people(address)} belongs to {whose}.", field="phone", more=more)
        case Refused(field=field, sentence=sentence):
            return Problem(422, "invalid", sentence, field=field)
        case None:
            return not_found()
