"""What a text in bulk needs from the store: who gets it, its launch, what is queued of it, its recall, and its figures.

A text in bulk is a campaign of kind 'bulk'. Its recipients are a snapshot; each is in one state at every moment, and
their sums are kept by whoever moves them, and of one moment whenever somebody asks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from server.domain.campaigns.audience import Exclusion

# Who


@dataclass(frozen=True, slots=True)
class ContactIds:
    """These people; who is deleted or of another workspace is none of them."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """Everybody whom a filter and words of search find: *definition*, or the saved one of *filter_id*."""

    definition: Mapping[str, Any] | None = None
    filter_id: int | None = None
    q: str = ""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Numbers, as somebody wrote them."""

    written: tuple[str, ...]


Audience = ContactIds | Matching | Addresses


class AudienceRefused(Exception):
    """This audience or this text cannot be used; the text is a sentence for people, `field` says what is wrong."""

    def __init__(self, sentence: str, field: str, at: int | None = None) -> None:
        super().__init__(sentence)
        self.field, self.at = field, at


# What


@dataclass(frozen=True, slots=True)
class BulkText:
    """A text to many, as a member wrote it. `answers` stand in for values that a recipient does not have.

    `number_id`: what new threads are written from; those that exist keep their own. None: the workspace's first.
    """

    workspace_id: int
    member_id: int
    audience: Audience
    body: str
    answers: Mapping[str, str] = field(default_factory=dict)
    number_id: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The text of the one who stands at `at` of `of` in the audience. `excluded`: why that one gets none."""

    at: int
    of: int
    contact_id: int | None
    name: str | None
    address: str | None
    text: str
    segments: int
    encoding: str
    missing: tuple[str, ...]
    excluded: Exclusion | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a launch would do now. `longest`, `shortest` and `missing` are places in the audience.

    `names`: tokens whose values somebody lacks, with how many. `cost` is for all segments together; `duration_s` at
    the sending number's pace.
    """

    audience: int
    recipients: int
    excluded: Mapping[Exclusion, int]
    segments_min: int
    segments_max: int
    segments_total: int
    cost: Decimal
    currency: str
    opt_in_required: bool
    longest: int | None
    shortest: int | None
    missing: tuple[int, ...]
    names: Mapping[str, int]
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Excluded:
    """One who gets no text, for the list that can be downloaded."""

    name: str
    address: str
    reason: Exclusion
    missing: tuple[str, ...] = ()


# Launch and recall


@dataclass(frozen=True, slots=True)
class Launched:
    """`again`: the same command had launched it before."""

    bulk_id: int
    again: bool


@dataclass(frozen=True, slots=True)
class CountDiffers:
    """Not launched: this many would get it now, not as many as the member was shown."""

    recipients: int


@dataclass(frozen=True, slots=True)
class LaunchConflict:
    """The command was used before for another text."""


LaunchResult = Launched | CountDiffers | LaunchConflict


@dataclass(frozen=True, slots=True)
class Progress:
    """One text in bulk with the sums of its recipients, all of one moment. audience is the sum of the seven states.

    delivered and undelivered are among the wired.
    """

    bulk_id: int
    workspace_id: int
    name: str
    state: str
    body: str
    author: str | None
    launched_at: datetime
    ended_at: datetime | None
    audience: int
    excluded: int
    pending: int
    in_flight: int
    wired: int
    delivered: int
    undelivered: int
    rejected: int
    unconfirmed: int
    skipped: int
    segments: int


@dataclass(frozen=True, slots=True)
class ProgressPage:
    rows: Sequence[Progress]
    next_cursor: int | None


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """`delivery`: of a wired one. The error's class and code are its text's."""

    ord: int
    contact_id: int | None
    name: str | None
    address: str
    state: str
    delivery: str | None
    reason: str | None
    error_class: str | None
    error_code: str | None
    thread_id: int | None
    seq: int | None
    segments: int | None


class BulkFigures(Protocol):
    """How far a text in bulk is; None: not there for this workspace."""

    async def progress(self, workspace_id: int, bulk_id: int) -> Progress | None: ...


class Bulk(BulkFigures, Protocol):
    """What members do with texts in bulk. Every method checks the workspace; None: not there for this workspace."""

    async def preview(self, text: BulkText, now: datetime) -> Preview:
        """Raises AudienceRefused."""

    async def shown(self, text: BulkText, at: int, now: datetime) -> Shown | None:
        """The text of the one at this place of the audience. Raises AudienceRefused; None beyond its end."""

    def exclusions(self, text: BulkText, now: datetime) -> AsyncIterator[Sequence[Excluded]]:
        """All who get none, in pieces. Raises AudienceRefused."""

    async def launch(self, text: BulkText, cmd_id: UUID, expected: int, now: datetime) -> LaunchResult:
        """Take the snapshot and let it begin, once for each command. Raises AudienceRefused."""

    async def page(self, workspace_id: int, before: int | None, limit: int) -> ProgressPage:
        """Newest first."""

    async def recipients(
        self, workspace_id: int, bulk_id: int, states: Sequence[str], after: int, limit: int
    ) -> Sequence[RecipientRow] | None:
        """By their place, those after `after`; of these states (or deliveries) only, where any are given."""

    async def recall(self, workspace_id: int, bulk_id: int, member_id: int, now: datetime) -> Progress | None:
        """Nothing of it is authorised once this has begun; what is queued or pending is taken back before it returns.

        What had been authorised before may still leave for `domain.audience`'s few milliseconds. Safe to repeat; one
        that has ended stays as it is.
        """


class BulkEngine(Protocol):
    """What carries launched texts on. Every method is safe to repeat, at any time and by any number of servers."""

    async def open(self) -> Sequence[int]:
        """Those that were launched and have not ended."""

    async def advance(self, bulk_id: int, now: datetime) -> bool:
        """Queue what the pace will take in the next seconds, tidy after a recall, or write down its end.

        True where there is more to do at once.
        """

    async def fold(self, bulk_id: int) -> bool:
        """Add differences to the sums, where there are many. True where there may be more."""

    async def told(self, bulk_id: int) -> Progress | None:
        """Its figures, for the server itself: unchecked."""

    async def drop_abandoned(self, before: datetime) -> int:
        """Snapshots that were begun before then and never launched; their launch was cut off."""


class BulkPublisher(Protocol):
    """Pushes to the sockets of this node. Never waits."""

    def bulk_watched(self, bulk_id: int) -> bool: ...
    def bulk_progress(self, progress: Progress) -> None: ...
