"""Reads one request's body off the wire and stops exactly at its end.

Limits: a size, and a patience that pays for slow senders: time spent waiting for the client uses it up, bytes that
arrive earn some back, so a dripped body ends soon while a large upload over a slow line goes through.
"""

from __future__ import annotations

import re
from typing import Final

import trio

from server.door.head import Head, Refused
from server.door.raw_http import RawRequest
from server.door.wire import PeerGone, Wire

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
MIN_RATE: Final = 16 * 1024  # bytes per second that a sender must keep up once its patience is used
_LINE_LIMIT: Final = 4 * 1024
_TRAILER_LIMIT: Final = 16 * 1024
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[\t -~]*)?")


class BodyReader:
    """The body of the request with *head*; nothing behind it is ever taken from the wire.

    Raises Refused (400, 408, 413) and PeerGone. `complete` tells whether the next request can follow.
    """

    __slots__ = ("_chunked", "_left", "_patience_s", "_room", "_wire", "complete", "wants_continue")

    def __init__(self, wire: Wire, head: Head, *, limit: int, timeout_s: float) -> None:
        if head.length is not None and head.length > limit:
            raise Refused(413, "the body is too large")
        self._wire = wire
        self._room = limit
        self._patience_s = timeout_s
        self._chunked = head.chunked
        self._left = head.length or 0
        self.complete = not head.has_body
        self.wants_continue = head.expects_continue and head.has_body and not wire.buffer

    async def all(self) -> bytes:
        """The whole body."""
        buffer, left = self._wire.buffer, self._left
        if not self._chunked and len(buffer) >= left:
            self.complete = True
            whole = bytes(buffer[:left])
            del buffer[:left]
            return whole
        pieces = bytearray()
        while piece := await self.piece():
            pieces += piece
        return bytes(pieces)

    async def piece(self) -> bytes:
        """What is there of the body, at least one byte; empty at its end."""
        if self.complete:
            return b""
        if self._chunked and not self._left and not await self._next_chunk():
            self.complete = True
            return b""
        buffer = self._wire.buffer
        if not buffer:
            await self._more()
        piece = bytes(buffer[: self._left])
        del buffer[: len(piece)]
        self._left -= len(piece)
        if not self._left:
            if self._chunked:
                await self._end_of_chunk()
            else:
                self.complete = True
        return piece

    async def _next_chunk(self) -> bool:
        match = _CHUNK_SIZE.fullmatch(await self._line(_LINE_LIMIT))
        if match is None:
            raise Refused(400, "bad chunk size")
        self._left = int(match[1], 16)
        self._room -= self._left
        if self._room < 0:
            raise Refused(413, "the body is too large")
        if self._left:
            return True
        room = _TRAILER_LIMIT
        while trailer := await self._line(_LINE_LIMIT):
            room -= len(trailer)
            if room < 0:
                raise Refused(431, "the trailers are too large")
        return False

    async def _end_of_chunk(self) -> None:
        if await self._line(2):
            raise Refused(400, "bad end of a chunk")

    async def _line(self, limit: int) -> bytes:
        """The next line without its CRLF, of at most *limit* bytes; a bare LF never ends one."""
        buffer, seen = self._wire.buffer, 0
        while (end := buffer.find(b"\r\n", max(0, seen - 1))) < 0:
            seen = len(buffer)
            if seen >= limit:
                raise Refused(400, "bad chunk")
            await self._more()
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line

    async def _more(self) -> None:
        if self.wants_continue:
            self.wants_continue = False
            await self._wire.send(CONTINUE)
        started, held = trio.current_time(), len(self._wire.buffer)
        with trio.move_on_after(self._patience_s) as scope:
            if not await self._wire.fill():
                raise PeerGone("closed in the middle of a body")
        if scope.cancelled_caught:
            raise Refused(408, "the body did not come in time")
        self._patience_s += (len(self._wire.buffer) - held) / MIN_RATE - (trio.current_time() - started)


async def read_request(wire: Wire, head: Head, *, limit: int, timeout_s: float) -> RawRequest:
    """The request with its whole body. Raises Refused and PeerGone."""
    body = await BodyReader(wire, head, limit=limit, timeout_s=timeout_s).all() if head.has_body else b""
    return RawRequest(head.method, head.target, head.headers, body, wire.peer)
