"""Owns how a request's body reaches a handler: at the reader's pace, within the route's size and the time for it.

What was not read yet is at most ROOM bytes, whatever is sent: then the client waits. So a route may take a large file
without a large memory, and a route that takes none is not filled up by one that sends it anyway.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, cast

import trio
from hypercorn.typing import ASGIReceiveCallable
from quart import request
from quart.wrappers import Request
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest
from quart_trio.wrappers.request import TrioBody

from server.http.errors import Problem
from server.http.rules import JSON_LIMIT

ROOM: Final = 256 * 1024
JSON_TIMEOUT_S: Final = 20.0
RAW_TIMEOUT_S: Final = 600.0  # 50 MB over a line of 700 kbit/s


class PacedBody(TrioBody):
    """Bytes between the connection and the handler. The limits are those of a route that is not known yet."""

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        super().__init__(None, None)
        self._taken = trio.Event()

    async def put(self, piece: bytes) -> None:
        """Add *piece*, and wait until there is room for the next one."""
        self.append(piece)
        while len(self._data) >= ROOM:
            self._taken = trio.Event()
            await self._taken.wait()

    async def __anext__(self) -> bytes:
        piece = await super().__anext__()
        self._taken.set()
        return piece


class PacedRequest(TrioRequest):
    body_class = PacedBody


class PacedConnection(TrioASGIHTTPConnection):
    async def handle_messages(  # type: ignore[override]  # as quart-trio's own, which takes the nursery too
        self, nursery: trio.Nursery, request: Request, receive: ASGIReceiveCallable
    ) -> None:
        body = cast(PacedBody, request.body)
        while (message := await receive())["type"] != "http.disconnect":
            if message["type"] == "http.request":
                await body.put(message.get("body", b""))
                if not message.get("more_body", False):
                    body.set_complete()
        nursery.cancel_scope.cancel()


def raw_body(limit: int, timeout_s: float = RAW_TIMEOUT_S) -> AsyncIterator[bytes]:
    """The present request's body in pieces, at most *limit* bytes. It raises Problem (413, 408).

    *timeout_s* counts while the sender is waited for, not while the handler works.
    """
    if (request.content_length or 0) > limit:
        raise _too_big(limit)
    return Pieces(cast(PacedBody, request.body), limit, timeout_s)


class Pieces:
    """What is read of *body*; a handler may stop at any piece."""

    def __init__(self, body: PacedBody, limit: int, timeout_s: float) -> None:
        self._body, self._limit, self._left, self._patience_s = body, limit, limit, timeout_s

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        asked = trio.current_time()
        with trio.move_on_after(self._patience_s) as scope:
            piece = await self._body.__anext__()
        if scope.cancelled_caught:
            raise Problem(408, "request_timeout", "The request took too long to arrive.")
        self._patience_s -= trio.current_time() - asked
        self._left -= len(piece)
        if self._left < 0:
            raise _too_big(self._limit)
        return piece


async def whole_body(limit: int = JSON_LIMIT, timeout_s: float = JSON_TIMEOUT_S) -> bytes:
    """All of the present request's body. Raises Problem (413, 408)."""
    return b"".join([piece async for piece in raw_body(limit, timeout_s)])


def _too_big(limit: int) -> Problem:
    size = f"{limit // 1_000_000} MB" if limit >= 1_000_000 else f"{limit // 1024} KB"
    return Problem(413, "request_entity_too_large", f"This is too big: at most {size} are taken here.")
