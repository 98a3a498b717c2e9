"""The simulator's own small HTTP/1.1 server: keep-alive, one request at a time, and endings that no server means."""

import contextlib
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

import httptools
import trio

_MAX_BODY: Final = 1 << 20
_HANG_S: Final = 300.0
_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h: the kernel says when bytes came, however late we read them
_TIMESTAMP: Final = struct.Struct("qq")  # seconds and nanoseconds of CLOCK_REALTIME
_REASONS: Final = {200: "OK", 201: "Created", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
                   405: "Method Not Allowed", 429: "Too Many Requests", 500: "Internal Server Error",
                   503: "Service Unavailable"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """*arrived_ns* is CLOCK_MONOTONIC when its first byte came to this machine. Names of headers are lower case."""

    method: str
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes
    arrived_ns: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes for the client and what becomes of the connection after them."""

    data: bytes
    ending: Literal["keep", "close", "reset", "hang"] = "keep"


Respond = Callable[[Request], Awaitable[Reply]]


def reply(status: int, body: bytes, content_type: str = "application/json", extra: str = "") -> Reply:
    """A well-formed answer; *extra* are whole header lines."""
    head = f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\nContent-Type: {content_type}\r\n{extra}"
    return Reply(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


class _Requests:
    """Collects requests from the bytes of one connection."""

    def __init__(self) -> None:
        self.ready: deque[Request] = deque()
        self._parser = httptools.HttpRequestParser(self)
        self._fed_ns = self._arrived_ns = 0
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body = b""

    def feed(self, data: bytes, came_ns: int) -> None:
        self._fed_ns = came_ns
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._arrived_ns = self._fed_ns
        self._target, self._headers, self._body = b"", {}, b""

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, part: bytes) -> None:
        self._body += part
        if len(self._body) > _MAX_BODY:
            raise ValueError("the body is too large")

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        self.ready.append(Request(method, self._target, self._headers, self._body, self._arrived_ns))


async def converse(stream: trio.SocketStream, respond: Respond) -> None:
    """Answer the requests of one connection until either side ends it."""
    requests = _Requests()
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError, httptools.HttpParserError):
        async with stream:
            _stamp_arrivals(stream)
            while True:
                data, came_ns = await _receive(stream)
                if not data:
                    return
                requests.feed(data, came_ns)
                while requests.ready:
                    answer = await respond(requests.ready.popleft())
                    if answer.data:
                        await stream.send_all(answer.data)
                    if answer.ending != "keep":
                        await _end(stream, answer.ending)
                        return


def _stamp_arrivals(stream: trio.SocketStream) -> None:
    if sys.platform == "linux":
        stream.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


async def _receive(stream: trio.SocketStream) -> tuple[bytes, int]:
    """What came, and when by CLOCK_MONOTONIC: our own delays must not count where a sender's pace is judged."""
    try:
        data, stamps, _, _ = await stream.socket.recvmsg(65536, socket.CMSG_SPACE(_TIMESTAMP.size))
    except OSError as error:
        raise trio.BrokenResourceError("the connection broke") from error
    read_ns = time.monotonic_ns()
    for level, kind, stamp in stamps:
        if (level, kind, len(stamp)) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS, _TIMESTAMP.size):
            seconds, nanoseconds = _TIMESTAMP.unpack(stamp)
            waited_ns = time.time_ns() - (seconds * 10**9 + nanoseconds)
            return data, read_ns - max(0, waited_ns)
    return data, read_ns


async def _end(stream: trio.SocketStream, ending: Literal["close", "reset", "hang"]) -> None:
    if ending == "hang":
        await trio.sleep(_HANG_S)
    if ending == "reset":
        # Lingering for no time makes close() send a reset instead of an orderly end.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.socket.close()
