"""History: every text and every note of a workspace, the newest first, by words and filters."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.domain.history import Kind, Status, kinds
from server.domain.messages import Direction, Message, Note


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which texts and notes are asked for; None asks for any. `since` is part of it, `until` is not.

    `typed`: words, with what is in quotes as it stands there. `number_id` is ours, `agent_id` who wrote,
    `campaign_id` what of a campaign or of a text in bulk.
    """

    typed: str = ""
    since: datetime | None = None
    until: datetime | None = None
    number_id: int | None = None
    agent_id: int | None = None
    campaign_id: int | None = None
    contact_id: int | None = None
    direction: Direction | None = None
    status: Status | None = None
    kind: Kind | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        asked = (self.number_id, self.campaign_id, self.direction, self.status)
        return kinds(self.kind, of_a_text=any(one is not None for one in asked))


@dataclass(frozen=True, slots=True)
class Found:
    """A text or a note, and who stands at either end of its conversation: `address` is theirs, `number` ours."""

    what: Message | Note
    name: str | None
    contact_id: int | None
    address: str
    number: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`next_cursor` None: there is nothing below. `searched_to`: the search ended there, before the page was full.

    `head` is the newest of the workspace at that time, for `newer`; None where there is none.
    """

    rows: Sequence[Found]
    next_cursor: str | None
    searched_to: datetime | None
    head: str | None


@dataclass(frozen=True, slots=True)
class Newer:
    """`more`: that many at least."""

    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A text in an exported file; a note has no direction, and no state."""

    at: datetime
    direction: str | None
    name: str | None
    address: str
    number: str
    state: str | None
    error_class: str | None
    error_code: str | None
    author: str | None
    campaign: str | None
    segments: int
    pictures: int
    body: str


class History(Protocol):
    """Nothing of another workspace is ever found. What was taken back is not shown, as in threads."""

    async def page(
        self, workspace_id: int, wanted: Wanted, *, cursor: str | None = None, limit: int = 50
    ) -> HistoryPage:
        """Newest first by (time, thread, seq). Raises ValueError for a cursor that did not come from here."""

    async def newer(self, workspace_id: int, wanted: Wanted, than: str) -> Newer:
        """How many such texts have come since a page's `head`. Raises ValueError as `page` does."""

    async def export(self, workspace_id: int, wanted: Wanted) -> AsyncGenerator[Sequence[Line], None]:
        """All of one moment, in pieces."""

    async def merge_words(self) -> int:
        """Merge what writers have left pending into the index of words; how many pages that were."""
