"""Filters that a workspace has saved, and what a filter can ask for. Another workspace's filter is not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from server.domain import filter_fields
from server.domain.filter_values import FilterFault
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.ports.filters import FilterNameTaken, SavedFilter

_FILTER: Final = f"/api/v1/filters/{part('filter_id')}"

routes: Final = Routes("filters")

FilterJson = dict[str, Any]
"""{"all": […]}, {"any": […]}, {"not": …} or {"field": …, "is": …, "value": …}: domain.filters reads it."""


def filter_problem(fault: FilterFault, field: str) -> Problem:
    """*field* is where the definition stands in the request; the fault knows the place in it."""
    return Problem(422, "filter", fault.sentence, field=f"{field}.{fault.at}" if fault.at else field)


class OperatorOut(BaseModel):
    """`input`: what a value is and how it is asked for; `none`: it takes none. days: a number of them."""

    model_config = ConfigDict(populate_by_name=True)

    is_: str = Field(serialization_alias="is")
    label: str
    input: filter_fields.Input


class FieldOut(BaseModel):
    """`name` is what stands in a condition's `field`. The input `choice` takes one of `choices`."""

    name: str
    label: str
    group: str
    operators: list[OperatorOut]
    choices: list[str]


class FieldsOut(BaseModel):
    """The workspace's own fields come last."""

    fields: list[FieldOut]


class FilterOut(BaseModel):
    """`definition` names tags, stages, members and the like by their ids."""

    filter_id: int
    name: str
    definition: FilterJson
    created_by: int | None
    changed_at: datetime


class FiltersOut(BaseModel):
    """By name."""

    filters: list[FilterOut]


def _name(written: str) -> str:
    name = " ".join(written.split())
    if not name or "\0" in name:
        raise ValueError("Give the filter a name.")
    return name


Name = Annotated[str, Field(max_length=100), AfterValidator(_name)]


class FilterIn(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Name
    definition: FilterJson


class FilterPatch(BaseModel):
    """What is not given stays."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Name | None = None
    definition: FilterJson | None = None


@routes.get("/api/v1/filters", MEMBER, answers={200: FiltersOut})
async def saved_filters(call: Call) -> Answer:
    """The workspace's filters, by name."""
    found = await call.deps.filters.all(call.member.workspace_id)
    return Answer({"filters": [_told(one) for one in found]})


@routes.get("/api/v1/filters/fields", MEMBER, answers={200: FieldsOut})
async def filter_fields_out(call: Call) -> Answer:
    """What a filter can ask for: fields, their operators, and what each operator's value is."""
    fields = await call.deps.filters.fields(call.member.workspace_id)
    return Answer({"fields": [_field(one) for one in fields]})


@routes.post("/api/v1/filters", MEMBER, body=FilterIn, answers={201: FilterOut})
async def save_filter(call: Call, body: FilterIn) -> Answer:
    """Save a filter for everybody in the workspace."""
    member = call.member
    try:
        saved = await call.deps.filters.add(member.workspace_id, member.member_id, body.name, body.definition)
    except FilterFault as fault:
        raise filter_problem(fault, "definition") from None
    return Answer(_told(_there(saved)), 201)


@routes.patch(_FILTER, MEMBER, body=FilterPatch, answers={200: FilterOut})
async def change_filter(call: Call, filter_id: int, body: FilterPatch) -> Answer:
    """Give a filter another name or another definition."""
    try:
        saved = await call.deps.filters.change(
            call.member.workspace_id, filter_id, name=body.name, definition=body.definition
        )
    except FilterFault as fault:
        raise filter_problem(fault, "definition") from None
    return Answer(_told(_there(saved)))


@routes.delete(_FILTER, MEMBER, answers={204: None})
async def remove_filter(call: Call, filter_id: int) -> Answer:
    """Forget a filter. Nobody whom it finds is touched."""
    if not await call.deps.filters.remove(call.member.workspace_id, filter_id):
        raise not_found()
    return Answer(status=204)


def _there(outcome: SavedFilter | FilterNameTaken | None) -> SavedFilter:
    match outcome:
        case SavedFilter():
            return outcome
        case FilterNameTaken():
            raise Problem(409, "name_taken", "There is a filter of that name.", field="name")
        case None:
            raise not_found()


def _told(saved: SavedFilter) -> dict[str, Any]:
    return {
        "filter_id": saved.filter_id,
        "name": saved.name,
        "definition": saved.definition,
        "created_by": saved.created_by,
        "changed_at": saved.changed_at,
    }


def _field(field: filter_fields.Field) -> Mapping[str, Any]:
    operators = [{"is": op, "label": one.label, "input": one.input} for op, one in field.operators.items()]
    head = {"name": field.name, "label": field.label, "group": field.group}
    return {**head, "operators": operators, "choices": list(field.choices)}
