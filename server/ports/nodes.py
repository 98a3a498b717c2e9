"""Several servers on one database: what they whisper to each other, and where each looks for itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from server.domain.messages import ReadMark, SettingsChanged


class BusLost(Exception):
    """The bus cannot be reached now. Nothing that must hold leans on it."""


class Bus(Protocol):
    """Carries what one server says to all, itself included. May lose, repeat and reorder."""

    async def say(self, message: bytes) -> None:
        """Raises BusLost; it may have been heard all the same."""

    async def listen(self, heard: Callable[[bytes], None], silence_s: float) -> None:
        """Call *heard*, which does not wait, with every message. Never returns.

        Raises BusLost, also where nothing was heard for *silence_s*.
        """


@dataclass(frozen=True, slots=True)
class Standing:
    """`p`: everything below it is visible to reads from now on. `living`: generations of the servers that run. `epoch`:
    the history that this is of; None of a standby."""

    p: int
    living: frozenset[int]
    epoch: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Since a position: (workspace, thread, version) of rows, marks of members, campaigns by workspace."""

    rows: Sequence[tuple[int, int, int]]
    marks: Sequence[ReadMark]
    campaigns: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Silence:
    """What the database says of an endpoint: whether bulk may not reach it."""

    workspace_id: int
    endpoint_id: int
    opted_out: bool
    held: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A server that runs, or ended a while ago. `tree`: its actors as it told them `told_s` ago; None: it told none.

    `left_at`: it ended in order, or its process is gone; `fenced_at`: it was taken over; `silent_s`: without a lease.
    """

    gen: int
    host: str
    pid: int
    started_at: datetime
    holds: bool
    left_at: datetime | None
    fenced_at: datetime | None
    silent_s: float
    told_s: float | None
    tree: Mapping[str, Any] | None


class Trees(Protocol):
    """What each server shows of its actors. Not kept over a crash of the database."""

    async def tell_tree(self, gen: int, tree: Mapping[str, Any]) -> None: ...

    async def seen(self) -> Sequence[NodeSeen]:
        """The servers of the last quarter of an hour, the newest first, with what each told last."""


class Elsewhere(Protocol):
    """What other servers committed."""

    async def standing(self) -> Standing: ...

    async def changed(
        self, workspace_ids: Collection[int], member_ids: Collection[int], campaign_ids: Collection[int], since: int
    ) -> Changed:
        """By transactions that a read as of *since* could not see; repeats are possible, holes are not. With the open
        campaigns, and those of *campaign_ids*, whose figures may have moved."""

    async def marks(self, member_ids: Collection[int], since: int) -> Sequence[ReadMark]:
        """Of these members, moved since then."""

    async def silences(self, endpoint_ids: Collection[int]) -> Sequence[Silence]: ...

    async def stops(self, campaign_ids: Collection[int]) -> Mapping[int, int]:
        """Up to which place in the outbox the texts of each are from before its last stop or change."""

    async def settings(self, workspace_ids: Collection[int]) -> Sequence[SettingsChanged]:
        """At which version those of each workspace are."""

    async def ended(self, token_hashes: Collection[bytes]) -> Collection[bytes]:
        """Which of these are of no login and of no token that is good still."""
