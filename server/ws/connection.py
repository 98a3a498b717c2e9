"""One socket's way out: a bounded queue that is written without waiting.

Publishers put frames, the hub flushes all that came within one turn of the scheduler in one send, and only a socket
that did not take everything gets a task of its own until it has caught up. Nobody ever waits for a slow client: its
queue is dropped and a `resync` put in its place, and after `stall_s` without a byte taken it is cut.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import orjson
import trio

from server.ws.frames import encode_close, encode_pong, encode_text

Key = tuple[str | None, object]
"""(channel, what it is there): a later frame with the same key replaces one that still waits."""

RETRY_LATER: Final = 4000
_PONG: Final[Key] = (None, "pong")
_RESYNC: Final[Key] = (None, "resync")


@dataclass(frozen=True, slots=True)
class Frame:
    """Encoded bytes, shared by all who get them. `version`: the newer one stays where two have the same key."""

    data: bytes
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    frames: int = 1024
    bytes: int = 512 * 1024
    stall_s: float = 10.0


class Connection:
    """The outbound half of *sock*. `wake` is told once when there is something to flush; `spawn` starts a task."""

    __slots__ = ("_bytes", "_limits", "_pending", "_rest", "_spawn", "_wake", "closing", "open", "sock")

    def __init__(
        self,
        sock: socket.socket,
        *,
        wake: Callable[[Connection], None],
        spawn: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
        limits: QueueLimits,
    ) -> None:
        self.sock = sock
        self.open = True
        self.closing = False
        self._wake = wake
        self._spawn = spawn
        self._limits = limits
        self._pending: dict[Key, Frame] = {}
        self._bytes = 0
        self._rest: memoryview | None = None  # of a send that was not taken whole

    def put(self, key: Key, frame: Frame) -> None:
        """Queue a frame; it leaves within this turn of the scheduler. Never waits, never raises."""
        if self.closing:
            return
        pending = self._pending
        if not pending:
            self._wake(self)
        elif (waiting := pending.get(key)) is not None:
            if waiting.version > frame.version:
                return
            self._bytes -= len(waiting.data)
        pending[key] = frame
        self._bytes += len(frame.data)
        if self._bytes > self._limits.bytes or len(pending) > self._limits.frames:
            self._drop()

    def reply(self, data: bytes, channel: str | None = None) -> None:
        """Queue a frame that nothing replaces; where it is dropped, *channel* is resynchronised."""
        self.put((channel, object()), Frame(data))

    def pong(self, payload: bytes) -> None:
        self.put(_PONG, Frame(encode_pong(payload)))  # RFC 6455, 5.5.3: answering the newest ping is enough

    def _drop(self) -> None:
        """A frame that is half sent must be finished; all that waits behind it goes."""
        lost = {channel for channel, _ in self._pending if channel is not None}
        if (told := self._pending.get(_RESYNC)) is not None:
            lost.update(orjson.loads(told.data[_payload_at(told.data) :])["ch"])
        frame = Frame(encode_text(orjson.dumps({"t": "resync", "ch": sorted(lost)})))
        self._pending = {_RESYNC: frame}
        self._bytes = len(frame.data)

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it now."""
        if self._rest is not None or not self._pending or not self.open:
            return
        data = self._take()
        sent = self._send_some(data)
        if sent < len(data) and self.open:
            self._rest = memoryview(data)[sent:]
            self._spawn(self._catch_up)

    def _take(self) -> bytes:
        data = b"".join([frame.data for frame in self._pending.values()])
        self._pending.clear()
        self._bytes = 0
        return data

    async def _catch_up(self) -> None:
        while self._rest and self.open:
            with trio.move_on_after(self._limits.stall_s) as patience:
                try:
                    await trio.lowlevel.wait_writable(self.sock)
                except trio.ClosedResourceError:
                    return
            if patience.cancelled_caught:
                self.abort()
                return
            self._rest = self._rest[self._send_some(self._rest) :]
            if not self._rest and self._pending:
                self._rest = memoryview(self._take())
        self._rest = None

    def _send_some(self, data: bytes | memoryview) -> int:
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self.abort()
            return 0

    def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame behind what waits; nothing is queued after it. The reader awaits the client's answer."""
        if not self.closing:
            self.reply(encode_close(code, reason))
            self.closing = True
            self.flush()

    def abort(self) -> None:
        """Cut the connection at once; whoever reads from it is woken with ClosedResourceError."""
        self.closing = True
        if self.open:
            self.open = False
            self._pending.clear()
            trio.lowlevel.notify_closing(self.sock)
            self.sock.close()


def _payload_at(frame: bytes) -> int:
    return {126: 4, 127: 10}.get(frame[1], 2)
