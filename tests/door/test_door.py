"""One connection through the door: which layer serves each request, and where one request ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.door.conftest import OpenHouse

CHUNKED = b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n"
PAGE = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n"
WEBHOOK = b"POST /webhooks/twilio/1/inbound HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nBody"
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def test_one_connection_goes_from_page_to_webhook_to_page_to_socket(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await house.connect()
    assert (await client.exchange(PAGE)).body == b"a page"
    assert (await client.exchange(WEBHOOK)).body == b"<Response/>"
    assert (await client.exchange(PAGE)).body == b"a page"
    await client.send(UPGRADE)
    received = b""
    while b"hello" not in received:
        received += await client.stream.receive_some()
    assert received.startswith(b"HTTP/1.1 101 ")
    assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in received
    assert house.webhooks[0].body == b"Body"
    assert await client.ended()


@pytest.mark.parametrize(
    ("requests", "bodies"),
    [
        pytest.param([PAGE, WEBHOOK], [b"a page", b"<Response/>"], id="page, webhook"),
        pytest.param([WEBHOOK, PAGE], [b"<Response/>", b"a page"], id="webhook, page"),
        pytest.param([PAGE, PAGE], [b"a page", b"a page"], id="page, page"),
        pytest.param([WEBHOOK, WEBHOOK, PAGE], [b"<Response/>", b"<Response/>", b"a page"], id="two webhooks, page"),
    ],
)
async def test_requests_in_one_packet_are_answered_in_their_order(
    open_house: OpenHouse, requests: list[bytes], bodies: list[bytes]
) -> None:
    client = await (await open_house()).connect()
    await client.send(b"".join(requests))
    assert [(await client.answer()).body for _ in requests] == bodies


async def test_bytes_behind_an_upgrade_reach_the_socket(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await house.connect()
    await client.send(UPGRADE + b"\x81\x80abcd")
    assert await client.stream.receive_some()
    assert house.upgrades[0].buffered == b"\x81\x80abcd"


async def test_a_request_cut_at_every_byte_is_the_same_request(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await house.connect()
    for cut in range(1, len(WEBHOOK)):
        await client.send(WEBHOOK[:cut])
        assert (await client.exchange(WEBHOOK[cut:])).status == 200
    assert {asked.body for asked in house.webhooks} == {b"Body"}
    assert len(house.webhooks) == len(WEBHOOK) - 1


@pytest.mark.parametrize("path", [b"/echo", b"/webhooks/twilio/1/inbound"])
async def test_a_chunked_body_ends_where_it_ends(open_house: OpenHouse, path: bytes) -> None:
    house = await open_house()
    client = await house.connect()
    chunks = b"3;note=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
    answer = await client.exchange(b"POST %b HTTP/1.1\r\n%b%b%b" % (path, CHUNKED, chunks, PAGE))
    assert answer.status == 200
    assert answer.body == b"13" if path == b"/echo" else house.webhooks[0].body == b"abc0123456789"
    assert (await client.answer()).body == b"a page"


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(b"3\nabc\n0\n\n" + b" " * 5000, id="bare line feeds"),
        pytest.param(b"3 \r\nabc\r\n0\r\n\r\n", id="a space behind the size"),
        pytest.param(b"-3\r\nabc\r\n0\r\n\r\n", id="a negative size"),
        pytest.param(b"0x3\r\nabc\r\n0\r\n\r\n", id="a prefix"),
        pytest.param(b"3\r\nabcd\r\n0\r\n\r\n", id="a chunk longer than it says"),
        pytest.param(b"FFFFFFFFFFFFFFFFF\r\n", id="a size beyond every bound"),
    ],
)
async def test_a_bad_chunk_is_400_and_the_end(open_house: OpenHouse, chunks: bytes) -> None:
    house = await open_house()
    client = await house.connect()
    answer = await client.exchange(b"POST /webhooks/x HTTP/1.1\r\n" + CHUNKED + chunks)
    assert answer.status == 400
    assert await client.ended()
    assert house.webhooks == []


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(
            b"POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n" + CHUNKED[9:],
            400,
            id="CL and TE",
        ),
        pytest.param(b"GET /%77ebhooks/x HTTP/1.1\r\nHost: x\r\n\r\n", 404, id="an escaped webhook"),
        pytest.param(b"GET //ws HTTP/1.1\r\nHost: x\r\n\r\n", 404, id="a doubled slash"),
        pytest.param(b"GET http://x/page HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="absolute form"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="the preface of HTTP/2"),
        pytest.param(b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", 426, id="a socket's path without an upgrade"),
        pytest.param(b"GET /page HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 17000 + b"\r\n\r\n", 431, id="a huge head"),
    ],
)
async def test_what_is_refused_reaches_no_layer_and_ends_the_connection(
    open_house: OpenHouse, request_bytes: bytes, status: int
) -> None:
    house = await open_house()
    client = await house.connect()
    answer = await client.exchange(request_bytes)
    assert answer.status == status
    assert answer.headers[b"connection"] == b"close"
    assert await client.ended()
    assert [house.webhooks, house.upgrades, house.app_saw] == [[], [], []]


async def test_expect_100_continue_is_invited_and_then_served(open_house: OpenHouse) -> None:
    for path in (b"/echo", b"/webhooks/x"):
        client = await (await open_house()).connect()
        head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n" % path
        await client.send(head)
        assert await client.stream.receive_some() == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await client.exchange(b"hello")).status == 200


async def test_an_upgrade_that_nobody_here_speaks_is_served_as_an_ordinary_request(open_house: OpenHouse) -> None:
    client = await (await open_house()).connect()
    fields = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    h2c = b"GET /page HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n"
    assert (await client.exchange(h2c + PAGE)).body == b"a page"
    assert (await client.answer()).body == b"a page"


async def test_head_has_the_length_and_no_body(open_house: OpenHouse) -> None:
    client = await (await open_house()).connect()
    answer = await client.exchange(b"HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD")
    assert (answer.status, answer.headers[b"content-length"], answer.body) == (200, b"6", b"")
    assert (await client.exchange(PAGE)).body == b"a page"


async def test_http_1_0_is_closed_unless_it_asks(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await house.connect()
    for request in (b"GET /page HTTP/1.0\r\n", b"GET /webhooks/x HTTP/1.0\r\n"):
        kept = await client.exchange(request + b"Connection: keep-alive\r\n\r\n")
        assert kept.headers[b"connection"] == b"keep-alive"
    assert (await client.exchange(b"GET /page HTTP/1.0\r\n\r\n")).body == b"a page"
    assert await client.ended()


async def test_a_stream_is_chunked_for_1_1_and_ends_with_the_connection_for_1_0(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await house.connect()
    answer = await client.exchange(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer.body, answer.headers[b"transfer-encoding"]) == (b"one,two", b"chunked")
    assert (await client.exchange(PAGE)).body == b"a page"
    old = await house.connect()
    answer = await old.exchange(b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert (answer.body, answer.headers[b"connection"]) == (b"one,two", b"close")


async def test_a_webhook_that_fails_is_500_and_the_connection_goes_on(open_house: OpenHouse) -> None:
    client = await (await open_house()).connect()
    assert (await client.exchange(b"POST /webhooks/broken HTTP/1.1\r\nHost: x\r\n\r\n")).status == 500
    assert (await client.exchange(WEBHOOK)).status == 200


async def test_a_client_that_leaves_ends_the_apps_work_for_it(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await house.connect()
    await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    await house.slow_entered.wait()
    await client.stream.aclose()
    await house.slow_cancelled.wait()


async def test_a_large_answer_arrives_whole(open_house: OpenHouse) -> None:
    client = await (await open_house()).connect()
    answer = await client.exchange(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n" + PAGE)
    assert len(answer.body) == 4 * 1024 * 1024
    assert (await client.answer()).body == b"a page"
