"""One client's conversation: its subscriptions and commands, over ports.

Work runs in lanes: what concerns one channel, or commands one thread, happens in the order in which the client said it,
and different lanes do not wait for each other. The lanes live in the server's nursery, so an idle session costs no task
beside its reader.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog
import trio
from pydantic import ValidationError

from server.domain.scopes import Scope, following
from server.ports import Member, StoreUnavailable
from server.ws.channels import NOT_THERE, Channels, Denied, frame_bytes, thread_of, topic_of
from server.ws.connection import Connection, Frame, QueueLimits
from server.ws.hub import Gate, Hub, Topic
from server.ws.presence import Presence
from server.ws.protocol import (
    CLIENT_FRAME,
    Ack,
    Command,
    Err,
    Ping,
    Resync,
    Subscribe,
    Unsubscribe,
)

BROKEN_FRAME: Final = 4503

log = structlog.get_logger()


class Commands(Protocol):
    async def __call__(self, member: Member, command: Command) -> dict[str, Any] | Denied:
        """Carry out a command and return the data of its ack, or why not. The same cmd_id gets the same answer.

        Raises StoreUnavailable, after which the client sends it again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits:
    """What one client may take. Durations in seconds."""

    subscriptions: int = 256
    in_flight: int = 16
    message_bytes: int = 64 * 1024
    ping_every_s: float = 25.0
    close_within_s: float = 5.0
    queue: QueueLimits = field(default_factory=QueueLimits)


@dataclass(frozen=True, slots=True)
class Desk:
    """What all sessions of a node share."""

    hub: Hub
    channels: Channels
    presence: Presence
    commands: Commands
    limits: SocketLimits


class Session:
    """`heard` is set whenever the client sends anything; the heartbeat clears it."""

    __slots__ = (
        "_desk", "_freed", "_in_flight", "_lanes", "_scopes", "_topics", "connection", "heard", "member", "pings",
        "token_hash",
    )  # fmt: skip

    def __init__(
        self,
        desk: Desk,
        connection: Connection,
        member: Member,
        token_hash: bytes = b"",
        scopes: frozenset[Scope] | None = None,
    ) -> None:
        self.connection = connection
        self.member = member
        self.token_hash = token_hash
        self.heard = True
        self.pings = 0
        self._desk = desk
        self._scopes = scopes
        self._topics: dict[str, Topic] = {}
        self._lanes: dict[tuple[str, object], deque[Callable[[], Awaitable[None]]]] = {}
        self._in_flight = 0
        self._freed: trio.Event | None = None

    async def take(self, text: str) -> None:
        """One message of the client. Waits while too much of what it wants is under way."""
        try:
            frame = CLIENT_FRAME.validate_json(text)
        except ValidationError:
            self.connection.close(BROKEN_FRAME, "the frame breaks the protocol")
            return
        match frame:
            case Subscribe():
                await self._enqueue(("channel", frame.ch), lambda: self._subscribe(frame))
            case Unsubscribe():
                await self._enqueue(("channel", frame.ch), lambda: self._unsubscribe(frame))
            case Command():
                await self._enqueue(("thread", frame.data.thread_id), lambda: self._command(frame))

    def threads(self) -> list[int]:
        """The threads that are subscribed, but for those that have gone out of the member's sight since."""
        hears = self._desk.hub.hears
        return [
            thread_id
            for channel, topic in self._topics.items()
            if (thread_id := thread_of(channel)) is not None and hears(self.connection, topic)
        ]

    def ping(self, heads: dict[int, int]) -> None:
        self.pings += 1
        self.heard = False
        known = {f"thread:{thread_id}": heads[thread_id] for thread_id in self.threads() if thread_id in heads}
        self.connection.put((None, "ping"), Frame(frame_bytes(Ping(id=self.pings, heads=known))))

    def end(self) -> None:
        """The client is gone: leave everything."""
        self.connection.abort()
        self._desk.hub.leave_all(self.connection)
        for channel in self._topics:
            if (thread_id := thread_of(channel)) is not None:
                self._desk.presence.left(thread_id, self.member)
        self._topics.clear()
        self._lanes.clear()

    # Lanes

    async def _enqueue(self, lane: tuple[str, object], work: Callable[[], Awaitable[None]]) -> None:
        while self._in_flight >= self._desk.limits.in_flight and self.connection.open:
            self._freed = trio.Event()
            await self._freed.wait()
        self._in_flight += 1
        queue = self._lanes.get(lane)
        if queue is not None:
            queue.append(work)
            return
        self._lanes[lane] = queue = deque((work,))
        self._desk.hub.spawn(lambda: self._run_lane(lane, queue))

    async def _run_lane(self, lane: tuple[str, object], queue: deque[Callable[[], Awaitable[None]]]) -> None:
        while queue and self.connection.open:
            try:
                await queue[0]()
            except Exception:  # the boundary: a fault of ours ends the conversation, not the server
                log.exception("a socket's request failed", member_id=self.member.member_id, lane=lane[0])
                self.connection.close(1011, "a fault on our side")
            queue.popleft()
            self._make_room(1)
        self._make_room(len(queue))  # what a client that is gone has still asked for
        self._lanes.pop(lane, None)

    def _make_room(self, done: int) -> None:
        self._in_flight -= done
        if self._freed is not None:
            self._freed.set()
            self._freed = None

    # Work

    async def _subscribe(self, wish: Subscribe) -> None:
        if not self._allows(following(wish.ch)):
            self._refuse("scope", f"The token lacks the scope {following(wish.ch)}.", wish.id)
            return
        topic = topic_of(self.member, wish.ch)
        if topic is None:
            self._refuse("not_found", "There is no such channel.", wish.id)
            return
        if wish.ch not in self._topics and len(self._topics) >= self._desk.limits.subscriptions:
            self._refuse("too_many", "Too many channels are open on this connection.", wish.id)
            return
        self._leave(wish.ch)
        gate = Gate()
        self._desk.hub.join(gate, topic, self.member.member_id)
        try:
            await self._open(wish, topic, gate)
        except StoreUnavailable:
            self._refuse("unavailable", "The database cannot be reached right now.", wish.id)
        finally:
            self._desk.hub.leave_all(gate)

    async def _open(self, wish: Subscribe, topic: Topic, gate: Gate) -> None:
        opening = await self._desk.channels.open(self.member, wish)
        if not self.connection.open:
            return
        if isinstance(opening, Denied) or gate.shut:
            denied = opening if isinstance(opening, Denied) else NOT_THERE
            self._refuse(denied.code, denied.message, wish.id)
            return
        for data in opening.frames:
            self.connection.reply(data, wish.ch)
        self._topics[wish.ch] = topic
        gate.open(self._desk.hub, self.connection, topic, opening.seen, self.member.member_id)
        if gate.overflowed:
            self.connection.reply(frame_bytes(Resync(ch=[wish.ch])), wish.ch)
        if (thread_id := thread_of(wish.ch)) is not None:
            for data in self._desk.presence.current(thread_id):
                self.connection.reply(data, wish.ch)
            self._desk.presence.entered(thread_id, self.member)

    async def _unsubscribe(self, wish: Unsubscribe) -> None:
        self._leave(wish.ch)

    def _leave(self, channel: str) -> None:
        topic = self._topics.pop(channel, None)
        if topic is None:
            return
        self._desk.hub.leave(self.connection, topic)
        if (thread_id := thread_of(channel)) is not None:
            self._desk.presence.left(thread_id, self.member)

    def _allows(self, scope: Scope) -> bool:
        return self._scopes is None or scope in self._scopes

    async def _command(self, command: Command) -> None:
        if not self._allows(Scope.SEND):
            denied = Err(cmd_id=command.cmd_id, code="scope", message="The token lacks the scope send.")
            self.connection.reply(frame_bytes(denied))
            return
        try:
            outcome = await self._desk.commands(self.member, command)
        except StoreUnavailable:
            outcome = Denied("unavailable", "The database cannot be reached right now.")
        if isinstance(outcome, Denied):
            self.connection.reply(frame_bytes(Err(cmd_id=command.cmd_id, code=outcome.code, message=outcome.message)))
        else:
            self.connection.reply(frame_bytes(Ack(cmd_id=command.cmd_id, data=outcome)))

    def _refuse(self, code: str, message: str, wish_id: int) -> None:
        self.connection.reply(frame_bytes(Err(id=wish_id, code=code, message=message)))
