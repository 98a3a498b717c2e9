"""A door on a free port of loopback before a small app, with a client that reads answers through h11."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import h11
import pytest
import trio
from quart import Response
from quart import request as asked
from quart_trio import QuartTrio

from server.door.listener import Door, DoorConfig
from server.door.listening import open_listeners
from server.door.raw_http import RawRequest, RawResponse, Started
from server.ws.handshake import Accepted, Upgrade, answer_handshake

BIG = 4 * 1024 * 1024


@dataclass
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Client:
    """A raw connection: what is sent is exactly what the test says."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.rest = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def answer(self, method: str = "GET") -> Answer:
        """The next answer; interim ones are passed over."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        parser.send(h11.EndOfMessage())
        parser.receive_data(self.rest) if self.rest else None
        status, headers, body = 0, {}, b""
        while True:
            event = parser.next_event()
            if event is h11.NEED_DATA:
                parser.receive_data(await self.stream.receive_some())
            elif isinstance(event, h11.Response):
                status, headers = event.status_code, dict(event.headers)
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.rest = parser.trailing_data[0]
                return Answer(status, headers, body)

    async def exchange(self, data: bytes, method: str = "GET") -> Answer:
        await self.send(data)
        return await self.answer(method)

    async def all(self) -> bytes:
        """Everything until the end, however it came."""
        received = self.rest
        with suppress(trio.BrokenResourceError):
            while data := await self.stream.receive_some():
                received += data
        return received

    async def ended(self) -> bool:
        """Whether the server has closed: waits for its end."""
        try:
            return await self.stream.receive_some() == b"" and not self.rest
        except trio.BrokenResourceError:
            return True


@dataclass
class House:
    """The door with what stands behind it."""

    door: Door
    port: int
    clients: list[trio.socket.SocketType] = field(default_factory=list)
    webhooks: list[RawRequest] = field(default_factory=list)
    pending: list[Callable[[], None]] = field(default_factory=list)
    somebody_waits: trio.Event = field(default_factory=trio.Event)
    upgrades: list[Upgrade] = field(default_factory=list)
    app_saw: list[tuple[str, str]] = field(default_factory=list)
    slow_entered: trio.Event = field(default_factory=trio.Event)
    slow_may_end: trio.Event = field(default_factory=trio.Event)
    slow_cancelled: trio.Event = field(default_factory=trio.Event)

    async def connect(self, receive_buffer: int | None = None) -> Client:
        sock = trio.socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.clients.append(sock)
        await sock.connect(("127.0.0.1", self.port))
        return Client(trio.SocketStream(sock))


OpenHouse = Callable[..., Awaitable[House]]


class CarrierDesk:
    """Answers webhooks: most at once; .../later when the house says so; .../waits only for those who can wait."""

    def __init__(self, house: Callable[[], House]) -> None:
        self._house = house

    async def __call__(self, request: RawRequest) -> RawResponse:
        return self._answer(request)

    def start(self, request: RawRequest, answered: Callable[[RawResponse], None]) -> RawResponse | Started:
        if request.target.endswith(b"/waits"):
            return Started.NOT_HERE
        response = self._answer(request)
        if not request.target.endswith(b"/later"):
            return response
        self._house().pending.append(partial(answered, response))
        self._house().somebody_waits.set()
        return Started.ANSWERS_LATER

    def _answer(self, request: RawRequest) -> RawResponse:
        self._house().webhooks.append(request)
        if request.target.endswith(b"/broken"):
            raise RuntimeError("a fault in a webhook")
        if request.target.endswith(b"/big"):
            return RawResponse(200, b"x" * BIG)
        return RawResponse(200, b"<Response/>", ((b"content-type", b"text/xml"),))


def _app(house: Callable[[], House]) -> QuartTrio:
    app = QuartTrio(__name__)
    app.config["MAX_CONTENT_LENGTH"] = None

    @app.before_request
    async def remember() -> None:
        house().app_saw.append((asked.method, asked.path))

    @app.get("/page")
    async def page() -> str:
        return "a page"

    @app.post("/echo")
    async def echo() -> str:
        return str(len(await asked.get_data()))

    @app.post("/deaf")
    async def deaf() -> tuple[str, int]:
        return "not reading that", 403

    @app.get("/stream")
    async def stream() -> Response:
        async def pieces() -> Any:
            yield b"one,"
            yield b"two"

        return Response(pieces())

    @app.get("/big")
    async def big() -> bytes:
        return b"x" * BIG

    @app.get("/slow")
    async def slow() -> str:
        house().slow_entered.set()
        try:
            await house().slow_may_end.wait()
        except trio.Cancelled:
            house().slow_cancelled.set()
            raise
        return "at last"

    return app


@pytest.fixture
def open_house(nursery: trio.Nursery) -> Iterator[OpenHouse]:
    """Start a door with the given settings; it ends with the test."""
    houses: list[House] = []

    async def start(**settings: Any) -> House:
        raw = CarrierDesk(lambda: house)

        async def ws(upgrade: Upgrade) -> None:
            house.upgrades.append(upgrade)
            handshake = answer_handshake(upgrade)
            upgrade.sock.send(handshake.answer)
            if isinstance(handshake, Accepted):
                upgrade.sock.send(b"\x81\x05hello")

        settings = {"linger_s": 0.2, **settings}
        door = Door(raw=raw, ws=ws, app=_app(lambda: house), config=DoorConfig(**settings))
        listeners = open_listeners("127.0.0.1", 0)
        house = House(door, listeners[0].getsockname()[1])
        await nursery.start(partial(door.run, listeners))
        houses.append(house)
        return house

    yield start
    for house in houses:
        for client in house.clients:
            client.close()


@pytest.fixture
def client_of() -> Callable[[trio.SocketStream], Client]:
    return Client
