"""The audit log: what was done, by whom and when. Here it is read; whoever does something writes it beside that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from server.domain.audit.kinds import Names


@dataclass(frozen=True, slots=True)
class AuditWish:
    """Which entries: of a member, of these kinds, in `[since, until)`. None: all."""

    member_id: int | None = None
    kinds: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`member` None: no member did it."""

    entry_id: int
    at: datetime
    action: str
    detail: Mapping[str, Any]
    member_id: int | None
    member: str | None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The newest first. `names`: what the entries' ids are called by now. `next` None: there are no more."""

    entries: Sequence[AuditEntry]
    names: Names
    next: str | None


class AuditLog(Protocol):
    async def page(self, workspace_id: int, wish: AuditWish, *, before: str | None, limit: int) -> AuditPage:
        """Raises ValueError for a cursor that is not from here."""
