"""The door: one listener that routes each request of a connection to the webhooks, the sockets or the app.

A reverse proxy mixes all three on one kept-alive connection, so the routing is by request: the head is read here, the
layer takes its body off the wire and no more, and what is left is the next request. The door bounds what a stranger can
take: connections, the time and size of heads and bodies, and the time that a write may stand.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
import trio
from hypercorn.typing import ASGIFramework

from server.door.asgi import AsgiHost
from server.door.body import read_request
from server.door.head import Head, HeadReader, Layer, Refused
from server.door.lane import FastLane
from server.door.listening import FDS_FOR_OTHERS, raise_descriptor_limit
from server.door.raw_http import RawHandler, RawResponse, encode
from server.door.wire import PeerGone, Wire
from server.ws.handshake import Upgrade

_EXHAUSTED: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_EXHAUSTED_PAUSE_S: Final = 0.1
_ACCEPTS_PER_TURN: Final = 64

log = structlog.get_logger()


class WsHandler(Protocol):
    async def __call__(self, upgrade: Upgrade) -> None:
        """Serve one socket until it is over. The door closes it afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorConfig:
    """Durations in seconds, sizes in bytes. `max_connections` None: what the descriptor limit allows."""

    head_timeout_s: float = 10.0
    idle_timeout_s: float = (
        75.0  # longer than nginx keeps an upstream connection (60 s), so that it never loses the race
    )
    write_timeout_s: float = 30.0
    webhook_body_limit: int = 64 * 1024
    webhook_body_timeout_s: float = 10.0
    app_body_limit: int = 32 * 1024 * 1024
    app_body_timeout_s: float = 30.0
    linger_s: float = 2.0
    drain_s: float = 10.0
    max_connections: int | None = None


class Door:
    """Serves from `run` until `close`; `drain` comes first and ends HTTP, leaving the sockets to their own layer."""

    def __init__(self, *, raw: RawHandler, ws: WsHandler, app: ASGIFramework, config: DoorConfig) -> None:
        self._raw = raw
        self._ws = ws
        self._config = config
        self._app = AsgiHost(app, body_limit=config.app_body_limit, body_timeout_s=config.app_body_timeout_s)
        self._room = config.max_connections or max(64, raise_descriptor_limit() - FDS_FOR_OTHERS)
        self._open = 0
        self._wires: dict[Wire, None] = {}  # connections that speak HTTP, oldest first
        self._left = trio.lowlevel.ParkingLot()
        self._crowded = False
        self._draining = False
        self._accepting = trio.CancelScope()
        self._closing = trio.Event()
        self._lane = FastLane(
            raw.start,
            body_limit=config.webhook_body_limit,
            idle_s=config.idle_timeout_s,
            may_stay=lambda: not (self._draining or self._crowded),
        )

    async def run(
        self,
        listeners: Sequence[socket.socket],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept and serve until `close`. Owns the listeners. Raises if the app's start-up fails."""
        async with self._app.running(), trio.open_nursery() as connections:
            connections.start_soon(self._lane.run)
            try:
                with self._accepting:
                    async with trio.open_nursery() as accepting:
                        for listener in listeners:
                            accepting.start_soon(self._accept, listener, connections)
                        task_status.started()
            finally:
                for listener in listeners:
                    listener.close()
            await self._closing.wait()
            connections.cancel_scope.cancel()

    async def drain(self) -> None:
        """Accept nothing more, close idle connections, and let requests in flight finish for at most `drain_s`."""
        self._draining = True
        self._accepting.cancel()
        for wire in self._wires:
            if wire.idle is not None:
                wire.idle.cancel()
        with trio.move_on_after(self._config.drain_s):
            while self._wires:
                await self._left.park()

    @property
    def open_connections(self) -> int:
        return self._open

    def close(self) -> None:
        """Cut whatever is still open; `run` returns."""
        self._draining = True
        self._accepting.cancel()
        self._closing.set()

    # Accepting

    async def _accept(self, listener: socket.socket, connections: trio.Nursery) -> None:
        while True:
            await trio.lowlevel.wait_readable(listener)
            await self._wait_for_room()
            for _ in range(min(_ACCEPTS_PER_TURN, self._room - self._open)):
                try:
                    sock, _ = listener.accept()
                except BlockingIOError:
                    break
                except OSError as error:
                    if error.errno in _EXHAUSTED:
                        log.warning("cannot accept", reason=str(error))
                        await trio.sleep(_EXHAUSTED_PAUSE_S)  # nothing tells when descriptors are free again
                    break  # ECONNABORTED and its kind concern one client only
                sock.setblocking(False)
                self._open += 1
                connections.start_soon(self._connection, sock)

    async def _wait_for_room(self) -> None:
        """At the limit the longest idle connection makes room; where none is idle, the next one that would be does."""
        while self._open >= self._room:
            self._crowded = True
            idle = next((wire.idle for wire in self._wires if wire.idle is not None), None)
            if idle is not None:
                idle.cancel()
            await self._left.park()
        self._crowded = False

    async def _connection(self, sock: socket.socket) -> None:
        try:
            wire = Wire(sock, self._config.write_timeout_s)
            await self._requests(wire)
        except (PeerGone, OSError):
            pass
        except Exception:  # the boundary: one connection's fault ends that connection
            log.exception("a connection failed")
        finally:
            if sock.fileno() >= 0:
                trio.lowlevel.notify_closing(sock)
                sock.close()
            self._open -= 1
            self._left.unpark_all()

    # Requests

    async def _requests(self, wire: Wire) -> None:
        self._wires[wire] = None
        upgrade = None
        try:
            patience_s = self._config.head_timeout_s  # a connection is made in order to be used
            while (head := await self._next_head(wire, patience_s)) is not None:
                if head.layer is Layer.SOCKET and head.upgrades:
                    upgrade = Upgrade(wire.sock, head.target, head.headers, bytes(wire.buffer), wire.peer)
                    break
                if not await self._serve(wire, head):
                    break
                patience_s = self._config.idle_timeout_s
            else:
                if not wire.lingers:
                    return
            if upgrade is None:
                await wire.linger(self._config.linger_s)
        except Refused as refusal:
            await self._refuse(wire, refusal)
        finally:
            del self._wires[wire]
            self._left.unpark_all()
        if upgrade is not None:
            del wire, head
            await self._ws(upgrade)

    async def _next_head(self, wire: Wire, patience_s: float) -> Head | None:
        """The next request's head, or None where the connection ends between two requests. Raises Refused, PeerGone."""
        while not wire.buffer and wire.head is None:
            if not await self._wait_idle(wire, patience_s):
                return None
        taken, wire.head = wire.head, None
        if taken is not None:
            return taken
        reader = HeadReader()
        if (head := reader.take(wire.buffer)) is not None:
            return head
        with trio.move_on_after(self._config.head_timeout_s):
            while await wire.fill():
                if (head := reader.take(wire.buffer)) is not None:
                    return head
            return None
        raise Refused(408, "the head did not come in time")

    async def _wait_idle(self, wire: Wire, patience_s: float) -> bool:
        if self._draining or self._crowded:
            return False
        if wire.webhooks:
            return await self._lane.keep(wire)
        with trio.move_on_after(patience_s) as wire.idle:
            filled = await wire.fill()
            wire.idle = None
            return filled
        wire.idle = None
        return False

    async def _serve(self, wire: Wire, head: Head) -> bool:
        """Answer one request; whether the connection can take the next one."""
        wire.webhooks = head.layer is Layer.WEBHOOKS
        if head.layer is Layer.APP:
            return await self._app.serve(wire, head, lambda: head.keep_alive and not self._draining)
        if head.layer is Layer.SOCKET:
            raise Refused(426, "a WebSocket handshake is needed here")
        config = self._config
        request, wire.request = wire.request, None
        if request is None:
            request = await read_request(
                wire, head, limit=config.webhook_body_limit, timeout_s=config.webhook_body_timeout_s
            )
        try:
            response = await self._raw(request)
        except Exception:
            log.exception("a webhook failed", path=head.path.decode())
            response = RawResponse(500)
        keep = head.keep_alive and not self._draining
        await wire.send(encode(response, keep_alive=keep, bodiless=head.method == b"HEAD", version=head.version))
        return keep

    async def _refuse(self, wire: Wire, refusal: Refused) -> None:
        headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"text/plain; charset=utf-8"),)
        if refusal.status == 426:
            headers += ((b"upgrade", b"websocket"), (b"sec-websocket-version", b"13"))
        response = RawResponse(refusal.status, refusal.reason.encode(), headers)
        await wire.send(encode(response, keep_alive=False))
        await wire.linger(self._config.linger_s)
