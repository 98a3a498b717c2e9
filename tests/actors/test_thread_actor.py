"""What watchers of a thread are told, and how commands come back, whatever happens to the actor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import cast
from uuid import uuid4

import pytest
import trio
from trio.testing import MockClock

from server.actors.commands import ThreadAsker
from server.actors.runtime import Registry, Supervisor
from server.actors.thread import Published, ThreadActors, ThreadMessage, ThreadPorts
from server.domain.messages import Message, ReadMark, StatusChange, ThreadEvent
from server.ports import (
    CommandsBusy,
    Enqueued,
    EnqueueMt,
    EnqueueResult,
    Inbox,
    Ledger,
    Member,
    Publisher,
    StoreUnavailable,
)
from server.ports.team import Team
from server.ws.protocol import Send
from tests.actors.fakes import START, FakeClock

ANN = Member(3, 1, "ann@example.org", "Ann", "agent")


def event(seq: int) -> ThreadEvent:
    if seq % 2:
        return Message(7, seq, "in", f"text {seq}", "received", START, in_ord=seq)
    return StatusChange(7, seq, seq - 1, "delivered", START)


class Watchers:
    """The publisher's part: what went out, in order; -1 is a resync, -103 that nobody but member 3 hears more."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.at: int | None = None

    def thread_events(self, thread_id: int, events: Sequence[ThreadEvent]) -> None:
        self.told.extend(one.seq for one in events)

    def position(self, thread_id: int) -> int | None:
        return self.at

    def thread_resync(self, thread_id: int) -> None:
        self.told.append(-1)

    def narrowed(self, thread_id: int, seen_by: Collection[int]) -> None:
        self.told.extend(-100 - member_id for member_id in seen_by)


class Rows:
    """The database's part: every event up to `head` is there, since commits of one thread are in order of seq."""

    def __init__(self) -> None:
        self.head = 0
        self.away = False
        self.commands: dict[object, EnqueueMt] = {}
        self.crash_after_commit = 0
        self.own_from: int | None = None
        self.read_to = 0

    async def seen_by(self, thread_id: int) -> frozenset[int] | None:
        """From the event `own_from` on it is Ann's; as of what was read last."""
        return frozenset({ANN.member_id}) if self.own_from is not None and self.read_to >= self.own_from else None

    async def events_after(self, workspace_id: int | None, thread_id: int, after: int) -> Sequence[ThreadEvent]:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreUnavailable("away")
        self.read_to = self.head
        return [event(seq) for seq in range(after + 1, self.head + 1)]

    async def enqueue_mt(self, mt: EnqueueMt) -> EnqueueResult:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreUnavailable("away")
        again = mt.cmd_id in self.commands
        self.commands.setdefault(mt.cmd_id, mt)
        if self.crash_after_commit:
            self.crash_after_commit -= 1
            raise ZeroDivisionError("between the commit and the answer")
        return Enqueued(mt.thread_id, 1, again)

    async def mark_read(self, workspace_id: int, member_id: int, thread_id: int, up_to: int) -> ReadMark | None:
        await trio.lowlevel.checkpoint()
        return ReadMark(member_id, thread_id, up_to, 1) if workspace_id == 1 else None


class House:
    def __init__(self) -> None:
        self.watchers, self.rows = Watchers(), Rows()
        ports = ThreadPorts(
            cast("Ledger", self.rows),
            cast("Inbox", self.rows),
            cast("Team", self.rows),
            cast("Publisher", self.watchers),
            FakeClock(),
        )
        self.threads: Registry[int, ThreadMessage] = Registry("threads", ThreadActors(ports), idle_s=120)
        self.asker = ThreadAsker(self.threads)

    def publish(self, *seqs: int) -> None:
        self.rows.head = max(self.rows.head, *seqs)
        self.threads.ref(7).tell_nowait(Published(7, tuple(event(seq) for seq in seqs)))


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    it = House()
    root = Supervisor("root", [it.threads.spec()])
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run_root)
        yield it
        root.stop()


async def test_who_may_see_what_another_server_wrote_is_asked_after_it_was_read(autojump_clock: MockClock) -> None:
    """The text that makes a conversation somebody's may come between the two."""
    async with house() as it:
        it.publish(1)
        it.rows.own_from = 3
        it.publish(3)
        await trio.sleep(1)
        assert it.watchers.told == [1, -103, 2, 3]


@pytest.mark.parametrize(
    ("announced", "told"),
    [
        pytest.param([(1,), (2,), (3, 4)], [1, 2, 3, 4], id="in order"),
        pytest.param([(1,), (3,), (2,)], [1, 2, 3], id="a later commit announced first"),
        pytest.param([(1,), (2,), (2,), (1,)], [1, 2], id="announced twice"),
        pytest.param([(5,), (6,)], [5, 6], id="the first that it hears of is where it begins"),
        pytest.param([(1,), (5,)], [1, 2, 3, 4, 5], id="announcements that were lost are read"),
    ],
)
async def test_watchers_are_told_in_order_and_once(
    autojump_clock: MockClock, announced: list[tuple[int, ...]], told: list[int]
) -> None:
    async with house() as it:
        for seqs in announced:
            it.publish(*seqs)
        await trio.sleep(1)
        assert it.watchers.told == told


async def test_a_hole_that_cannot_be_read_is_a_resync(autojump_clock: MockClock) -> None:
    async with house() as it:
        it.publish(1)
        await trio.sleep(1)
        it.rows.away = True
        it.publish(4)
        await trio.sleep(1)
        assert it.watchers.told == [1, -1]


async def test_an_actor_that_was_killed_tells_watchers_to_look_again(autojump_clock: MockClock) -> None:
    async with house() as it:
        it.publish(1)
        await trio.sleep(1)
        it.threads.kill(7)
        await trio.sleep(60)
        it.publish(2)
        await trio.sleep(1)
        assert it.watchers.told[0] == 1
        assert -1 in it.watchers.told[1:]
        assert it.watchers.told[-1] == 2


async def test_an_actor_that_idled_away_comes_back_without_a_resync(autojump_clock: MockClock) -> None:
    async with house() as it:
        it.publish(1)
        await trio.sleep(1000)
        it.publish(2)
        await trio.sleep(1)
        assert it.watchers.told == [1, 2]


async def test_a_crash_between_commit_and_answer_sends_once(autojump_clock: MockClock) -> None:
    async with house() as it:
        it.rows.crash_after_commit = 1
        cmd_id, draft = uuid4(), Send(thread_id=7, body="On my way")
        with pytest.raises(CommandsBusy):
            await it.asker.send(ANN, cmd_id, draft)
        await trio.sleep(60)  # the message in hand is handled again by the next activation
        assert await it.asker.send(ANN, cmd_id, draft) == Enqueued(7, 1, again=True)
        assert list(it.rows.commands) == [cmd_id]


async def test_an_outage_is_told_to_the_asker_and_is_no_fault_of_the_actor(autojump_clock: MockClock) -> None:
    async with house() as it:
        it.rows.away = True
        with pytest.raises(StoreUnavailable):
            await it.asker.send(ANN, uuid4(), Send(thread_id=7, body="On my way"))
        (registry,) = [node for node in it.threads.node("threads").walk() if node.name == "threads"]
        assert registry.restarts == 0


async def test_a_command_bears_what_its_author_wrote_and_what_it_costs(autojump_clock: MockClock) -> None:
    async with house() as it:
        cmd_id = uuid4()
        await it.asker.send(ANN, cmd_id, Send(thread_id=7, body="a" * 161, acknowledged_opt_out=True, resend_of=4))
        mt = it.rows.commands[cmd_id]
        assert (mt.author_id, mt.segments, mt.acknowledged_opt_out, mt.resend_of) == (3, 2, True, 4)
        assert mt.workspace_id == 1


async def test_reading_is_acknowledged_with_the_mark(autojump_clock: MockClock) -> None:
    async with house() as it:
        assert await it.asker.mark_read(ANN, 7, 4) == ReadMark(3, 7, 4, 1)
