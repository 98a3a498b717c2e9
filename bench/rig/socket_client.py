"""The client's end of a WebSocket in as little code as a load generator can bear: no checks, no fragments."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator


def connect(port: int, cookie: str = "") -> socket.socket:
    """A blocking socket after the upgrade on 127.0.0.1:*port*."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=10.0)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Cookie: {cookie}\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            raise ConnectionError("closed in the handshake")
        head += byte
    if not head.startswith(b"HTTP/1.1 101 "):
        raise ConnectionError(head.decode("latin-1"))
    return sock


def encode(message: object) -> bytes:
    """A masked text frame; the mask is zero, which is allowed and saves the work."""
    payload = json.dumps(message).encode()
    assert len(payload) < 126
    return b"\x81" + bytes((0x80 | len(payload),)) + b"\0\0\0\0" + payload


def take_frames(buffer: bytearray) -> Iterator[bytes]:
    """Remove the whole frames at the front of *buffer* and give their payloads."""
    at, size = 0, len(buffer)
    while size - at >= 2:
        length, start = buffer[at + 1], at + 2
        if length == 126:
            length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
        elif length == 127:
            length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
        if start + length > size:
            break
        yield bytes(buffer[start : start + length])
        at = start + length
    del buffer[:at]
