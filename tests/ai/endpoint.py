"""An endpoint that speaks OpenAI's API on loopback, and can be as bad as one may be. It keeps what it was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
import trio

Answer = Callable[[trio.SocketStream], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Endpoint:
    """`answer` is how it behaves from the next request on."""

    answer: Answer
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    hung_up: trio.Event = field(default_factory=trio.Event)

    @property
    def captured(self) -> str:
        """All that it was ever sent, heads and bodies."""
        return b"\n".join(self.requests).decode()

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            try:
                while (request := await _request(stream)) is not None:
                    self.requests.append(request)
                    await self.answer(stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.hung_up.set()


async def _request(stream: trio.SocketStream) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = await stream.receive_some()
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += await stream.receive_some()
    return head + b"\r\n\r\n" + body


@asynccontextmanager
async def open_endpoint(answer: Answer) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(answer)
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, endpoint.serve, 0, host="127.0.0.1"))
        endpoint.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/v1"
        yield endpoint
        nursery.cancel_scope.cancel()


# How it may answer


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(data: Any) -> bytes:
    return chunked(b"data: " + (data if isinstance(data, bytes) else orjson.dumps(data)) + b"\n\n")


def piece(text: str) -> bytes:
    return event({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]})


def usage(total: Any) -> bytes:
    return event({"id": "c", "choices": [], "usage": {"total_tokens": total}})


def replies(*texts: str) -> str:
    return orjson.dumps({"replies": texts}).decode()


def says(answer: str, total: Any = 321, cut: int = 7) -> Answer:
    """The whole answer, in small pieces."""

    async def send(stream: trio.SocketStream) -> None:
        parts = [piece(answer[at : at + cut]) for at in range(0, len(answer), cut)]
        await stream.send_all(HEAD + b"".join(parts) + usage(total) + event(b"[DONE]") + b"0\r\n\r\n")

    return send


def sends(raw: bytes, *, hang_up: bool = True) -> Answer:
    async def send(stream: trio.SocketStream) -> None:
        await stream.send_all(raw)
        if hang_up:
            await stream.aclose()

    return send


def begins(pieces: Sequence[str]) -> Answer:
    """Says this much, and then nothing for ever."""

    async def send(stream: trio.SocketStream) -> None:
        await stream.send_all(HEAD + b"".join(map(piece, pieces)))
        await trio.sleep_forever()

    return send


def refuses(status: int, *headers: str, body: bytes = b"{}") -> Answer:
    lines = [f"HTTP/1.1 {status} No", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return sends("\r\n".join(lines).encode() + b"\r\n\r\n" + body, hang_up=False)


def floods(head: bytes, drop: bytes) -> Answer:
    """Never ends."""

    async def send(stream: trio.SocketStream) -> None:
        await stream.send_all(head)
        while True:
            await stream.send_all(drop)

    return send
