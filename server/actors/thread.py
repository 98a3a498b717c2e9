"""The thread actor: the order of commands on one thread, and of what its watchers are told.

It owns nothing that the database does not: it may die at any await and be activated anew. A command runs its whole
transaction here, so two commands of one thread never cross; its `cmd_id` makes it safe to be handled again after a
crash. Events are published in seq; a hole is filled from the database, which is complete up to any seq that was
committed. After a crash those who watch are told to resync, since what the dead one had in hand may have been lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from server.actors.runtime import Actor, Reply
from server.domain.compose import PERSON_VALID_FOR
from server.domain.gate import MessageClass
from server.domain.messages import Message, ReadMark, ThreadEvent
from server.domain.segments import count
from server.ports import Clock, Draft, EnqueueMt, EnqueueResult, Inbox, Ledger, Member, Publisher, StoreUnavailable
from server.ports.team import Team, TeamDeed, TeamResult

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Published:
    """Events of this thread were committed."""

    thread_id: int
    events: tuple[ThreadEvent, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """Events of this thread up to `seq` were committed, it is said; what they are the database knows."""

    thread_id: int
    seq: int


@dataclass(frozen=True, slots=True)
class SendReply:
    """T2 for a member's reply."""

    member: Member
    cmd_id: UUID
    draft: Draft
    reply: Reply[EnqueueResult]

    @property
    def thread_id(self) -> int:
        return self.draft.thread_id


@dataclass(frozen=True, slots=True)
class Enqueue:
    """T2 for a text that is made already."""

    mt: EnqueueMt
    reply: Reply[EnqueueResult]

    @property
    def thread_id(self) -> int:
        return self.mt.thread_id


@dataclass(frozen=True, slots=True)
class MarkRead:
    """Read up to `ordinal`, or with `unread` unread again from it on."""

    member: Member
    thread_id: int
    ordinal: int
    unread: bool
    reply: Reply[ReadMark | None]


@dataclass(frozen=True, slots=True)
class ReleaseHeld:
    """A person's word on a held text: send it anyway, or drop it."""

    member: Member
    thread_id: int
    seq: int
    send: bool
    reply: Reply[bool]


@dataclass(frozen=True, slots=True)
class SetTyping:
    member: Member
    thread_id: int
    typing: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """Somebody opened the thread."""

    thread_id: int


@dataclass(frozen=True, slots=True)
class Teamwork:
    """What a member does with the thread beside texting."""

    member: Member
    deed: TeamDeed
    reply: Reply[TeamResult]

    @property
    def thread_id(self) -> int:
        return self.deed.thread_id


ThreadMessage = Looked | Published | Heard | SendReply | Enqueue | MarkRead | ReleaseHeld | Teamwork | SetTyping


@dataclass(frozen=True, slots=True)
class ThreadPorts:
    """What every thread actor works with. `said` and `looked` are hints for whoever suggests replies; they return at
    once.
    """

    ledger: Ledger
    inbox: Inbox
    team: Team
    publisher: Publisher
    clock: Clock
    said: Callable[[int], None] = lambda thread_id: None
    looked: Callable[[int], None] = lambda thread_id: None


class ThreadActors:
    """Makes activations, and knows which thread's last one did not end in peace."""

    def __init__(self, ports: ThreadPorts) -> None:
        self._ports = ports
        self._alive: set[int] = set()

    def __call__(self, thread_id: int) -> ThreadActor:
        after_crash = thread_id in self._alive
        self._alive.add(thread_id)
        return ThreadActor(thread_id, self._ports, after_crash, lambda: self._alive.discard(thread_id))


class ThreadActor(Actor[ThreadMessage]):
    """One activation of one thread. `after_crash`: an earlier one died, watchers must look again."""

    def __init__(
        self, thread_id: int, ports: ThreadPorts, after_crash: bool = False, at_peace: Callable[[], None] = lambda: None
    ) -> None:
        self._id, self._ports, self._after_crash, self._at_peace = thread_id, ports, after_crash, at_peace
        self._published: int | None = None

    async def on_start(self) -> None:
        if self._after_crash:
            self._ports.publisher.thread_resync(self._id)

    async def on_stop(self) -> None:
        self._at_peace()

    async def handle(self, message: ThreadMessage) -> None:
        match message:
            case Published(events=events):
                await self._publish(events)
            case Heard(seq=seq):
                await self._catch_up(seq)
            case SendReply(reply=reply):
                mt = reply_mt(message.member, message.cmd_id, message.draft, self._ports.clock.wall())
                await _settle(reply, self._ports.ledger.enqueue_mt(mt))
            case Enqueue(mt=mt, reply=reply):
                await _settle(reply, self._ports.ledger.enqueue_mt(mt))
            case MarkRead(reply=reply):
                await _settle(reply, self._mark(message))
            case ReleaseHeld(reply=reply):
                await _settle(reply, self._release(message))
            case Teamwork(member=member, deed=deed, reply=reply):
                now = self._ports.clock.wall()
                await _settle(reply, self._ports.team.do(member.workspace_id, member.member_id, deed, now))
            case SetTyping(member=member, typing=typing):
                self._ports.publisher.typing(self._id, member, typing)
            case Looked():
                self._ports.looked(self._id)

    def describe(self, message: ThreadMessage) -> str:
        return f"{type(message).__name__} thread={self._id}"

    # What watchers are told

    async def _publish(self, events: Sequence[ThreadEvent]) -> None:
        for event in events:
            told = self._told()
            if told is not None and event.seq <= told:
                continue
            if told is not None and event.seq > told + 1:
                await self._fill(told)
                continue
            self._out([event])

    def _told(self) -> int | None:
        """What a socket was told when it came counts before what we remember: others may have come since."""
        position = self._ports.publisher.position(self._id)
        return self._published if position is None else position

    async def _catch_up(self, seq: int) -> None:
        """Another server's commits, read here once for all who look. Who comes only now reads them by himself."""
        told = self._told()
        told = seq - 1 if told is None else told
        while told < seq and await self._fill(told):
            told = max(told + 1, self._told() or 0)

    async def _fill(self, after: int) -> bool:
        """Later commits were announced before earlier ones: the database has them all, in order. False: it has none."""
        try:
            missing = await self._ports.inbox.events_after(None, self._id, after)
            seen_by = await self._ports.inbox.seen_by(self._id)  # as of the last of them, or later
        except StoreUnavailable:
            missing = seen_by = None
        if seen_by is not None:
            self._ports.publisher.narrowed(self._id, seen_by)
        if missing is None:
            self._published = None
            self._ports.publisher.thread_resync(self._id)
        else:
            # Who came while this was read knows them already.
            after = max(after, self._ports.publisher.position(self._id) or 0)
            self._out([event for event in missing if event.seq > after])
        return bool(missing)

    def _out(self, events: Sequence[ThreadEvent]) -> None:
        if events:
            self._ports.publisher.thread_events(self._id, events)
            self._published = events[-1].seq
            if any(isinstance(event, Message) for event in events):
                self._ports.said(self._id)

    # Commands

    def _mark(self, command: MarkRead) -> Awaitable[ReadMark | None]:
        member, inbox = command.member, self._ports.inbox
        move = inbox.mark_unread if command.unread else inbox.mark_read
        return move(member.workspace_id, member.member_id, command.thread_id, command.ordinal)

    def _release(self, command: ReleaseHeld) -> Awaitable[bool]:
        member, now = command.member, self._ports.clock.wall()
        return self._ports.ledger.release_held(
            member.workspace_id, command.thread_id, command.seq, command.send, member.member_id, now
        )


def reply_mt(member: Member, cmd_id: UUID, draft: Draft, now: datetime) -> EnqueueMt:
    """What a member's reply queues."""
    return EnqueueMt(
        workspace_id=member.workspace_id,
        thread_id=draft.thread_id,
        cmd_id=cmd_id,
        fingerprint=_fingerprint(member, draft),
        klass=MessageClass.PERSON,
        body=draft.body,
        segments=count(draft.body).count,
        now=now,
        author_id=member.member_id,
        acknowledged_opt_out=draft.acknowledged_opt_out,
        resend_of=draft.resend_of,
        seen=draft.seen,
        expires_at=now + PERSON_VALID_FOR,
    )


def _fingerprint(member: Member, draft: Draft) -> bytes:
    """What makes two commands with one id the same: author, thread and text."""
    parts = (member.member_id, draft.thread_id, draft.resend_of, draft.body)
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()


async def _settle(reply: Reply[R], work: Awaitable[R]) -> None:
    """An outage is the asker's to hear of, not a fault of the actor."""
    try:
        reply.answer(await work)
    except StoreUnavailable as outage:
        reply.refuse(outage)
