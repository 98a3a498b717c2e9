"""What colleagues do with a thread beside texting: assign, close, snooze, claim, write notes to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from server.ports import ClaimedByOther, CommandConflict, Member, Mentions, NoSuchThread, ThreadCommands


@dataclass(frozen=True, slots=True)
class Assign:
    """`to` None: it is nobody's again."""

    thread_id: int
    to: int | None


@dataclass(frozen=True, slots=True)
class SetClosed:
    """Done with, until the contact writes again; or open again."""

    thread_id: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Snooze:
    """Out of sight until then, or until the contact writes; None: back at once."""

    thread_id: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class HoldClaim:
    """Take or renew the sole right to answer; `over`: even from the colleague who has it."""

    thread_id: int
    over: bool = False


@dataclass(frozen=True, slots=True)
class DropClaim:
    thread_id: int


@dataclass(frozen=True, slots=True)
class WriteNote:
    """The same `cmd_id` writes it once."""

    thread_id: int
    cmd_id: UUID
    body: str


TeamDeed = Assign | SetClosed | Snooze | HoldClaim | DropClaim | WriteNote


@dataclass(frozen=True, slots=True)
class TeamDone:
    """`seq`: of what it wrote into the thread's history; None where nothing was to write. `until`: a claim's end."""

    seq: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoSuchMember:
    """Not in this workspace, or disabled."""


TeamResult = TeamDone | NoSuchThread | NoSuchMember | ClaimedByOther | CommandConflict


class Team(Protocol):
    """Each deed is one transaction under the thread's lock, and safe to repeat."""

    async def do(self, workspace_id: int, member_id: int, deed: TeamDeed, now: datetime) -> TeamResult: ...

    async def wake_due(self, now: datetime, limit: int) -> int:
        """End the snoozes that are over; how many. Whoever snoozed a thread has something unread in it again."""

    async def see_mentions(self, workspace_id: int, member_id: int, thread_id: int) -> bool | None:
        """The member has looked at what they were asked to. False where nothing waited, None where no thread is."""

    async def mentions(self, member_ids: Sequence[int]) -> Mapping[int, Mentions]:
        """Where notes name each."""


class AllCommands(ThreadCommands, Protocol):
    """What members do with a thread, texting and beside it, in the thread's order.

    Raises CommandsBusy or StoreUnavailable: then it may or may not have taken effect.
    """

    async def team(self, member: Member, deed: TeamDeed) -> TeamResult: ...
