"""A server on loopback that does, connection by connection, exactly what a test says."""

import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import trio

CERTIFICATE: Final = Path(__file__).with_name("localhost.pem")
CREATED: Final = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Connection:
    """One accepted connection; *number* counts from 0."""

    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]
    number: int
    origin: "ScriptedOrigin"

    async def request(self) -> bytes:
        """The next whole request, or b"" once the client has closed."""
        data = b""
        while b"\r\n\r\n" not in data or len(data) < _length(data):
            part = await self.stream.receive_some(65536)
            if not part:
                return b""
            data += part
        self.origin.requests.append(data)
        return data

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    def reset(self) -> None:
        stream = self.stream
        raw = stream if isinstance(stream, trio.SocketStream) else stream.transport_stream
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.socket.close()


async def eventually(condition: Callable[[], object]) -> None:
    """Wait for something that another process or thread brings about."""
    with trio.fail_after(60):
        while not condition():  # noqa: ASYNC110  # what is waited for happens beyond trio's reach
            await trio.sleep(0.005)


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311  # repeatable chance, not a secret


def _length(data: bytes) -> int:
    head = data.partition(b"\r\n\r\n")[0].lower()
    declared = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    return len(head) + 4 + declared


Script = Callable[[Connection], Awaitable[None]]


@dataclass
class ScriptedOrigin:
    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


async def serve(nursery: trio.Nursery, script: Script, tls: ssl.SSLContext | None = None) -> ScriptedOrigin:
    """Run *script* for each connection until the nursery ends; the connection is closed when the script returns."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    origin = ScriptedOrigin(f"{'http' if tls is None else 'https'}://127.0.0.1:{port}")

    async def handle(raw: trio.SocketStream) -> None:
        stream = raw if tls is None else trio.SSLStream(raw, tls, server_side=True, https_compatible=True)
        connection = Connection(stream, origin.connections, origin)
        origin.connections += 1
        try:
            async with stream:
                await script(connection)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    nursery.start_soon(trio.serve_listeners, handle, listeners)
    return origin


def always(answer: bytes) -> Script:
    """Answer every request in the same way."""

    async def script(connection: Connection) -> None:
        while await connection.request():
            await connection.send(answer)

    return script
