"""The announcer: what a commit tells the rest of the server, and the inbox's rows and badges for those who look.

Called by the store right after each commit, without waiting. Everything here is a hint: a thread's events go to its
actor in order, rows and badges are read from the database once for all that changed meanwhile, so that whoever looks
gets the newest and never a counter that somebody kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
import trio

from server.domain.messages import (
    Announcement,
    AnswerOwed,
    CampaignMoved,
    CampaignStopped,
    ConsentFlipped,
    LoginEnded,
    Mentioned,
    Message,
    OutboxGrew,
    OwnNumberChanged,
    ReadMoved,
    Replied,
    ReviewChanged,
    RowsChanged,
    SettingsChanged,
    SightNarrowed,
    ThreadChanged,
    ThreadHeard,
)
from server.ports import Inbox, Publisher, Reviews, StoreUnavailable
from server.ports.team import Team

GATHER_S: Final = 0.05
"""Also between a change and its row. A read at once, or one for each text, stood in the way of the text's own frame and
of the next commit: at 200 texts/s it cost a quarter of the CPU and doubled the time to the frame."""

log = structlog.get_logger(__name__)


class ThreadNews(Protocol):
    """Hands a thread's new events to its actor; returns at once."""

    def __call__(self, change: ThreadChanged, /) -> None: ...


class Announcer:
    """Sorts the store's announcements to those whom they concern, and pushes rows and badges."""

    def __init__(self, inbox: Inbox, reviews: Reviews, team: Team, publisher: Publisher) -> None:
        self._inbox, self._reviews, self._team, self._publisher = inbox, reviews, team, publisher
        self._rows: dict[int, None] = {}
        self._badges: set[int] = set()
        self._readers: set[int] = set()
        self._judging: set[int] = set()
        self._mentioned: set[int] = set()
        self._changed = trio.Event()  # rows wait
        self._counted = trio.Event()  # badges do
        self.thread_news: ThreadNews = lambda change: None
        self.on_heard: Callable[[ThreadHeard], None] = lambda heard: None
        self.on_consent: Callable[[ConsentFlipped], None] = lambda flip: None
        self.on_held: Callable[[int], None] = lambda endpoint_id: None
        self.on_outbox: Callable[[OutboxGrew], None] = lambda grew: None
        self.on_answer_owed: Callable[[], None] = lambda: None
        self.on_reply: Callable[[int], None] = lambda thread_id: None
        self.on_campaign: Callable[[CampaignMoved], None] = lambda moved: None
        self.on_commit: Callable[[Sequence[Announcement]], None] = lambda announcements: None
        self.on_settings: Callable[[SettingsChanged], None] = lambda change: None
        self.on_stopped: Callable[[CampaignStopped], None] = lambda stop: None
        self.on_own_number: Callable[[], None] = lambda: None

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """`ports.Announce`."""
        self.on_commit(announcements)
        self.relay(announcements)

    def relay(self, announcements: Sequence[Announcement | ThreadHeard]) -> None:  # noqa: C901 - a table
        """What was committed, here or at another server."""
        for one in announcements:
            match one:
                case ThreadChanged():
                    self._thread_changed(one)
                case ThreadHeard():
                    self._thread_heard(one)
                case ReadMoved():
                    self._publisher.read_mark(one.mark)
                    self._readers.add(one.mark.member_id)
                    self._counted.set()
                case ConsentFlipped():
                    self.on_consent(one)
                case ReviewChanged():
                    self._review_changed(one)
                case RowsChanged():
                    self._rows_changed(one)
                case CampaignStopped():
                    self.on_stopped(one)
                case OwnNumberChanged():
                    self._publisher.own_number(one.number)
                    self.on_own_number()
                case SightNarrowed():
                    self._publisher.narrowed(one.thread_id, one.seen_by)
                case _:
                    self._hint(one)

    def _hint(
        self, one: OutboxGrew | AnswerOwed | CampaignMoved | Replied | Mentioned | SettingsChanged | LoginEnded
    ) -> None:
        match one:
            case SettingsChanged():
                self._publisher.settings_changed(one)
                self.on_settings(one)
            case Mentioned(member_ids=member_ids):
                self._mentioned.update(member_ids)
                self._counted.set()
            case OutboxGrew():
                self.on_outbox(one)
            case AnswerOwed():
                self.on_answer_owed()
            case Replied(thread_id=thread_id):
                self.on_reply(thread_id)
            case CampaignMoved():
                self.on_campaign(one)
            case LoginEnded():
                pass  # whoever ended it closes what it opened here

    def recount(self, workspace_id: int) -> None:
        """Whatever its members see counted may be another number now."""
        self._badges.add(workspace_id)
        self._judging.add(workspace_id)
        self._mentioned.update(self._publisher.online_members(workspace_id))
        self._counted.set()

    def online(self, workspace_id: int) -> bool:
        """`ports.Online`: a thread is watched by members who have a socket here, and so is the inbox."""
        return bool(self._publisher.online_members(workspace_id))

    def row_changed(self, thread_id: int) -> None:
        """A row of the inbox changed for another reason than an event of its thread."""
        self._rows[thread_id] = None
        self._changed.set()

    async def run(self) -> None:
        """Push rows and badges at most every 50 ms each; a row at most that long after its thread has changed."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._push_badges)
            while True:
                await self._changed.wait()
                await trio.sleep(GATHER_S)
                self._changed = trio.Event()
                rows, self._rows = list(self._rows), {}
                try:
                    if rows:
                        self._publisher.inbox_rows(await self._inbox.rows_by_id(rows))
                except StoreUnavailable:
                    self._rows.update(dict.fromkeys(rows))
                    await trio.sleep(1.0)
                    self._changed.set()

    def _review_changed(self, change: ReviewChanged) -> None:
        if change.held:
            self.on_held(change.endpoint_id)
        self.row_changed(change.thread_id)
        self._judging.add(change.workspace_id)
        self._counted.set()

    def _rows_changed(self, change: RowsChanged) -> None:
        if self._publisher.online_members(change.workspace_id):
            self._rows.update(dict.fromkeys(change.thread_ids))
            self._changed.set()

    def _thread_changed(self, change: ThreadChanged) -> None:
        self.thread_news(change)
        if self.online(change.workspace_id):
            self._rows[change.thread_id] = None
            if any(isinstance(event, Message) and event.direction == "in" for event in change.events):
                self._badges.add(change.workspace_id)
                self._counted.set()
            self._changed.set()

    def _thread_heard(self, heard: ThreadHeard) -> None:
        self.on_heard(heard)
        if self.online(heard.workspace_id):
            self._rows[heard.thread_id] = None
            self._changed.set()
            self._badges.add(heard.workspace_id)
            self._counted.set()

    async def _push_badges(self) -> None:
        while True:
            await self._counted.wait()
            await trio.sleep(GATHER_S)
            self._counted = trio.Event()
            workspaces, self._badges = self._badges, set()
            members, self._readers = self._readers, set()
            await self._push_reviews()
            await self._push_mentions()
            for workspace_id in workspaces:
                members.update(self._publisher.online_members(workspace_id))
            if not members:
                continue
            try:
                self._publisher.badges(await self._inbox.unread_threads(sorted(members)))
            except StoreUnavailable:
                self._readers |= members
                await self._try_again()

    async def _push_reviews(self) -> None:
        judging, self._judging = self._judging, set()
        watched = [workspace_id for workspace_id in judging if self._publisher.online_members(workspace_id)]
        if not watched:
            return
        try:
            for workspace_id, (count, apart) in (await self._reviews.open_counts(watched)).items():
                self._publisher.open_reviews(workspace_id, count, apart)
        except StoreUnavailable:
            self._judging |= judging
            await self._try_again()

    async def _push_mentions(self) -> None:
        mentioned, self._mentioned = self._mentioned, set()
        if not mentioned:
            return
        try:
            self._publisher.mentions(await self._team.mentions(sorted(mentioned)))
        except StoreUnavailable:
            self._mentioned |= mentioned
            await self._try_again()

    async def _try_again(self) -> None:
        await trio.sleep(1.0)
        self._counted.set()
