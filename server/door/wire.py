"""One connection's socket with the bytes that were read and not yet consumed; every wait has an end.

The door reads into `buffer` and each layer takes from its front, so the next request is simply what is left when a
layer is done.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final, Protocol

import trio

if TYPE_CHECKING:
    from server.door.head import Head
    from server.door.raw_http import RawRequest

READ_SIZE: Final = 64 * 1024


class Idle(Protocol):
    """A wait between two requests."""

    def cancel(self) -> None: ...


class PeerGone(Exception):
    """The connection cannot be used any more: reset, closed, or nothing was read from us for too long."""


class Wire:
    """Owns the non-blocking *sock*. `idle` ends the wait between two requests, while there is one.

    `head` and `request` are what was taken off the buffer already. `lingers`: the last answer was the last one.
    """

    __slots__ = (
        "_write_timeout_s", "buffer", "client", "head", "idle", "lingers", "request", "server", "sock", "webhooks",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, write_timeout_s: float) -> None:
        self.sock = sock
        self.client = _address(sock.getpeername())
        self.server = _address(sock.getsockname())
        self.buffer = bytearray()
        self.idle: Idle | None = None
        self.head: Head | None = None
        self.request: RawRequest | None = None
        self.lingers = False
        self.webhooks = False  # the last request was one
        self._write_timeout_s = write_timeout_s

    @property
    def peer(self) -> str:
        return self.client[0] if self.client else ""

    async def fill(self) -> bool:
        """Wait for bytes and add them to the buffer; False at the end of the stream. Raises PeerGone."""
        while True:
            await trio.lowlevel.wait_readable(self.sock)
            try:
                data = self.sock.recv(READ_SIZE)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                raise PeerGone(str(error)) from None
            self.buffer += data
            return bool(data)

    async def send(self, data: bytes) -> None:
        """Write all of *data* within the write time-out. Raises PeerGone, after which the connection is useless."""
        sent = self._send_some(data)
        if sent == len(data):
            return
        rest = memoryview(data)[sent:]
        with trio.move_on_after(self._write_timeout_s):
            while rest:
                await trio.lowlevel.wait_writable(self.sock)
                rest = rest[self._send_some(rest) :]
            return
        raise PeerGone("nothing was read for too long")

    def _send_some(self, data: bytes | memoryview) -> int:
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise PeerGone(str(error)) from None

    async def linger(self, seconds: float) -> None:
        """Say that we are done and discard what still comes, for at most *seconds*.

        Closing with unread bytes sends a reset, which can destroy our answer before the peer has read it.
        """
        try:
            self.sock.shutdown(socket.SHUT_WR)
            with trio.move_on_after(seconds):
                while await self.fill():
                    self.buffer.clear()
        except (OSError, PeerGone):
            pass


def _address(name: object) -> tuple[str, int] | None:
    """Host and port; None for a socket of another family than IP."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
