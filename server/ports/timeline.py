"""What happened with a contact: texts, calls, consent and imports in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from server.ports.contacts import MergedAway, Refused


@dataclass(frozen=True, slots=True)
class Happening:
    """`told` is what the API shows of it, by its kind; times are beside it."""

    kind: Literal["message", "consent", "call", "import"]
    at: datetime
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """The newest first; `next` is the cursor of what came before them."""

    items: Sequence[Happening]
    next: str | None


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call as the dialer tells it. `call_id` is its own name for it; the number is E.164, or a contact's first."""

    call_id: str
    direction: Literal["in", "out"]
    at: datetime
    address: str | None = None
    contact_id: int | None = None
    outcome: str = ""
    duration_s: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """`contact_id` None: the number is nobody's any more."""

    id: int
    endpoint_id: int
    contact_id: int | None


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A call that the dialer has told of."""

    endpoint_id: int
    address: str
    direction: Literal["in", "out"]
    at: datetime


class Timeline(Protocol):
    """Every method checks the workspace."""

    async def page(
        self, workspace_id: int, contact_id: int, *, before: str | None = None, limit: int = 50
    ) -> TimelinePage | MergedAway | None:
        """Keyset paged. Raises ValueError for a cursor that did not come from here."""

    async def record_call(
        self, workspace_id: int, member_id: int | None, call: NewCall
    ) -> RecordedCall | Refused | None:
        """Safe to repeat; told again, outcome, duration and note are brought up to date. None: no such contact.

        A number that nobody has becomes a contact, to be named later.
        """

    async def call_of(self, workspace_id: int, call_id: str) -> KnownCall | None:
        """The call that the dialer calls so."""
