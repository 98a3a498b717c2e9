"""Decides whether a request becomes a socket (RFC 6455, 4.2), and with which answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import socket
from dataclasses import dataclass
from typing import Final

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(slots=True)
class Upgrade:
    """A request for a socket, from the door. `buffered` came behind the head; header names are lower-case."""

    sock: socket.socket
    target: bytes
    headers: list[tuple[bytes, bytes]]
    buffered: bytes
    peer: str

    def header(self, name: bytes) -> bytes | None:
        """The field *name*, repeated ones joined by a comma."""
        values = [value for key, value in self.headers if key == name]
        return b", ".join(values) if values else None


@dataclass(frozen=True, slots=True)
class Accepted:
    answer: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    answer: bytes


def answer_handshake(upgrade: Upgrade) -> Accepted | Rejected:
    """The answer to a well-formed upgrade, or why there is none. Extensions and subprotocols are left unanswered."""
    if upgrade.header(b"sec-websocket-version") != b"13":
        return reject(426, "Upgrade Required", "sec-websocket-version: 13\r\nupgrade: websocket\r\n")
    key = upgrade.header(b"sec-websocket-key") or b""
    try:
        nonce = base64.b64decode(key, validate=True)
    except binascii.Error:
        nonce = b""
    if len(nonce) != 16:
        return reject(400, "Bad Request")
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return Accepted(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-accept: %b\r\n\r\n" % accept
    )


def reject(status: int, reason: str, fields: str = "") -> Rejected:
    return Rejected(f"HTTP/1.1 {status} {reason}\r\n{fields}content-length: 0\r\nconnection: close\r\n\r\n".encode())
