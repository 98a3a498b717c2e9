"""A real socket server over an inbox in memory, and a client made of the websockets package's protocol."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import orjson
import pytest
import trio
from websockets.client import ClientProtocol
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.uri import parse_uri

from server.domain.messages import Message, ReadMark, ThreadEvent, ThreadRow
from server.domain.scopes import Scope
from server.door.listener import Door, DoorConfig
from server.door.listening import open_listeners
from server.door.raw_http import RawRequest, RawResponse, Started
from server.ports import Inbox, InboxRows, Member, StoreUnavailable, ThreadPage, UserState
from server.ws.channels import Channels, Denied
from server.ws.handshake import Upgrade
from server.ws.hub import Hub
from server.ws.presence import Presence
from server.ws.protocol import Command
from server.ws.session import Desk, SocketLimits
from server.ws.sockets import Login, Sockets

EPOCH = "history-1"
NOON = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
ANN = Member(1, 10, "ann@example.com", "Ann", "agent")
BOB = Member(2, 10, "bob@example.com", "Bob", "agent")


def text(thread_id: int, seq: int) -> Message:
    return Message(thread_id, seq, "in", f"text {seq}", "received", NOON, in_ord=seq)


def row(thread_id: int, version: int, last_seq: int = 0) -> ThreadRow:
    return ThreadRow(
        thread_id, 10, version, None, None, "+12025550100", "+12025550101", last_seq, NOON, "", "in", 0, False, False
    )


class InboxInMemory:
    """Threads of workspace 10 as lists of texts. `reading` is called in the middle of every read."""

    def __init__(self) -> None:
        self.threads: dict[int, list[ThreadEvent]] = {}
        self.changed: list[ThreadRow] = []
        self.down = False
        self.reading: Callable[[], None] = lambda: None

    async def _read(self) -> None:
        if self.down:
            raise StoreUnavailable
        await trio.lowlevel.checkpoint()

    async def thread(
        self, workspace_id: int, member_id: int, thread_id: int, *, before: int | None = None, limit: int = 50
    ) -> ThreadPage | None:
        await self._read()
        if thread_id not in self.threads or workspace_id != 10:
            return None
        events = list(self.threads[thread_id])
        self.reading()
        messages = [event for event in events if isinstance(event, Message)][-limit:]
        head = events[-1].seq if events else 0
        return ThreadPage(row(thread_id, 1, head), messages, 0, head, len(events) > limit)

    async def events_after(
        self, workspace_id: int, thread_id: int, after: int, limit: int = 200
    ) -> Sequence[ThreadEvent] | None:
        await self._read()
        if thread_id not in self.threads or workspace_id != 10:
            return None
        return [event for event in self.threads[thread_id] if event.seq > after][:limit]

    async def head(self, thread_ids: Sequence[int]) -> Mapping[int, int]:
        await self._read()
        return {known: self.threads[known][-1].seq for known in thread_ids if self.threads.get(known)}

    async def rows(
        self, workspace_id: int, member_id: int, *, since: int | None = None, cursor: str | None = None, limit: int = 50
    ) -> InboxRows:
        await self._read()
        self.reading()
        return InboxRows(self.changed, [], p=777, partial=since is not None)

    async def user(self, workspace_id: int, member_id: int, *, since: int | None = None) -> UserState:
        await self._read()
        return UserState(3, [ReadMark(member_id, 5, 2, 9)], p=777)


class Ended(Exception):
    """The server has closed with *code* (1006: without a close frame)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Client:
    """A WebSocket by the websockets package; its pings and closes are answered by that package."""

    def __init__(self, stream: trio.SocketStream, protocol: ClientProtocol) -> None:
        self.stream = stream
        self.protocol = protocol
        self.waiting: deque[bytes] = deque()
        self.pongs: list[bytes] = []

    async def pump(self) -> None:
        """Send what the protocol has to say, and take in what the server says next."""
        await self.flush()
        try:
            data = await self.stream.receive_some()
        except trio.BrokenResourceError:
            data = b""
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()
        for event in self.protocol.events_received():
            if isinstance(event, WireFrame) and event.opcode is Opcode.TEXT:
                self.waiting.append(bytes(event.data))
            elif isinstance(event, WireFrame) and event.opcode is Opcode.PONG:
                self.pongs.append(bytes(event.data))
        await self.flush()
        if not data and not self.waiting:
            raise Ended(self.protocol.close_code or 1006, self.protocol.close_reason or "")

    async def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                try:
                    await self.stream.send_all(data)
                except trio.BrokenResourceError:
                    return

    async def say(self, **frame: Any) -> None:
        self.protocol.send_text(orjson.dumps(frame))
        await self.flush()

    async def hear(self) -> dict[str, Any]:
        """The next frame of the server. Raises Ended."""
        while not self.waiting:
            await self.pump()
        heard: dict[str, Any] = orjson.loads(self.waiting.popleft())
        return heard

    async def hear_until(self, kind: str) -> dict[str, Any]:
        while (heard := await self.hear())["t"] != kind:
            pass
        return heard

    async def ended(self) -> Ended:
        try:
            while True:
                await self.hear()
        except Ended as end:
            return end


@dataclasses.dataclass
class Node:
    """The server with what it stands on. `member` is who the next client is; `answer` carries out commands."""

    inbox: InboxInMemory
    hub: Hub
    sockets: Sockets
    presence: Presence
    port: int
    streams: list[trio.SocketStream]
    member: Member | None = ANN
    scopes: frozenset[Scope] | None = None
    database_down: bool = False
    commands: list[Command] = dataclasses.field(default_factory=list)
    answer: Callable[[Command], Awaitable[dict[str, Any] | Denied]] | None = None

    async def dial(self) -> trio.SocketStream:
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        self.streams.append(stream)
        return stream

    async def connect(self, member: Member | None = ANN) -> Client:
        self.member = member
        protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{self.port}/ws"))
        protocol.send_request(protocol.connect())
        client = Client(await self.dial(), protocol)
        while protocol.state.name == "CONNECTING":
            await client.pump()
        return client


StartNode = Callable[..., Awaitable[Node]]


class _NoWebhooks:
    async def __call__(self, request: RawRequest) -> RawResponse:
        return RawResponse(404)

    def start(self, request: RawRequest, answered: Callable[[RawResponse], None]) -> RawResponse | Started:
        return RawResponse(404)


async def _no_app(scope: Any, receive: Any, send: Any) -> None:
    while scope["type"] == "lifespan":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


@pytest.fixture
def start_node(nursery: trio.Nursery) -> Iterator[StartNode]:
    """Start a node with the given limits; it ends with the test."""
    streams: list[trio.SocketStream] = []

    async def start(**limits: Any) -> Node:
        async def carry_out(member: Member, command: Command) -> dict[str, Any] | Denied:
            node.commands.append(command)
            return await node.answer(command) if node.answer is not None else {"done": command.data.name}

        async def authenticate(upgrade: Upgrade) -> Login | None:
            if node.database_down:
                raise StoreUnavailable
            return None if node.member is None else Login(node.member, b"login %d" % node.member.member_id, node.scopes)

        inbox, hub = InboxInMemory(), Hub()
        presence = Presence(hub, lambda: 1_000.0)
        channels = Channels(cast(Inbox, inbox), EPOCH, lambda kind, code: None)
        desk = Desk(hub, channels, presence, carry_out, SocketLimits(**{"close_within_s": 0.3, **limits}))
        sockets = Sockets(
            desk,
            authenticate=authenticate,
            origin_allowed=lambda upgrade: upgrade.header(b"origin") in (None, b"http://ours"),
        )
        door = Door(raw=_NoWebhooks(), ws=sockets, app=_no_app, config=DoorConfig(linger_s=0.2))
        listeners = open_listeners("127.0.0.1", 0)
        node = Node(inbox, hub, sockets, presence, listeners[0].getsockname()[1], streams)
        await nursery.start(sockets.run)
        await nursery.start(partial(door.run, listeners))
        return node

    yield start
    for stream in streams:
        stream.socket.close()
