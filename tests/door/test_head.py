"""What a head says, read from bytes alone."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.door.head import HEAD_LIMIT, Head, HeadReader, Layer, Refused, layer_of

POST = b"POST /webhooks/twilio/1/inbound?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nX-Sig: s\r\n\r\n"


def read(data: bytes) -> Head:
    head = HeadReader().take(bytearray(data))
    assert head is not None
    return head


@given(st.lists(st.integers(0, len(POST)), max_size=5))
def test_a_head_reads_the_same_however_it_is_cut_and_nothing_behind_it_is_taken(cuts: list[int]) -> None:
    reader, buffer, edges = HeadReader(), bytearray(), [0, *sorted(cuts), len(POST)]
    head = None
    for start, end in itertools.pairwise(edges):
        buffer += POST[start:end] + (b"abcGET" if end == len(POST) and head is None else b"")
        if head is None and buffer:
            head = reader.take(buffer)
    assert head is not None
    assert (head.method, head.path, head.query, head.length) == (b"POST", b"/webhooks/twilio/1/inbound", b"a=b", 3)
    assert (b"x-sig", b"s") in head.headers
    assert buffer.startswith(b"abcGET")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="CL and TE",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            id="TE and CL",
        ),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", id="two lengths"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\n", id="a signed length"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", id="another coding"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="chunked twice",
        ),
        pytest.param(b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunks in HTTP/1.0"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", id="two Hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", id="a path in Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", id="a space before the colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", id="a folded field"),
        pytest.param(b"GET / HTTP/1.1\nHost: x\n\n", id="bare line feeds"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", id="a NUL in a field"),
        pytest.param(b"GET http://x/webhooks/a HTTP/1.1\r\nHost: x\r\n\r\n", id="absolute form"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", id="asterisk form"),
        pytest.param(b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", id="authority form"),
        pytest.param(b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", id="a fragment"),
        pytest.param(b"GET /a\\b HTTP/1.1\r\nHost: x\r\n\r\n", id="a backslash"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="the preface of HTTP/2"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="TLS, before the head is complete"),
        pytest.param(b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", id="a version that is not there"),
    ],
)
def test_a_head_that_could_be_read_in_two_ways_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        HeadReader().take(bytearray(data))
    assert refusal.value.status == 400


def test_an_unknown_expectation_is_417() -> None:
    with pytest.raises(Refused) as refusal:
        read(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n")
    assert refusal.value.status == 417


@pytest.mark.parametrize(("size", "refused"), [(HEAD_LIMIT, False), (HEAD_LIMIT + 1, True)])
def test_a_head_may_have_16_kib_and_not_one_byte_more(size: int, refused: bool) -> None:
    frame = b"GET / HTTP/1.1\r\nHost: x\r\nA: %b\r\n\r\n"
    data = frame % (b"a" * (size - len(frame) + 2))
    assert len(data) == size
    if refused:
        with pytest.raises(Refused, match="too large"):
            read(data)
    else:
        assert read(data).path == b"/"


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        pytest.param(b"/", Layer.APP, id="root"),
        pytest.param(b"/webhooks/twilio/1/inbound", Layer.WEBHOOKS, id="webhook"),
        pytest.param(b"/webhooks", Layer.APP, id="webhooks without a slash is a page that is not there"),
        pytest.param(b"/webhooks2/x", Layer.APP, id="a longer word"),
        pytest.param(b"/ws", Layer.SOCKET, id="socket"),
        pytest.param(b"/ws/", Layer.APP, id="socket with a slash is another page"),
        pytest.param(b"/people/%C3%A9t%C3%A9", Layer.APP, id="an escaped name of a page"),
        pytest.param(b"/a//b/./c", Layer.APP, id="odd, but the app's in every spelling"),
    ],
)
def test_a_path_goes_to_its_layer(path: bytes, layer: Layer) -> None:
    assert layer_of(path) is layer


@pytest.mark.parametrize(
    "path",
    [
        b"/%77ebhooks/x",
        b"/webhooks%2fx",
        b"//webhooks/x",
        b"/./webhooks/x",
        b"/a/../webhooks/x",
        b"/webhooks/../api",
        b"/webhooks/%2e%2e/api",
        b"/webhooks//x",
        b"/webhooks/%74wilio",
        b"//ws",
        b"/%77s",
        b"/a/..%2fws",
        b"/.//ws",
        b"/a%5c..%5cws",
    ],
)
def test_a_spelling_that_another_reader_would_route_elsewhere_is_not_there(path: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        layer_of(path)
    assert refusal.value.status == 404


@pytest.mark.parametrize(
    ("fields", "version", "keeps"),
    [
        pytest.param(b"", b"1.1", True, id="1.1 keeps"),
        pytest.param(b"Connection: close\r\n", b"1.1", False, id="unless told"),
        pytest.param(b"Connection: Keep-Alive, Close\r\n", b"1.1", False, id="close wins"),
        pytest.param(b"", b"1.0", False, id="1.0 does not"),
        pytest.param(b"Connection: keep-alive\r\n", b"1.0", True, id="unless asked"),
    ],
)
def test_who_keeps_the_connection(fields: bytes, version: bytes, keeps: bool) -> None:
    assert read(b"GET / HTTP/%b\r\nHost: x\r\n%b\r\n" % (version, fields)).keep_alive is keeps


def test_empty_lines_before_a_request_are_passed_over() -> None:
    assert read(b"\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n").path == b"/x"


def test_an_upgrade_to_anything_but_a_websocket_is_an_ordinary_request() -> None:
    fields = b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    assert not read(b"GET /ws HTTP/1.1\r\n%b\r\n" % fields).upgrades
    assert read(b"GET /ws HTTP/1.1\r\n%b\r\n" % fields.replace(b"h2c", b"websocket")).upgrades
