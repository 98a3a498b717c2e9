"""What composing needs from the store: where a text goes, and many texts in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from server.ports import EnqueueMt, EnqueueResult


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a command is for: a number in E.164, or a contact."""

    cmd_id: UUID
    address: str | None = None
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """There is no thread to write to: no such contact, a contact without a phone, or no number to write from."""

    why: Literal["no_contact", "no_phone", "no_number"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed of a text for later; None: stays as it is. `segments` belong to the body."""

    body: str | None = None
    segments: int | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    cancel_on_reply: bool | None = None


class Compose(Protocol):
    """Every method checks the workspace."""

    async def open_threads(
        self, workspace_id: int, wanted: Sequence[Wanted], number_id: int | None, now: datetime
    ) -> Sequence[int | Unreachable]:
        """The thread of each, made where there is none; a number that nobody has becomes a contact to be named later.

        `number_id` is what new threads are written from; None: the workspace's first number. Safe to repeat.
        """

    async def enqueue_bulk(self, mts: Sequence[EnqueueMt]) -> Sequence[EnqueueResult]:
        """T2 for many texts in one commit, each judged by itself. Raises ValueError where a `cmd_id` stands twice."""

    async def cancel(self, workspace_id: int, thread_id: int, seq: int, member_id: int, now: datetime) -> str | None:
        """Take a text back that waits. Its state after that: `cancelled`, or what it had become before, `sending` where
        it is on its way at this moment. None where there is no such text."""

    async def change(
        self, workspace_id: int, thread_id: int, seq: int, member_id: int, change: Change, now: datetime
    ) -> str | None:
        """Change a text that is to leave later. `queued`: it was changed; `not_later`: it is none that can be; else the
        state that it had reached before. None where there is no such text."""
