"""The bytes of RFC 6455: frames to the client are built once and shared, frames from it are read strictly by wsproto.

No extension is negotiated: deflate would need a state and a compression for each client and event.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wsproto.frame_protocol import CloseReason, FrameProtocol, Opcode, ParseFailed

MESSAGE_LIMIT: Final = 64 * 1024
_CONTROL_LIMIT: Final = 125


def encode_text(payload: bytes) -> bytes:
    """A whole unmasked text frame.

    >>> encode_text(b"hi")
    b'\\x81\\x02hi'
    """
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def encode_close(code: int | None, reason: str = "") -> bytes:
    """A close frame; without a code where the client gave none either. The reason is cut to what fits."""
    payload = b""
    if code is not None:
        words = reason.encode()[: _CONTROL_LIMIT - 2].decode(errors="ignore")
        payload = struct.pack("!H", code) + words.encode()
    return b"\x88%c%b" % (len(payload), payload)


def encode_pong(payload: bytes) -> bytes:
    return b"\x8a%c%b" % (len(payload), payload)


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class PingFrame:
    payload: bytes


@dataclass(frozen=True, slots=True)
class CloseFrame:
    """`code` None: the client gave none."""

    code: int | None


class ProtocolFault(Exception):
    """The client broke the protocol; *code* goes into the close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Inbound:
    """Turns the client's bytes into whole messages. After a fault or a CloseFrame nothing more may be fed."""

    __slots__ = ("_limit", "_pieces", "_protocol", "_size")

    def __init__(self, limit: int = MESSAGE_LIMIT) -> None:
        self._protocol = FrameProtocol(client=False, extensions=[])
        self._limit = limit
        self._pieces: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Text | PingFrame | CloseFrame]:
        """Raises ProtocolFault: 1002 framing, 1003 binary, 1007 not UTF-8, 1009 too big."""
        self._protocol.receive_bytes(data)
        try:
            for frame in self._protocol.received_frames():
                if frame.opcode is Opcode.TEXT:
                    assert isinstance(frame.payload, str)  # noqa: S101 - wsproto decodes text; its union type says less
                    yield from self._text(frame.payload, frame.message_finished)
                elif frame.opcode is Opcode.BINARY:
                    raise ProtocolFault(CloseReason.UNSUPPORTED_DATA, "only text is spoken here")
                elif frame.opcode is Opcode.PING:
                    assert isinstance(frame.payload, bytes)  # noqa: S101 - as above
                    yield PingFrame(frame.payload)
                elif frame.opcode is Opcode.CLOSE:
                    assert isinstance(frame.payload, tuple)  # noqa: S101 - as above
                    code = int(frame.payload[0])
                    yield CloseFrame(None if code == CloseReason.NO_STATUS_RCVD else code)
        except ParseFailed as error:
            raise ProtocolFault(int(error.code), str(error)) from None

    def _text(self, piece: str, finished: bool) -> Iterator[Text]:
        self._size += len(piece) if piece.isascii() else len(piece.encode())
        if self._size > self._limit:
            raise ProtocolFault(CloseReason.MESSAGE_TOO_BIG, f"at most {self._limit} bytes")
        if piece:
            self._pieces.append(piece)
        if finished:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            yield Text(text)
