"""All sockets of a node: who is let in, the reader of each, the heartbeat, the drain."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
import trio

from server.domain.scopes import Scope
from server.domain.sight import sees_all
from server.ports import Member, StoreUnavailable
from server.ws.connection import Connection
from server.ws.frames import CloseFrame, Inbound, PingFrame, ProtocolFault, Text
from server.ws.handshake import Accepted, Rejected, Upgrade, answer_handshake, reject
from server.ws.session import Desk, Session

READ_SIZE: Final = 64 * 1024
NO_PONG: Final = 4001
SIGHT_CHANGED: Final = 4002
NOT_LOGGED_IN: Final = 4500
SESSION_ENDED: Final = 4501
RESTART: Final = 1012
RETRY_AFTER_S: Final = (0.5, 5.0)  # where all clients came back at once, the next server would start with a stampede

UNAVAILABLE: Final = reject(503, "Service Unavailable", "retry-after: 2\r\n")


@dataclass(frozen=True, slots=True)
class Login:
    """Who opened a socket, by which of their logins or tokens. `scopes`: what the token allows; None: a login."""

    member: Member
    token_hash: bytes
    scopes: frozenset[Scope] | None = None


Authenticate = Callable[[Upgrade], Awaitable[Login | None]]
OriginAllowed = Callable[[Upgrade], bool]

log = structlog.get_logger()


class Sockets:
    """The door's handler for upgrades. `run` must be running; `drain` closes every socket with a hint to come back."""

    def __init__(self, desk: Desk, *, authenticate: Authenticate, origin_allowed: OriginAllowed) -> None:
        self._desk = desk
        self._authenticate = authenticate
        self._origin_allowed = origin_allowed
        self._sessions: dict[Session, None] = {}
        self._online: dict[int, dict[int, int]] = {}  # workspace: member: sockets
        self._beats: deque[tuple[float, Session]] = deque()  # rising, since every session is pinged equally often
        self._left = trio.lowlevel.ParkingLot()
        self._draining = False
        self._hands: dict[int, int] = {}

    def online_members(self, workspace_id: int) -> Sequence[int]:
        """Members of the workspace with a socket here."""
        return tuple(self._online.get(workspace_id, ()))

    def present(self) -> Mapping[int, Sequence[int]]:
        """Of each workspace with sockets here: its members who have one."""
        return {workspace_id: tuple(members) for workspace_id, members in self._online.items() if members}

    @property
    def count(self) -> int:
        return len(self._sessions)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Flush, beat and let typing expire, for ever."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._desk.hub.run)
            nursery.start_soon(self._desk.presence.run)
            nursery.start_soon(self._beat)
            task_status.started()

    async def drain(self) -> None:
        """Close every socket with 1012 and its own delay; cut those that do not answer in time."""
        self._draining = True
        for session in self._sessions:
            session.connection.close(RESTART, f"retry_after_s={random.uniform(*RETRY_AFTER_S):.1f}")  # noqa: S311 - jitter
        with trio.move_on_after(self._desk.limits.close_within_s):
            while self._sessions:
                await self._left.park()
        for session in tuple(self._sessions):
            session.connection.abort()

    def end_session(self, token_hash: bytes) -> None:
        """That login was ended: close its sockets for good. Other devices of the member stay."""
        for session in self._sessions:
            if session.token_hash == token_hash:
                session.connection.close(SESSION_ENDED, "the session ended")

    def logins(self, member_ids: Collection[int] | None) -> Collection[bytes]:
        """Hashes of the tokens by which these members, or all (None), have sockets here."""
        return {
            session.token_hash
            for session in self._sessions
            if member_ids is None or session.member.member_id in member_ids
        }

    def hands_changed(self, workspace_id: int, hands: int) -> None:
        """Its numbers have changed hands so often: who came before, and does not see everything, has to come back."""
        self._hands[workspace_id] = max(hands, self._hands.get(workspace_id, 0))
        for session in self._sessions:
            if session.member.workspace_id == workspace_id:
                self._renew(session)

    def _renew(self, session: Session) -> None:
        member = session.member
        if member.hands < self._hands.get(member.workspace_id, 0) and not sees_all(member.role):
            session.connection.close(SIGHT_CHANGED, "what you may see has changed")

    # One socket

    async def __call__(self, upgrade: Upgrade) -> None:
        handshake = await self._admit(upgrade)
        if isinstance(handshake, Rejected):
            upgrade.sock.send(handshake.answer)
            return
        try:
            login = await self._authenticate(upgrade)
        except StoreUnavailable:
            upgrade.sock.send(UNAVAILABLE.answer)
            return
        desk = self._desk
        connection = Connection(upgrade.sock, wake=desk.hub.wake, spawn=desk.hub.spawn, limits=desk.limits.queue)
        upgrade.sock.send(handshake.answer)  # nothing else is under way, so these few bytes fit
        if login is None:
            connection.close(NOT_LOGGED_IN, "log in first")
            await self._part(connection)
            return
        session = Session(desk, connection, login.member, login.token_hash, login.scopes)
        buffered = upgrade.buffered
        del upgrade, handshake  # an idle socket is mostly what its reader holds on to
        self._enter(session)
        try:
            await self._read(session, buffered)
        finally:
            self._leave(session)

    async def _admit(self, upgrade: Upgrade) -> Accepted | Rejected:
        if self._draining:
            return UNAVAILABLE
        if not self._origin_allowed(upgrade):
            return reject(403, "Forbidden")
        return answer_handshake(upgrade)

    async def _read(self, session: Session, data: bytes) -> None:
        inbound = Inbound(self._desk.limits.message_bytes)
        connection = session.connection
        try:
            while True:
                if data and await self._heard(session, inbound, data):
                    return
                if not connection.open:  # cut while this task was busy with what the client said
                    return
                await trio.lowlevel.wait_readable(connection.sock)
                try:
                    data = connection.sock.recv(READ_SIZE)
                except (BlockingIOError, InterruptedError):
                    data = b""
                    continue
                if not data:
                    return
        except ProtocolFault as fault:
            connection.close(fault.code, fault.reason)
            await self._part(connection)
        except (OSError, trio.ClosedResourceError):
            return

    async def _heard(self, session: Session, inbound: Inbound, data: bytes) -> bool:
        """Act on what came; True when the client has closed. Raises ProtocolFault."""
        session.heard = True
        for message in inbound.feed(data):
            if isinstance(message, CloseFrame):
                session.connection.close(message.code)
                return True
            if isinstance(message, PingFrame):
                session.connection.pong(message.payload)
            elif isinstance(message, Text) and not session.connection.closing:
                await session.take(message.text)
        return False

    async def _part(self, connection: Connection) -> None:
        """Wait for the client's close frame, or its end: a reset would destroy our last frame on its way."""
        inbound = Inbound(self._desk.limits.message_bytes)
        with trio.move_on_after(self._desk.limits.close_within_s):
            try:
                while connection.open:
                    await trio.lowlevel.wait_readable(connection.sock)
                    said = connection.sock.recv(READ_SIZE)
                    if not said or any(isinstance(one, CloseFrame) for one in inbound.feed(said)):
                        return
            except (OSError, trio.ClosedResourceError, ProtocolFault):
                return

    def _enter(self, session: Session) -> None:
        self._sessions[session] = None
        self._beats.append((trio.current_time() + self._desk.limits.ping_every_s, session))
        online = self._online.setdefault(session.member.workspace_id, {})
        online[session.member.member_id] = online.get(session.member.member_id, 0) + 1
        self._renew(session)  # hands may have changed while its login was looked up

    def _leave(self, session: Session) -> None:
        session.end()
        del self._sessions[session]
        online = self._online[session.member.workspace_id]
        online[session.member.member_id] -= 1
        if not online[session.member.member_id]:
            del online[session.member.member_id]
        self._left.unpark_all()

    # The heartbeat

    async def _beat(self) -> None:
        every_s = self._desk.limits.ping_every_s
        while True:
            await trio.sleep(min(1.0, every_s / 10))
            due = []
            while self._beats and self._beats[0][0] <= trio.current_time():
                session = self._beats.popleft()[1]
                if session in self._sessions and self._is_alive(session):
                    due.append(session)
            if due:
                await self._ping(due)
                self._beats.extend((trio.current_time() + every_s, session) for session in due)

    def _is_alive(self, session: Session) -> bool:
        connection = session.connection
        if not connection.closing and session.heard:
            return True
        connection.close(NO_PONG, "no pong")
        connection.abort()
        return False

    async def _ping(self, sessions: list[Session]) -> None:
        wanted = {thread_id for session in sessions for thread_id in session.threads()}
        try:
            heads = await self._desk.channels.heads(sorted(wanted))
        except StoreUnavailable:
            heads = {}
        for session in sessions:
            session.ping(heads)
