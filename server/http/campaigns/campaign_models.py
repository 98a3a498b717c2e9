"""What the API of campaigns takes and tells: names, changes, copies, queries of the list, and one with its plan."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from server.domain.campaigns.campaign import CampaignState
from server.http.campaigns.plan_models import PlanIn
from server.http.ids import Id
from server.ports.campaigns import Plan
from server.ws.protocol import CampaignOut

MAX_NAME: Final = 120  # characters


def _said(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise ValueError("Give the campaign a name.")
    return name


def _listed(states: object) -> object:
    return [state for state in states.split(",") if state] if isinstance(states, str) else states


Name = Annotated[str, StringConstraints(max_length=MAX_NAME), AfterValidator(_said)]
States = Annotated[list[CampaignState], BeforeValidator(_listed)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class CampaignIn(_In):
    """Once for each `cmd_id`."""

    cmd_id: UUID
    name: Name


class CampaignPatch(_In):
    """What is given changes, where `version` is the present one; a plan is replaced as a whole."""

    version: int = Field(ge=1)
    name: Name | None = None
    description: Annotated[str, StringConstraints(max_length=2_000)] | None = None
    plan: PlanIn | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> CampaignPatch:
        for name in ("name", "description", "plan"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"The {name} cannot be null. Leave it out to keep it.")
        return self


class DuplicateIn(_In):
    """Once for each `cmd_id`; `as_template`: to start others from."""

    cmd_id: UUID
    as_template: bool = False


class ArchiveIn(_In):
    archived: bool


class CampaignsQuery(_In):
    """`states`: with commas. `q`: each word of it stands in the name or the description."""

    states: States = []
    q: str = Field(default="", max_length=200)
    archived: bool = False
    templates: bool = False
    cursor: Id | None = None
    limit: int = Field(default=50, ge=1, le=100)


class CampaignsOut(BaseModel):
    """The newest first."""

    rows: list[CampaignOut]
    next_cursor: int | None


class CampaignWithPlanOut(CampaignOut):
    """A campaign, and what its wizard keeps of it."""

    plan: Plan
