"""What a commit is told to whom: rows and badges once for many changes, and only to those who are there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import cast

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.notify import GATHER_S, Announcer
from server.domain.messages import (
    AnswerOwed,
    ConsentFlipped,
    Message,
    OutboxGrew,
    ReadMark,
    ReadMoved,
    Replied,
    ReviewChanged,
    StatusChange,
    ThreadChanged,
    ThreadEvent,
    ThreadRow,
)
from server.ports import Inbox, Publisher, Reviews, StoreUnavailable
from server.ports.team import Team
from tests.actors.fakes import START

WORKSPACE, ANN, BOB = 1, 11, 12


def text(thread_id: int, seq: int = 1, direction: str = "in") -> ThreadChanged:
    event: ThreadEvent = Message(thread_id, seq, direction, "Hi", "received", START, in_ord=seq)  # type: ignore[arg-type]  # a literal
    return ThreadChanged(WORKSPACE, thread_id, (event,))


def status(thread_id: int) -> ThreadChanged:
    return ThreadChanged(WORKSPACE, thread_id, (StatusChange(thread_id, 2, 1, "delivered", START),))


class Rows:
    """Reads are counted; while `away` they fail, and `slow_s` is how long each takes."""

    def __init__(self) -> None:
        self.reads: list[list[int]] = []
        self.read_at: list[float] = []
        self.badge_reads: list[list[int]] = []
        self.review_reads: list[list[int]] = []
        self.away = False
        self.slow_s = 0.0

    async def rows_by_id(self, thread_ids: Sequence[int]) -> Sequence[ThreadRow]:
        self.reads.append(list(thread_ids))
        self.read_at.append(trio.current_time())
        await self._reach()
        return [
            ThreadRow(
                thread_id, WORKSPACE, 1, None, None, "+12025550142", "+12025550100", 1, START, "", "in", 1, False, False
            )
            for thread_id in thread_ids
        ]

    async def unread_threads(self, member_ids: Sequence[int]) -> Mapping[int, int]:
        self.badge_reads.append(list(member_ids))
        await self._reach()
        return dict.fromkeys(member_ids, 3)

    async def open_counts(self, workspace_ids: Sequence[int]) -> Mapping[int, tuple[int, Mapping[int, int]]]:
        self.review_reads.append(list(workspace_ids))
        await self._reach()
        return dict.fromkeys(workspace_ids, (2, {}))

    async def _reach(self) -> None:
        await trio.sleep(self.slow_s)
        if self.away:
            raise StoreUnavailable("away")


class Screens:
    """What the sockets were sent."""

    def __init__(self) -> None:
        self.online: list[int] = [ANN]
        self.rows: list[int] = []
        self.badge: list[tuple[float, dict[int, int]]] = []
        self.marks: list[ReadMark] = []
        self.reviews: list[tuple[int, int]] = []

    def inbox_rows(self, rows: Sequence[ThreadRow]) -> None:
        self.rows.extend(row.thread_id for row in rows)

    def badges(self, unread: Mapping[int, int]) -> None:
        self.badge.append((trio.current_time(), dict(unread)))

    def open_reviews(self, workspace_id: int, count: int, apart: Mapping[int, int]) -> None:
        self.reviews.append((workspace_id, count))

    def read_mark(self, mark: ReadMark) -> None:
        self.marks.append(mark)

    def online_members(self, workspace_id: int) -> Sequence[int]:
        return tuple(self.online) if workspace_id == WORKSPACE else ()


class Desk:
    def __init__(self) -> None:
        self.inbox, self.screens = Rows(), Screens()
        self.announcer = Announcer(  # the halves it uses
            cast("Inbox", self.inbox),
            cast("Reviews", self.inbox),
            cast("Team", self.inbox),
            cast("Publisher", self.screens),
        )
        self.heard: list[object] = []
        self.announcer.thread_news = self.heard.append
        self.announcer.on_consent = self.heard.append
        self.announcer.on_held = self.heard.append
        self.announcer.on_outbox = self.heard.append
        self.announcer.on_answer_owed = lambda: self.heard.append("answer")
        self.replies: list[int] = []
        self.announcer.on_reply = self.replies.append


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.announcer.run)
        await wait_all_tasks_blocked()
        yield made
        nursery.cancel_scope.cancel()


async def test_each_announcement_reaches_whom_it_concerns(autojump_clock: MockClock) -> None:
    async with desk() as it:
        flip, mark = ConsentFlipped(WORKSPACE, 7, True, 1), ReadMark(ANN, 5, 2, 9)
        grew, owed, replied = OutboxGrew(frozenset({3})), AnswerOwed(WORKSPACE, 7), Replied(WORKSPACE, 6)
        it.announcer.announce([text(5), flip, grew, owed, replied, ReadMoved(WORKSPACE, mark)])
        assert it.heard == [text(5), flip, grew, "answer"]
        assert it.screens.marks == [mark]
        assert it.replies == [6]


async def test_what_waits_for_a_decision_voids_bulk_and_is_counted_anew(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.announcer.announce([ReviewChanged(WORKSPACE, 5, 7, True), ReviewChanged(WORKSPACE, 6, 8, False)])
        assert it.heard == [7]
        await trio.sleep(1)
        assert it.inbox.review_reads == [[WORKSPACE]]
        assert it.screens.reviews == [(WORKSPACE, 2)]
        assert it.screens.rows == [5, 6]


async def test_open_decisions_are_counted_later_where_the_database_is_away(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.inbox.away = True
        it.announcer.announce([ReviewChanged(WORKSPACE, 5, 7, True)])
        await trio.sleep(1)
        it.inbox.away = False
        await trio.sleep(3)
        assert it.screens.reviews == [(WORKSPACE, 2)]


async def test_nobody_online_costs_no_count(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.screens.online.clear()
        it.announcer.announce([ReviewChanged(WORKSPACE, 5, 7, True)])
        await trio.sleep(1)
        assert it.inbox.review_reads == []


async def test_a_thread_hears_of_every_change_in_order_whoever_is_online(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.screens.online.clear()
        it.announcer.announce([text(5, 1), text(6, 1)])
        it.announcer.announce([text(5, 2)])
        assert it.heard == [text(5, 1), text(6, 1), text(5, 2)]


async def test_many_changes_of_a_thread_are_one_row(autojump_clock: MockClock) -> None:
    async with desk() as it:
        for seq in range(1, 20):
            it.announcer.announce([text(5, seq), text(6, seq)])
        await trio.sleep(1)
        assert it.inbox.reads == [[5, 6]]
        assert it.screens.rows == [5, 6]


async def test_what_changes_while_rows_are_read_is_read_afterwards(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.inbox.slow_s = 0.1
        it.announcer.announce([text(5, 1)])
        await trio.sleep(GATHER_S + 0.05)
        it.announcer.announce([text(5, 2)])
        await trio.sleep(1)
        assert it.inbox.reads == [[5], [5]]


async def test_rows_follow_within_50_ms_and_at_most_each_50_ms(autojump_clock: MockClock) -> None:
    async with desk() as it:
        began = trio.current_time()
        for seq in range(1, 101):
            it.announcer.announce([text(5, seq)])
            await trio.sleep(0.01)
        await trio.sleep(1)
        assert 0 < it.inbox.read_at[0] - began <= 0.0501
        assert len(it.inbox.read_at) > 1
        assert min(later - earlier for earlier, later in pairwise(it.inbox.read_at)) >= 0.0499


async def test_badges_follow_at_most_each_50_ms(autojump_clock: MockClock) -> None:
    async with desk() as it:
        for seq in range(1, 101):
            it.announcer.announce([text(5, seq)])
            await trio.sleep(0.01)
        await trio.sleep(1)
        times = [at for at, _ in it.screens.badge]
        assert len(times) > 1
        assert min(later - earlier for earlier, later in pairwise(times)) >= 0.0499


async def test_a_badge_is_read_for_those_who_are_online_and_nobody_else(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.screens.online.append(BOB)
        it.announcer.announce([text(5)])
        await trio.sleep(1)
        assert [unread for _, unread in it.screens.badge] == [{ANN: 3, BOB: 3}]
        it.screens.online.clear()
        it.announcer.announce([text(5, 2)])
        await trio.sleep(1)
        assert len(it.inbox.badge_reads) == len(it.inbox.reads) == 1


async def test_what_we_send_and_its_statuses_change_the_row_and_no_badge(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.announcer.announce([text(5, direction="out"), status(6)])
        await trio.sleep(1)
        assert it.screens.rows == [5, 6]
        assert it.screens.badge == []


async def test_reading_changes_the_readers_badge_alone(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.screens.online.append(BOB)
        it.announcer.announce([ReadMoved(WORKSPACE, ReadMark(BOB, 5, 2, 9))])
        await trio.sleep(1)
        assert [unread for _, unread in it.screens.badge] == [{BOB: 3}]


async def test_rows_and_badges_of_an_outage_come_when_it_is_over(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.inbox.away = True
        it.announcer.announce([text(5)])
        await trio.sleep(3)
        it.announcer.announce([text(6)])
        await trio.sleep(3)
        assert (it.screens.rows, it.screens.badge) == ([], [])
        it.inbox.away = False
        await trio.sleep(2)
        assert it.screens.rows == [5, 6]
        assert [unread for _, unread in it.screens.badge] == [{ANN: 3}]


async def test_a_row_that_changed_by_itself_is_pushed(autojump_clock: MockClock) -> None:
    async with desk() as it:
        it.announcer.row_changed(5)
        await trio.sleep(1)
        assert it.screens.rows == [5]
