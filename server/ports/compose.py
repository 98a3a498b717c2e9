"""What composing needs from the store: where a text goes, and many texts in one commit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from server.domain.timetable import Local
from server.ports import EnqueueMt, EnqueueResult


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a command is for: a number in E.164, or a contact."""

    cmd_id: UUID
    address: str | None = None
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class Whom:
    """One of the three."""

    address: str | None = None
    contact_id: int | None = None
    thread_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """There is no thread to write to: no such contact, a contact without a phone, no number to write from, or one whose
    conversation goes over a colleague's own number.
    """

    why: Literal["no_contact", "no_phone", "no_number", "anothers_number"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed of a text for later; None: stays as it is. `segments` belong to the body."""

    body: str | None = None
    segments: int | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    cancel_on_reply: bool | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A text for later that has not left; `cancel_on_reply`: it will not where the contact writes first."""

    body: str
    send_at: datetime
    cancel_on_reply: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A text of ours: its words, and its pictures as addresses and content types."""

    body: str
    media: tuple[tuple[str, str], ...]


class Compose(Protocol):
    """Every method checks the workspace."""

    async def open_threads(
        self, workspace_id: int, wanted: Sequence[Wanted], number_id: int | None, now: datetime
    ) -> Sequence[int | Unreachable]:
        """The thread of each, made where there is none; a number that nobody has becomes a contact to be named later.

        `number_id` is what new threads are written from; None: the workspace's first number. Safe to repeat.
        """

    async def whereabouts(
        self, workspace_id: int, whom: Whom, at: datetime, *, later: bool = False
    ) -> Whereabouts | Unreachable:
        """Whom a text would reach at *at*; makes nothing. *later*: it waits for the workspace's own hours too."""

    async def quick(
        self, workspace_id: int, member_id: int, asked: QuickAsked, at: datetime
    ) -> QuickFacts | Unreachable:
        """All that a text of this member during a call needs to know, in one turn at the database, in two with a
        template. Makes nothing."""

    async def enqueue_bulk(self, mts: Sequence[EnqueueMt]) -> Sequence[EnqueueResult]:
        """T2 for many texts in one commit, each judged by itself. Raises ValueError where a `cmd_id` stands twice."""

    async def cancel(self, workspace_id: int, thread_id: int, seq: int, member_id: int, now: datetime) -> str | None:
        """Take a text back that waits. Its state after that: `cancelled`, or what it had become before, `sending` where
        it is on its way at this moment. None where there is no such text."""

    async def said(self, workspace_id: int, thread_id: int, seq: int) -> Said | None:
        """None where there is no such text of ours."""

    async def planned(self, workspace_id: int, thread_id: int, seq: int) -> Planned | None:
        """A text for later as it stands; None where there is none that can be changed."""

    async def change(
        self, workspace_id: int, thread_id: int, seq: int, member_id: int, change: Change, now: datetime
    ) -> str | None:
        """Change a text that is to leave later. `queued`: it was changed; `not_later`: it is none that can be; else the
        state that it had reached before. None where there is no such text."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Whom a text would reach, and what is known of them. `thread_id` None: nobody has written yet."""

    address: str
    name: str | None
    contact_id: int | None
    thread_id: int | None
    opted_out: bool
    held: bool
    carrier_blocked: bool
    invalid_code: str | None
    local: Local


@dataclass(frozen=True, slots=True)
class QuickAsked:
    """A text during a call: whom it is for, which call it is, by the dialer's name for it, and what it is made of."""

    whom: Whom
    call_id: str | None = None
    template_id: int | None = None


@dataclass(frozen=True, slots=True)
class Filling:
    """A template, what its tokens stand for with its recipient, None where that is not known, and all known names."""

    body: str
    values: Mapping[str, str | None]
    known: Collection[str]


@dataclass(frozen=True, slots=True)
class QuickFacts:
    """`thread_id`: where it goes at once; None: `open_threads` has to be asked. `call`: None where no such call with
    this number is known. `filling`: None where no such template is."""

    found: Whereabouts
    thread_id: int | None
    call: int | None
    filling: Filling | None


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """What a member has typed and not sent; thread 0 is New Message, `recipient` what stood in its To."""

    thread_id: int
    body: str
    recipient: str
    media: tuple[str, ...]
    changed_at: datetime


class Drafts(Protocol):
    """Of the member who asks, and of nobody else."""

    async def draft(self, workspace_id: int, member_id: int, thread_id: int) -> SavedDraft | None:
        """What stands there, also where it was emptied. None where nothing was ever typed."""

    async def save_draft(self, workspace_id: int, member_id: int, draft: SavedDraft) -> SavedDraft | None:
        """What is stored after this: of two, the one that was changed later. None where there is no such thread."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture. Whoever has `token` may fetch it."""

    media_id: UUID
    token: str
    content_type: str

    @property
    def path(self) -> str:
        return f"/media/{self.token}"


class Pictures(Protocol):
    async def add(self, workspace_id: int, member_id: int, content_type: str, name: str, content: bytes) -> Picture: ...

    async def content(self, token: str) -> tuple[str, bytes] | None:
        """Type and bytes, for whoever has the token."""

    async def of(self, workspace_id: int, ids: Sequence[UUID]) -> Sequence[Picture] | None:
        """In the order of the ids; None where one of them is not this workspace's."""
