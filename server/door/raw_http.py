"""Carrier webhooks, answered without a web framework: what they ask, what they are answered, and its bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus
from typing import Final, Protocol

from server.door.head import Headers

REASONS: Final = {status.value: status.phrase.encode() for status in HTTPStatus}


@dataclass(slots=True)
class RawRequest:
    """A request as it came. `target` is not decoded; `body` are the bytes that a signature covers."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    peer: str


@dataclass(frozen=True, slots=True)
class RawResponse:
    """`headers` must not name content-length, connection, date or transfer-encoding: the door writes them."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Started(Enum):
    """Where the answer will come from, if it is not there at once."""

    ANSWERS_LATER = "later"
    NOT_HERE = "not here"  # nothing was begun: await the handler instead


class RawHandler(Protocol):
    """What answers webhooks, in two ways that must agree."""

    async def __call__(self, request: RawRequest) -> RawResponse:
        """Answer one request. An exception becomes a 500 and is logged."""

    def start(self, request: RawRequest, answered: Callable[[RawResponse], None]) -> RawResponse | Started:
        """Begin to answer without waiting; *answered* is called once, later and from any task, or never."""


Start = Callable[[RawRequest, Callable[[RawResponse], None]], RawResponse | Started]


def encode(response: RawResponse, *, keep_alive: bool, bodiless: bool = False, version: str = "1.1") -> bytes:
    """The answer's bytes. *bodiless*: the request was a HEAD."""
    status = response.status
    fields = b"".join([b"%b: %b\r\n" % field for field in response.headers])
    length = b"" if status in (204, 304) else b"content-length: %d\r\n" % len(response.body)
    close = b"connection: close\r\n"
    if keep_alive:
        close = b"" if version == "1.1" else b"connection: keep-alive\r\n"
    head = b"HTTP/1.1 %d %b\r\ndate: %b\r\n%b%b%b\r\n" % (
        status,
        REASONS.get(status, b""),
        http_date(),
        fields,
        length,
        close,
    )
    return head if bodiless or not length else head + response.body


_date: tuple[int, bytes] = (0, b"")


def http_date() -> bytes:
    """Now, as the Date field wants it; rendered once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True).encode())
    return _date[1]
