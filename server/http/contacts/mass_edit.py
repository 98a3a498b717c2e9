"""One change to many people: those who were ticked, or all that a filter and a search let through.

A large group is changed in chunks, each a transaction of its own. A change that is asked for twice changes nothing the
second time, so whoever is cut off asks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from server.domain.filter_values import FilterFault
from server.http.call import Answer, Call
from server.http.contacts.filters import filter_problem
from server.http.contacts.finding import FindIn, definition_of
from server.http.contacts.models import TagName
from server.http.errors import refused
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.ports.contacts import Refused
from server.ports.filters import Definition
from server.ports.mass_edit import MassEdit, ToOwner, ToStage

_MOST_TICKED: Final = 10_000
_CHUNK: Final = 2_000

routes: Final = Routes("contacts")


class EditAudienceIn(FindIn):
    """`contact_ids`, or a `filter` (or the id of a saved one) with `q`. An empty filter, {"all": []}, is everybody."""

    contact_ids: Annotated[list[Id], Field(max_length=_MOST_TICKED)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        asked = [self.contact_ids is not None, self.filter is not None, self.filter_id is not None]
        if sum(asked) != 1:
            raise ValueError("Say who: contact_ids, filter or filter_id, and only one of them")
        return self


class MoveIn(BaseModel):
    """`stage_id` null: out of the pipeline."""

    model_config = ConfigDict(extra="forbid")

    pipeline_id: Id
    stage_id: Id | None


class MassEditIn(BaseModel):
    """What is not given stays. `owner_id` null: nobody's."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    audience: EditAudienceIn
    add_tags: list[TagName] = Field(default_factory=list, max_length=20)
    remove_tag_ids: list[Id] = Field(default_factory=list, max_length=20)
    stage: MoveIn | None = None
    owner_id: Id | None = None

    def edit(self) -> MassEdit:
        return MassEdit(
            tuple(self.add_tags),
            tuple(self.remove_tag_ids),
            ToStage(self.stage.pipeline_id, self.stage.stage_id) if self.stage else None,
            ToOwner(self.owner_id) if "owner_id" in self.model_fields_set else None,
        )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.edit() == MassEdit():
            raise ValueError("Say what to change")
        return self


class MassEditOut(BaseModel):
    """`changed`: whoever had it already is not counted."""

    changed: int


@routes.post("/api/v1/contacts/edit", MEMBER, body=MassEditIn, answers={200: MassEditOut})
async def edit_contacts(call: Call, body: MassEditIn) -> Answer:
    """Tag people, move them to a stage or give them an owner."""
    member, edit = call.member, body.edit()
    definition = await definition_of(call, body.audience)
    changed = after = 0
    while ids := await _next(call, body.audience, definition, after):
        outcome = await call.deps.mass_edits.edit(member.workspace_id, member.member_id, ids, edit)
        if isinstance(outcome, Refused):
            raise refused(outcome)
        changed, after = changed + outcome, ids[-1]
    return Answer({"changed": changed})


async def _next(call: Call, audience: EditAudienceIn, definition: Definition | None, after: int) -> Sequence[int]:
    """The ids above *after*, ascending: whoever the change lets out of the filter is not looked for again."""
    if audience.contact_ids is not None:
        return sorted({id_ for id_ in audience.contact_ids if id_ > after})[:_CHUNK]
    try:
        return await call.deps.finder.ids_after(
            call.member.workspace_id, definition, audience.q, after=after, limit=_CHUNK
        )
    except FilterFault as fault:
        raise filter_problem(fault, "audience.filter") from None
