"""Finding people: by a filter, by what was typed, in one of three orders; and the filters that were saved."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from server.domain.filter_fields import Field

Sort = Literal["name", "activity", "created"]
"""By name, by the newest text, by creation; the newest first. Who has no name, or no text, comes last."""

Definition = Mapping[str, Any]
"""A filter's JSON (domain.filters)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page, in its order. `next_cursor` None: the last one."""

    contact_ids: tuple[int, ...]
    next_cursor: str | None


class Finder(Protocol):
    """Contacts of a workspace that a filter (None: everybody) and a search (empty: everybody) let through.

    Raises domain.filters.FilterFault for a definition that means nothing in this workspace.
    """

    async def page(
        self,
        workspace_id: int,
        definition: Definition | None = None,
        q: str = "",
        *,
        sort: Sort = "name",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Found:
        """Raises ValueError for a cursor that is not of this order."""

    async def count(self, workspace_id: int, definition: Definition | None = None, q: str = "") -> int: ...

    async def ids_after(
        self,
        workspace_id: int,
        definition: Definition | None = None,
        q: str = "",
        *,
        after: int = 0,
        limit: int = 5_000,
    ) -> Sequence[int]:
        """The next ids above *after*, ascending; fewer than *limit*: the last ones. Goes on after a crash."""

    def matching(
        self, workspace_id: int, definition: Definition | None = None, q: str = "", *, chunk: int = 5_000
    ) -> AsyncIterator[Sequence[int]]:
        """All ids, chunk by chunk, ascending, each chunk as of its own moment."""


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """`definition` names rows by their ids. One whose tag is gone is still there, and finds nobody but a fault."""

    filter_id: int
    name: str
    definition: Definition
    created_by: int | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FilterNameTaken:
    """Another filter of this workspace is called that, in whatever capitals."""


class SavedFilters(Protocol):
    """Filters that everybody in a workspace may use and change. Raises FilterFault as `Finder` does."""

    async def all(self, workspace_id: int) -> Sequence[SavedFilter]:
        """By name."""

    async def get(self, workspace_id: int, filter_id: int) -> SavedFilter | None: ...

    async def add(
        self, workspace_id: int, member_id: int, name: str, definition: Definition
    ) -> SavedFilter | FilterNameTaken: ...

    async def change(
        self, workspace_id: int, filter_id: int, *, name: str | None = None, definition: Definition | None = None
    ) -> SavedFilter | FilterNameTaken | None: ...

    async def remove(self, workspace_id: int, filter_id: int) -> bool: ...

    async def fields(self, workspace_id: int) -> Sequence[Field]:
        """What can be asked for, the workspace's own fields last."""
