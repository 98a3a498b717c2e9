"""Custom fields. A field's name is its token in texts: it stays, and is none that means something already."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from server.domain.fields import FieldKind, name_for
from server.domain.roles import Deed
from server.http.call import Answer, Call
from server.http.errors import not_found, refused
from server.http.ids import part
from server.http.rules import MEMBER, Routes, whoever_may
from server.ports.catalogue import CustomField
from server.ports.contacts import Refused

_FIELD: Final = f"/api/v1/custom-fields/{part('field_id')}"

Label = Annotated[
    str, Field(max_length=80), AfterValidator(lambda written: " ".join(written.split())), Field(min_length=1)
]
Choice = Annotated[str, Field(max_length=200)]

_RULE: Final = whoever_may(Deed.CHANGE_FIELDS)

routes: Final = Routes("custom-fields")


class CustomFieldOut(BaseModel):
    """`name` is its token: {{name}}. `choices` are those of a choice, empty for other kinds."""

    field_id: int
    name: str
    label: str
    kind: FieldKind
    choices: list[str]
    position: int


class CustomFieldsOut(BaseModel):
    """In their order."""

    custom_fields: list[CustomFieldOut]


class CustomFieldIn(BaseModel):
    """Without a `name` one is made of the label."""

    model_config = ConfigDict(extra="forbid")

    label: Label
    name: str | None = Field(default=None, max_length=60)
    kind: FieldKind = FieldKind.TEXT
    choices: list[Choice] = Field(default_factory=list, max_length=200)


class CustomFieldPatch(BaseModel):
    """Values that were chosen stay, also where their choice goes."""

    model_config = ConfigDict(extra="forbid")

    label: Label | None = None
    choices: list[Choice] | None = Field(default=None, max_length=200)
    position: int | None = Field(default=None, ge=0, le=10_000)


@routes.get("/api/v1/custom-fields", MEMBER, answers={200: CustomFieldsOut})
async def custom_fields(call: Call) -> Answer:
    """The workspace's own fields."""
    fields = await call.deps.catalogue.fields(call.member.workspace_id)
    return Answer(CustomFieldsOut(custom_fields=[_field(field) for field in fields]))


@routes.post("/api/v1/custom-fields", _RULE, body=CustomFieldIn, answers={201: CustomFieldOut})
async def add_custom_field(call: Call, body: CustomFieldIn) -> Answer:
    """Make a field. A name that means something already, or is taken, is refused."""
    name = name_for(body.label) if body.name is None else body.name.strip()
    return Answer(
        _told(await call.deps.catalogue.add_field(call.member.workspace_id, name, body.label, body.kind, body.choices)),
        201,
    )


@routes.patch(_FIELD, _RULE, body=CustomFieldPatch, answers={200: CustomFieldOut})
async def change_custom_field(call: Call, field_id: int, body: CustomFieldPatch) -> Answer:
    """Change a field's label, choices or place; its name and kind stay."""
    changed = await call.deps.catalogue.change_field(
        call.member.workspace_id, field_id, label=body.label, choices=body.choices, position=body.position
    )
    return Answer(_told(changed))


@routes.delete(_FIELD, _RULE, answers={204: None})
async def remove_custom_field(call: Call, field_id: int) -> Answer:
    """Delete a field, with its values in all contacts."""
    if not await call.deps.catalogue.remove_field(call.member.workspace_id, field_id):
        raise not_found()
    return Answer(status=204)


def _told(outcome: CustomField | Refused | None) -> CustomFieldOut:
    match outcome:
        case None:
            raise not_found()
        case Refused():
            raise refused(outcome)
        case CustomField():
            return _field(outcome)


def _field(field: CustomField) -> CustomFieldOut:
    return CustomFieldOut(
        field_id=field.field_id,
        name=field.name,
        label=field.label,
        kind=field.kind,
        choices=list(field.choices),
        position=field.position,
    )
