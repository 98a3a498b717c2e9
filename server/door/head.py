"""Decides what a request's head says and which layer serves it: the only place where HTTP/1.1 heads are read.

llhttp reads the head strictly; what it leaves open (Host, odd codings, odd targets) is refused here. Every layer gets
the parsed `Head`, so that none can read the same bytes differently from the one that chose it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

import httptools

HEAD_LIMIT: Final = 16 * 1024

Headers = list[tuple[bytes, bytes]]

_HOST: Final = re.compile(rb"[A-Za-z0-9._~:\[\]-]*")
_TARGET: Final = re.compile(rb"/[!\"$-\[\]-~]*")  # origin form; neither a fragment nor a backslash
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_DECISIVE: Final = frozenset((b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect"))
_ODD: Final = re.compile(rb"%|//|/\.")


class Refused(Exception):
    """The request cannot be served; *status* is the answer and the connection ends after it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Layer(enum.Enum):
    APP = "app"
    SOCKET = "socket"
    WEBHOOKS = "webhooks"


@dataclass(slots=True)
class Head:
    """A request without its body. Header names are lower-case. `length` None with `chunked` False means: no body."""

    method: bytes
    target: bytes
    path: bytes
    query: bytes
    version: str
    headers: Headers
    layer: Layer
    keep_alive: bool
    length: int | None = None
    chunked: bool = False
    expects_continue: bool = False
    upgrades: bool = False

    @property
    def has_body(self) -> bool:
        return self.chunked or bool(self.length)


class HeadReader:
    """Takes one head out of a growing buffer; one reader for each request.

    llhttp sees the bytes as they come, so that garbage is refused at once instead of when the deadline ends, but never
    a byte behind the head: those belong to the layer that serves the request.
    """

    __slots__ = ("_fed", "_parser", "headers", "target")

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._fed = 0
        self.target = b""
        self.headers: Headers = []

    def on_url(self, fragment: bytes) -> None:
        self.target += fragment

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def take(self, buffer: bytearray) -> Head | None:
        """Remove the head from the front of *buffer* and return it; None while it is incomplete.

        Raises Refused, and leaves the buffer as it was.
        """
        while not self._fed and buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: an empty line before a request is ignored
            del buffer[:2]
        if not self._fed and buffer == b"\r":
            return None
        end = buffer.find(b"\r\n\r\n", max(0, self._fed - 3)) + 4
        complete = end > 3
        if not complete:
            end = len(buffer)
        if end > HEAD_LIMIT:
            raise Refused(431, "the head is too large")
        self._feed(bytes(buffer[self._fed : end]))
        self._fed = end
        if not complete:
            return None
        head = self._understood()
        del buffer[:end]
        return head

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # the parser stops at the head's end, and so do we
        except httptools.HttpParserError as error:
            raise Refused(400, str(error)) from None

    def _understood(self) -> Head:
        path, _, query = self.target.partition(b"?")
        method, version = self._parser.get_method(), self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise Refused(400, "not HTTP/1.1")
        if method == b"CONNECT" or not _TARGET.fullmatch(self.target):
            raise Refused(400, "only targets that begin with a slash are served")
        head = Head(
            method, self.target, path, query, version, self.headers, layer_of(path), keep_alive=version == "1.1"
        )
        _understand_fields(head)
        return head


def _understand_fields(head: Head) -> None:
    found: dict[bytes, list[bytes]] = {}
    for name, value in head.headers:
        if name in _DECISIVE:
            found.setdefault(name, []).append(value)
    _check_host(head.version, found.get(b"host", []))
    _frame(head, found)
    if b"connection" in found:
        _connect(head, found)


def _check_host(version: str, hosts: list[bytes]) -> None:
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise Refused(400, "exactly one Host is needed")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise Refused(400, "bad Host")


def _frame(head: Head, found: dict[bytes, list[bytes]]) -> None:
    if codings := found.get(b"transfer-encoding"):
        if head.version == "1.0" or [coding.lower() for coding in codings] != [b"chunked"]:
            raise Refused(400, "the only transfer coding is chunked, once")
        head.chunked = True
    if lengths := found.get(b"content-length"):
        if head.chunked or len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
            raise Refused(400, "a body has one length, or chunks")
        head.length = int(lengths[0])
    if expectations := found.get(b"expect"):
        if [value.lower() for value in expectations] != [b"100-continue"]:
            raise Refused(417, "unknown expectation")
        head.expects_continue = head.version == "1.1"


def _connect(head: Head, found: dict[bytes, list[bytes]]) -> None:
    tokens = {token.strip() for token in b",".join(found[b"connection"]).lower().split(b",")}
    head.keep_alive = b"close" not in tokens and (head.keep_alive or b"keep-alive" in tokens)
    wants_socket = b"upgrade" in tokens and [name.lower() for name in found.get(b"upgrade", [])] == [b"websocket"]
    head.upgrades = wants_socket and head.method == b"GET" and head.version == "1.1" and not head.has_body


def layer_of(path: bytes) -> Layer:
    """Which layer serves *path*. Raises Refused(404) where another spelling of it would reach another layer.

    The app decodes paths; the layers in front of it compare bytes. `/%77ebhooks/x` or `//ws` must therefore not slip
    past one of them to the other, nor may a proxy's rule for `/webhooks/` be escaped by `/webhooks/../api`.
    """
    layer = _plain_layer(path)
    if _ODD.search(path):
        canonical = _canonical(path)
        if _plain_layer(canonical) is not layer or (layer is not Layer.APP and canonical != path):
            raise Refused(404, "an odd spelling of a path")
    return layer


def _plain_layer(path: bytes) -> Layer:
    if path.startswith(b"/webhooks/"):
        return Layer.WEBHOOKS
    return Layer.SOCKET if path == b"/ws" else Layer.APP


def _canonical(path: bytes) -> bytes:
    """Decoded once, without empty or dot segments.

    >>> _canonical(b"//a/%2e%2e/%77s")
    b'/ws'
    """
    kept: list[bytes] = []
    segments = unquote_to_bytes(path).replace(b"\\", b"/").split(b"/")
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    trailing = b"/" if kept and segments[-1] in (b"", b".", b"..") else b""
    return b"/" + b"/".join(kept) + trailing
