"""RFC 6455 at the wire: what a client may not do, said by a client that checks nothing (wsproto's frames, by hand)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
import trio
from wsproto.frame_protocol import FrameProtocol, Opcode

if TYPE_CHECKING:
    from tests.ws.conftest import Node, StartNode

MASK = b"\x01\x02\x03\x04"
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
PONG_FRAME = b'{"t":"pong","id":1}'


def frame(first: int, payload: bytes, *, mask: bytes | None = MASK, length: bytes | None = None) -> bytes:
    """A frame with *first* as its first byte, right or wrong."""
    bit = 0x80 if mask is not None else 0
    size = len(payload)
    if length is None and size < 126:
        length = bytes((bit | size,))
    elif length is None:
        length = struct.pack("!BH", bit | 126, size) if size < 65536 else struct.pack("!BQ", bit | 127, size)
    if mask is None:
        return bytes((first,)) + length + payload
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes((first,)) + length + mask + masked


async def open_socket(node: Node, more: bytes = b"") -> trio.SocketStream:
    stream = await node.dial()
    await stream.send_all(HANDSHAKE + b"\r\n" + more)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += await stream.receive_some()
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"deflate" not in head
    assert rest == b""
    return stream


async def hear(stream: trio.SocketStream) -> tuple[Opcode, object]:
    """The next frame, which must be a whole one without a mask."""
    protocol = FrameProtocol(client=True, extensions=[])
    while True:
        data = await stream.receive_some()
        if not data:
            raise EOFError
        protocol.receive_bytes(data)
        for heard in protocol.received_frames():
            return heard.opcode, heard.payload


@pytest.mark.parametrize(
    ("said", "code"),
    [
        pytest.param(frame(0x81, b"{}", mask=None), 1002, id="no mask"),
        pytest.param(frame(0x83, b"{}"), 1002, id="an opcode that is reserved"),
        pytest.param(frame(0xC1, b"{}"), 1002, id="a reserved bit, as deflate would set it"),
        pytest.param(frame(0x80, b"{}"), 1002, id="a continuation of nothing"),
        pytest.param(frame(0x01, b"{") + frame(0x81, b"}"), 1002, id="a new message inside of another"),
        pytest.param(frame(0x09, b""), 1002, id="a ping in pieces"),
        pytest.param(frame(0x89, b"a" * 126), 1002, id="a long ping"),
        pytest.param(frame(0x81, b"{}", length=b"\xfe\x00\x02"), 1002, id="a length written longer than needed"),
        pytest.param(frame(0x88, b"\x03"), 1002, id="a close of one byte"),
        pytest.param(frame(0x88, struct.pack("!H", 1005)), 1002, id="a close with a code that is never sent"),
        pytest.param(frame(0x88, struct.pack("!H", 999)), 1002, id="a close with a code that does not exist"),
        pytest.param(frame(0x82, b"{}"), 1003, id="binary"),
        pytest.param(frame(0x81, b"\xff\xfe"), 1007, id="not UTF-8"),
        pytest.param(frame(0x81, b"\xed\xa0\x80"), 1007, id="a surrogate"),
        pytest.param(frame(0x01, b"\xe2\x82") + frame(0x80, b"x"), 1007, id="UTF-8 broken across pieces"),
        pytest.param(frame(0x81, b"a" * 65537), 1009, id="a message above 64 KiB"),
        pytest.param((frame(0x01, b"a" * 40000) + frame(0x00, b"a" * 40000)), 1009, id="pieces above 64 KiB"),
        pytest.param(frame(0x81, "é".encode() * 32769), 1009, id="above 64 KiB in bytes though not in characters"),
    ],
)
async def test_a_breach_is_answered_with_its_code_and_the_end(start_node: StartNode, said: bytes, code: int) -> None:
    stream = await open_socket(await start_node())
    await stream.send_all(said)
    opcode, payload = await hear(stream)
    assert opcode is Opcode.CLOSE
    assert isinstance(payload, tuple)
    assert payload[0] == code
    await stream.send_eof()
    assert await stream.receive_some() == b""


async def test_a_message_in_pieces_with_a_ping_between_is_one_message(start_node: StartNode) -> None:
    node = await start_node()
    stream = await open_socket(node)
    said = '{"t":"subscribe","id":1,"ch":"thread:€"}'.encode()
    cut = said.index("€".encode()) + 1  # in the middle of a character
    await stream.send_all(frame(0x01, said[:cut]) + frame(0x89, b"now"))
    assert await hear(stream) == (Opcode.PONG, b"now")
    await stream.send_all(frame(0x00, b"") + frame(0x80, said[cut:]))
    opcode, payload = await hear(stream)
    assert opcode is Opcode.TEXT
    assert '"not_found"' in str(payload)


async def test_a_frame_that_drips_in_byte_by_byte_is_understood(start_node: StartNode) -> None:
    stream = await open_socket(await start_node())
    for byte in frame(0x89, b"drip"):
        await stream.send_all(bytes((byte,)))
    assert await hear(stream) == (Opcode.PONG, b"drip")


async def test_bytes_that_came_with_the_handshake_are_heard(start_node: StartNode) -> None:
    node = await start_node()
    stream = await node.dial()
    await stream.send_all(HANDSHAKE + b"\r\n" + frame(0x89, b"early"))
    received = b""
    while b"early" not in received:
        received += await stream.receive_some()
    assert received.endswith(b"\x8a\x05early")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        pytest.param(struct.pack("!H", 1000) + b"bye", (1000, ""), id="with a code"),
        pytest.param(b"", (1005, ""), id="without a code"),
        pytest.param(struct.pack("!H", 4321), (4321, ""), id="with a code of its own"),
    ],
)
async def test_a_close_is_answered_with_the_same_code_and_the_end(
    start_node: StartNode, said: bytes, answered: tuple[int, str]
) -> None:
    stream = await open_socket(await start_node())
    await stream.send_all(frame(0x88, said))
    opcode, payload = await hear(stream)
    assert isinstance(payload, tuple)
    assert (opcode, payload[0], payload[1] or "") == (Opcode.CLOSE, *answered)
    assert await stream.receive_some() == b""


# The handshake


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param((b"Version: 13", b"Version: 8"), b"426", id="an old version"),
        pytest.param((b"Sec-WebSocket-Version: 13\r\n", b""), b"426", id="no version"),
        pytest.param((b"dGhlIHNhbXBsZSBub25jZQ==", b"c2hvcnQ="), b"400", id="a short key"),
        pytest.param((b"dGhlIHNhbXBsZSBub25jZQ==", b"not base64!"), b"400", id="a key that is none"),
        pytest.param((b"Host: x\r\n", b"Host: x\r\nOrigin: http://theirs\r\n"), b"403", id="a page of somebody else"),
    ],
)
async def test_a_handshake_that_is_not_right_is_refused(
    start_node: StartNode, change: tuple[bytes, bytes], status: bytes
) -> None:
    node = await start_node()
    stream = await node.dial()
    await stream.send_all((HANDSHAKE + b"\r\n").replace(*change))
    answer = b""
    while data := await stream.receive_some():
        answer += data
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert node.sockets.count == 0


async def test_our_own_page_is_let_in_and_extensions_are_declined(start_node: StartNode) -> None:
    node = await start_node()
    stream = await node.dial()
    more = b"Origin: http://ours\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: x\r\n\r\n"
    await stream.send_all(HANDSHAKE + more)
    answer = await stream.receive_some()
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"extensions" not in answer.lower()
    assert b"protocol:" not in answer.lower()


async def test_without_a_database_nobody_is_let_in_and_told_to_come_back(start_node: StartNode) -> None:
    node = await start_node()
    node.database_down = True
    stream = await node.dial()
    await stream.send_all(HANDSHAKE + b"\r\n")
    assert (await stream.receive_some()).startswith(b"HTTP/1.1 503 ")


async def test_a_draining_node_lets_nobody_in(start_node: StartNode) -> None:
    node = await start_node()
    await node.sockets.drain()
    stream = await node.dial()
    await stream.send_all(HANDSHAKE + b"\r\n")
    assert (await stream.receive_some()).startswith(b"HTTP/1.1 503 ")
