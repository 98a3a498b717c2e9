"""What a workspace describes people with: tags, pipelines and their stages, custom fields. Its members and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.domain.fields import FieldKind
from server.ports.contacts import Refused


@dataclass(frozen=True, slots=True)
class Tag:
    """`contacts`: how many have it."""

    tag_id: int
    name: str
    contacts: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """`contacts`: how many stand in it."""

    stage_id: int
    name: str
    position: int
    contacts: int = 0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages in their order."""

    pipeline_id: int
    name: str
    position: int
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomField:
    """Its `name` is its token and stays; `kind` too."""

    field_id: int
    name: str
    label: str
    kind: FieldKind
    choices: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member, as others see them."""

    member_id: int
    name: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class OwnNumber:
    number_id: int
    address: str
    label: str
    owner_id: int | None = None
    owner: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class InUse:
    """It cannot go: so many contacts stand in it."""

    contacts: int


class Catalogue(Protocol):
    """Every method checks the workspace; None or False: it is not there. `Refused` says which field and why."""

    async def tags(self, workspace_id: int) -> Sequence[Tag]:
        """By name."""

    async def add_tag(self, workspace_id: int, name: str) -> Tag:
        """The one of that name, whatever its capitals; new where there is none."""

    async def rename_tag(self, workspace_id: int, tag_id: int, name: str) -> Tag | Refused | None: ...
    async def remove_tag(self, workspace_id: int, tag_id: int) -> bool:
        """From everybody who has it, too."""

    async def pipelines(self, workspace_id: int) -> Sequence[Pipeline]: ...
    async def add_pipeline(self, workspace_id: int, name: str, stages: Sequence[str]) -> Pipeline | Refused: ...
    async def change_pipeline(
        self, workspace_id: int, pipeline_id: int, *, name: str | None = None, position: int | None = None
    ) -> Pipeline | Refused | None: ...
    async def remove_pipeline(self, workspace_id: int, pipeline_id: int, *, even_in_use: bool) -> InUse | bool: ...
    async def add_stage(
        self, workspace_id: int, pipeline_id: int, name: str, position: int | None = None
    ) -> Stage | Refused | None: ...
    async def change_stage(
        self,
        workspace_id: int,
        pipeline_id: int,
        stage_id: int,
        *,
        name: str | None = None,
        position: int | None = None,
    ) -> Stage | Refused | None:
        """*position* is its place among the stages, from 0; the others move."""

    async def remove_stage(
        self, workspace_id: int, pipeline_id: int, stage_id: int, *, even_in_use: bool
    ) -> InUse | bool: ...

    async def fields(self, workspace_id: int) -> Sequence[CustomField]: ...
    async def add_field(
        self, workspace_id: int, name: str, label: str, kind: FieldKind, choices: Sequence[str]
    ) -> CustomField | Refused:
        """Refused where the name means something already (domain.fields.name_fault) or is taken."""

    async def change_field(
        self,
        workspace_id: int,
        field_id: int,
        *,
        label: str | None = None,
        choices: Sequence[str] | None = None,
        position: int | None = None,
    ) -> CustomField | Refused | None: ...
    async def remove_field(self, workspace_id: int, field_id: int) -> bool:
        """With its values in all contacts."""

    async def members(self, workspace_id: int) -> Sequence[Colleague]: ...
    async def numbers(self, workspace_id: int) -> Sequence[OwnNumber]: ...
