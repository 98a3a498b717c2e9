"""Runs the ASGI app behind the door: hypercorn drives the app, the door alone speaks HTTP/1.1.

hypercorn's own connection handling would read the same bytes a second time with another parser, and two readers that
disagree about where a request ends is how requests are smuggled. So its `HTTPStream` (the ASGI state machine) gets the
head and body that the door has read, and its answer's end is an event instead of something to be found in the bytes.
That also leaves out its shielded writes, which nothing can cancel while a client does not read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog
import trio
from hypercorn.config import Config
from hypercorn.protocol.events import Body, EndBody, Event, Request, Response, StreamClosed
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ASGIReceiveEvent, ASGISendEvent, ConnectionState, Scope
from hypercorn.utils import wrap_app

from server.door.body import BodyReader
from server.door.head import Head, Headers, Refused
from server.door.raw_http import REASONS, http_date
from server.door.wire import PeerGone, Wire

FINISH_S: Final = 5.0  # what an app may still do after its answer is complete
_PIPELINE_LIMIT: Final = 64 * 1024
_STREAM: Final = 1
_OURS: Final = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server"))

log = structlog.get_logger()


class AsgiHost:
    """The app with its lifespan. `serve` answers one request and says whether the connection can take another."""

    def __init__(self, app: ASGIFramework, *, body_limit: int, body_timeout_s: float) -> None:
        self.config = Config()
        self.config.errorlog = None
        self.config.accesslog = None
        self.app = wrap_app(app, 0, "asgi")
        self.context = WorkerContext(None)
        self.state: dict[str, Any] = {}
        self.body_limit = body_limit
        self.body_timeout_s = body_timeout_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The app's lifespan: started inside, told to shut down at the end. Raises what its start-up raised."""
        lifespan = Lifespan(self.app, self.config, self.state)
        async with trio.open_nursery() as nursery:
            await nursery.start(lifespan.handle_lifespan)
            await lifespan.wait_for_startup()
            yield
            await lifespan.wait_for_shutdown()
            nursery.cancel_scope.cancel()

    async def serve(self, wire: Wire, head: Head, may_keep: Callable[[], bool]) -> bool:
        """Raises Refused and PeerGone where no answer was begun, PeerGone where one was cut."""
        body = BodyReader(wire, head, limit=self.body_limit, timeout_s=self.body_timeout_s)
        return await _Exchange(self, wire, head, body, may_keep).run()


class _Exchange:
    """One request and its answer. The task that runs it feeds the body and then watches for the client's leaving."""

    def __init__(self, host: AsgiHost, wire: Wire, head: Head, body: BodyReader, may_keep: Callable[[], bool]) -> None:
        self._host, self._wire, self._head, self._body = host, wire, head, body
        self._answer = _Answer(wire, head, lambda: body.complete and may_keep())
        self._watch = trio.CancelScope()
        self._closed = False
        self._failure: Refused | PeerGone | None = None
        self._nursery: trio.Nursery

    async def run(self) -> bool:
        async with trio.open_nursery() as self._nursery:
            stream = HTTPStream(
                self._host.app,
                self._host.config,
                self._host.context,
                self,
                False,  # TLS is the proxy's
                self._wire.client,
                self._wire.server,
                self._send,
                _STREAM,
            )
            try:
                with self._watch:
                    await self._feed(stream)
            except (Refused, PeerGone) as error:
                self._fail(error)
            if self._failure is None:
                self._nursery.cancel_scope.deadline = trio.current_time() + FINISH_S
                await stream.handle(StreamClosed(_STREAM))
        if self._answer.complete:
            return self._answer.keeps
        if isinstance(self._failure, Refused) and not self._answer.begun:
            raise self._failure
        raise PeerGone("the answer was not finished")

    async def _feed(self, stream: HTTPStream) -> None:
        head = self._head
        state = ConnectionState(self._host.state.copy())
        await stream.handle(Request(_STREAM, head.headers, head.version, head.method.decode(), head.target, state))
        while piece := await self._body.piece():
            await stream.handle(Body(_STREAM, piece))
        await stream.handle(EndBody(_STREAM))
        while len(self._wire.buffer) < _PIPELINE_LIMIT:
            if not await self._wire.fill():
                raise PeerGone("left before the answer")
        await trio.sleep_forever()

    async def _send(self, event: Event) -> None:
        """What hypercorn's state machine wants on the wire; called in the app's task."""
        if self._failure is not None or self._closed:
            return
        try:
            await self._answer.write(event)
        except PeerGone as error:
            self._fail(error)
            await trio.sleep_forever()  # the app ends here, cancelled
        if isinstance(event, StreamClosed):
            self._closed = True
            self._watch.cancel()

    def _fail(self, error: Refused | PeerGone) -> None:
        self._failure = error
        self._nursery.cancel_scope.cancel()

    # hypercorn's TaskGroup, as far as HTTPStream uses it

    async def spawn_app(
        self,
        app: Any,
        config: Config,
        scope: Scope,
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> Callable[[ASGIReceiveEvent], Awaitable[None]]:
        sender, receiver = trio.open_memory_channel[ASGIReceiveEvent](config.max_app_queue_size)
        self._nursery.start_soon(self._run_app, app, scope, receiver, send)

        async def put(event: ASGIReceiveEvent) -> None:
            with suppress(trio.BrokenResourceError):  # the app has ended without reading everything
                await sender.send(event)

        return put

    async def _run_app(
        self,
        app: Any,
        scope: Scope,
        receiver: trio.MemoryReceiveChannel[ASGIReceiveEvent],
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> None:
        try:
            with receiver:
                await app(scope, receiver.receive, send, trio.to_thread.run_sync, trio.from_thread.run)
        except Exception:
            log.exception("the app failed", method=self._head.method.decode(), path=self._head.path.decode())
        await send(None)  # not where it was cancelled: then there is nobody to tell, or nothing true to say

    def spawn(self, func: Callable[..., Any], *args: Any) -> None:
        self._nursery.start_soon(func, *args)

    async def __aenter__(self) -> _Exchange:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class _Answer:
    """Frames the app's answer: by its Content-Length, in chunks, or by the end of the connection (HTTP/1.0)."""

    __slots__ = ("_bodiless", "_chunked", "_head", "_held", "_left", "_may_keep", "_wire", "begun", "complete", "keeps")

    def __init__(self, wire: Wire, head: Head, may_keep: Callable[[], bool]) -> None:
        self._wire = wire
        self._head = head
        self._may_keep = may_keep
        self._chunked = self._bodiless = False
        self._left: int | None = None
        self._held = b""
        self.begun = self.complete = self.keeps = False

    async def write(self, event: Event) -> None:
        if isinstance(event, Response):
            await self._begin(event.status_code, event.headers)
        elif isinstance(event, Body):
            await self._flush(self._framed(event.data))
        elif isinstance(event, EndBody):
            await self._flush(b"0\r\n\r\n" if self._chunked else b"")
            self.complete = not self._left
            self.keeps = self.keeps and self.complete

    async def _begin(self, status: int, headers: Headers) -> None:
        fields = [field for field in headers if field[0].lower() not in _OURS]
        lines = b"".join([_field_line(name, value) for name, value in fields])
        self._frame(status, fields)
        self.keeps = self._may_keep() and (self._chunked or self._bodiless or self._left is not None)
        self.keeps = self.keeps and not _asks_to_close(headers)
        parts = [b"HTTP/1.1 %d %b\r\ndate: %b\r\n" % (status, REASONS.get(status, b""), http_date()), lines]
        if self._chunked:
            parts.append(b"transfer-encoding: chunked\r\n")
        if not self.keeps:
            parts.append(b"connection: close\r\n")
        elif self._head.version == "1.0":
            parts.append(b"connection: keep-alive\r\n")
        parts.append(b"\r\n")
        self._held = b"".join(parts)
        self.begun = True
        if not self._left:
            await self._flush(b"")  # a stream's head is news by itself; a sized body shares its packet

    def _frame(self, status: int, fields: Headers) -> None:
        self._bodiless = self._head.method == b"HEAD" or status in (204, 304)
        lengths = [value for name, value in fields if name.lower() == b"content-length"]
        if self._bodiless:
            return
        if lengths:
            self._left = int(lengths[0])
        else:
            self._chunked = self._head.version == "1.1"

    def _framed(self, data: bytes) -> bytes:
        if self._bodiless or not data:
            return b""
        if self._left is not None:
            if len(data) > self._left:
                raise PeerGone("the app sent more than its Content-Length")
            self._left -= len(data)
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    async def _flush(self, data: bytes) -> None:
        if self._held or data:
            held, self._held = self._held, b""
            await self._wire.send(held + data)


def _field_line(name: bytes, value: bytes) -> bytes:
    line = name + b": " + value
    if b"\r" in line or b"\n" in line or b"\0" in line:
        raise ValueError("a line break in a field of the answer")
    return line + b"\r\n"


def _asks_to_close(headers: Headers) -> bool:
    return any(name.lower() == b"connection" and b"close" in value.lower() for name, value in headers)
