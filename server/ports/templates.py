"""What the API needs of saved texts and of the values that go into them.

A template is everybody's in the workspace, or one member's own; to all others that one is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypedDict


@dataclass(frozen=True, slots=True)
class TemplateFolder:
    """`templates` counts those in it."""

    folder_id: int
    name: str
    shared: bool
    templates: int


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A saved text. `version` rises with every change of it, not with its use."""

    template_id: int
    name: str
    body: str
    shared: bool
    folder_id: int | None
    version: int
    used: int
    used_at: datetime | None
    author_id: int | None
    author: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class NewTemplate:
    name: str
    body: str
    shared: bool
    folder_id: int | None


class TemplateChanges(TypedDict, total=False):
    """What shall be otherwise; the rest stays. A folder of the other kind is left when `shared` changes."""

    name: str
    body: str
    shared: bool
    folder_id: int | None


@dataclass(frozen=True, slots=True)
class TemplateSaved:
    template: TemplateRow


@dataclass(frozen=True, slots=True)
class TemplateStale:
    """Somebody has changed it since; this is how it stands."""

    template: TemplateRow


@dataclass(frozen=True, slots=True)
class NameTaken:
    """One of the same kind, everybody's or this member's, has that name, however it is capitalised."""


@dataclass(frozen=True, slots=True)
class NoSuchFolder:
    """There is no folder of that id for templates of that kind."""


@dataclass(frozen=True, slots=True)
class NotTheAuthor:
    """What others use can be taken back by its author only."""


@dataclass(frozen=True, slots=True)
class NotYours:
    """A shared template is changed by its author, or by whoever may change others'."""


@dataclass(frozen=True, slots=True)
class TooMany:
    most: int


TemplateOutcome = TemplateSaved | TemplateStale | NameTaken | NoSuchFolder | NotTheAuthor | NotYours | TooMany


@dataclass(frozen=True, slots=True)
class FieldToken:
    """A field of the workspace's own, by the name that is its token."""

    name: str
    label: str
    kind: str
    choices: Sequence[str]


class Templates(Protocol):
    """Each method is of one member of one workspace; None and False: it is not there for this member."""

    async def rows(self, workspace_id: int, member_id: int) -> Sequence[TemplateRow]:
        """All that this member may use, by name. Bounded: see TooMany."""
        ...

    async def one(self, workspace_id: int, member_id: int, template_id: int) -> TemplateRow | None: ...

    async def add(self, workspace_id: int, member_id: int, new: NewTemplate, now: datetime) -> TemplateOutcome: ...

    async def change(
        self,
        workspace_id: int,
        member_id: int,
        template_id: int,
        changes: TemplateChanges,
        version: int | None,
        now: datetime,
        *,
        others: bool,
    ) -> TemplateOutcome | None:
        """With *version*, only where it is still the present one. *others*: also what somebody else shares."""
        ...

    async def remove(
        self, workspace_id: int, member_id: int, template_id: int, version: int | None, *, others: bool
    ) -> bool | TemplateStale | NotYours: ...

    async def use(self, workspace_id: int, member_id: int, template_id: int, now: datetime) -> int | None:
        """Count one use; how many there are now."""
        ...

    async def folders(self, workspace_id: int, member_id: int) -> Sequence[TemplateFolder]: ...

    async def add_folder(
        self, workspace_id: int, member_id: int, name: str, *, shared: bool
    ) -> TemplateFolder | NameTaken | TooMany: ...

    async def rename_folder(
        self, workspace_id: int, member_id: int, folder_id: int, name: str
    ) -> TemplateFolder | NameTaken | None: ...

    async def remove_folder(self, workspace_id: int, member_id: int, folder_id: int, now: datetime) -> bool:
        """What lies in it stays, in no folder."""
        ...

    async def fields(self, workspace_id: int) -> Sequence[FieldToken]: ...

    async def contact_of(self, workspace_id: int, thread_id: int) -> ThreadContact | None: ...


@dataclass(frozen=True, slots=True)
class ThreadContact:
    """`contact_id` None: nobody has said whose number it is."""

    contact_id: int | None


class TokenValues(Protocol):
    """Where a contact's values for tokens come from."""

    async def token_values(
        self, workspace_id: int, contact_id: int, member_id: int, now: datetime
    ) -> Mapping[str, str | None] | None:
        """By token; None: the contact is not there. `agent_name` is the member's."""
        ...
