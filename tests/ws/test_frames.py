"""Outbound frames are what a client's parser reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode

from server.ws.frames import encode_close, encode_pong, encode_text


def read(data: bytes) -> list[tuple[Opcode, object]]:
    protocol = FrameProtocol(client=True, extensions=[])
    protocol.receive_bytes(data)
    return [(frame.opcode, frame.payload) for frame in protocol.received_frames()]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 200_000])
def test_a_text_of_any_size_is_read_back(size: int) -> None:
    assert read(encode_text(b"a" * size)) == [(Opcode.TEXT, "a" * size)]


@given(st.integers(4000, 4999), st.text(max_size=200))
def test_the_reason_of_a_close_is_cut_between_characters(code: int, reason: str) -> None:
    [(opcode, payload)] = read(encode_close(code, reason))
    assert opcode is Opcode.CLOSE
    assert isinstance(payload, tuple)
    assert payload[0] == code
    assert reason.startswith(payload[1])
    assert len(payload[1].encode()) > 119 or payload[1] == reason


def test_a_close_may_have_no_code() -> None:
    assert encode_close(None) == b"\x88\x00"


def test_a_pong_gives_back_what_the_ping_said() -> None:
    assert read(encode_pong(b"x")) == [(Opcode.PONG, b"x")]
