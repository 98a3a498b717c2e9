"""The fast lane: what a connection does after its first webhook is what it would have done before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from tests.door.test_door import PAGE, WEBHOOK

if TYPE_CHECKING:
    from tests.door.conftest import Client, House, OpenHouse


def webhook(kind: str, body: bytes = b"Body", *, more: bytes = b"") -> bytes:
    path = f"/webhooks/twilio/1/{kind}".encode()
    return b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (path, more, len(body), body)


LATER = webhook("later")


async def in_lane(house: House) -> Client:
    """A connection that has been answered a webhook and waits for its next one."""
    client = await house.connect()
    assert (await client.exchange(WEBHOOK)).status == 200
    await trio.testing.wait_all_tasks_blocked()
    return client


async def somebody_waits(house: House) -> None:
    await house.somebody_waits.wait()
    house.somebody_waits = trio.Event()


async def test_a_webhook_cut_at_every_byte_is_the_same_webhook(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await in_lane(house)
    for cut in range(1, len(WEBHOOK)):
        await client.send(WEBHOOK[:cut])
        await trio.testing.wait_all_tasks_blocked()
        assert (await client.exchange(WEBHOOK[cut:])).body == b"<Response/>"
    assert {request.body for request in house.webhooks} == {b"Body"}
    assert len(house.webhooks) == len(WEBHOOK)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n", 200, id="a page"),
        pytest.param(webhook("waits"), 200, id="a webhook whose handler has to wait"),
        pytest.param(webhook("broken"), 500, id="a webhook that fails"),
        pytest.param(webhook("x", more=b"Expect: 100-continue\r\n"), 200, id="a body that wants to be invited"),
        pytest.param(
            b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            200,
            id="chunks",
        ),
        pytest.param(b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\n\r\n", 200, id="a webhook without a body"),
        pytest.param(b"GET /webhooks/x HTTP/1.1\r\nHost: x\r\n\r\n", 200, id="a GET that the handler may refuse"),
    ],
)
async def test_what_is_no_plain_webhook_is_answered_and_the_connection_goes_on(
    open_house: OpenHouse, request_: bytes, status: int
) -> None:
    client = await in_lane(await open_house())
    assert (await client.exchange(request_)).status == status
    assert (await client.exchange(WEBHOOK)).status == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"POST /webhooks/x HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(b"POST /%77ebhooks/x HTTP/1.1\r\nHost: x\r\n\r\n", 404, id="an odd spelling of a path"),
        pytest.param(
            b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
            id="a length and chunks",
        ),
        pytest.param(webhook("x", b"x" * 300), 413, id="a body that is too large"),
        pytest.param(webhook("x", more=b"Connection: close\r\n"), 200, id="one that says it is the last"),
        pytest.param(b"POST /webhooks/x HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", 200, id="HTTP/1.0"),
    ],
)  # fmt: skip
async def test_what_ends_a_connection_ends_it_here_too(open_house: OpenHouse, request_: bytes, status: int) -> None:
    client = await in_lane(await open_house(webhook_body_limit=256))
    answer = await client.exchange(request_)
    assert (answer.status, answer.headers[b"connection"]) == (status, b"close")
    assert await client.ended()


async def test_answers_keep_the_order_of_the_requests(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await in_lane(house)
    await client.send(LATER + webhook("x", b"second") + PAGE)
    await somebody_waits(house)
    await trio.testing.wait_all_tasks_blocked()
    assert [request.body for request in house.webhooks] == [b"Body", b"Body"]
    house.pending.pop()()
    assert [(await client.answer()).body for _ in range(3)] == [b"<Response/>", b"<Response/>", b"a page"]


@pytest.mark.parametrize("request_", [pytest.param(WEBHOOK, id="a webhook"), pytest.param(PAGE, id="a page")])
async def test_what_comes_while_an_answer_is_awaited_is_not_lost(open_house: OpenHouse, request_: bytes) -> None:
    house = await open_house()
    client = await in_lane(house)
    await client.send(LATER)
    await somebody_waits(house)
    await client.send(request_)
    await trio.testing.wait_all_tasks_blocked()
    house.pending.pop()()
    assert [(await client.answer()).status for _ in range(2)] == [200, 200]


async def test_thousands_of_small_requests_in_one_go_are_all_answered(
    open_house: OpenHouse, nursery: trio.Nursery
) -> None:
    client = await in_lane(await open_house())
    nursery.start_soon(client.send, b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\n\r\n" * 5_000)
    assert {(await client.answer()).status for _ in range(5_000)} == {200}


async def test_a_client_that_leaves_before_its_answer_harms_nobody(open_house: OpenHouse) -> None:
    house = await open_house()
    leaving, other = await in_lane(house), await in_lane(house)
    await leaving.send(LATER)
    await somebody_waits(house)
    await leaving.stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    house.pending.pop()()
    with trio.fail_after(20):
        while house.door.open_connections > 1:
            assert (await other.exchange(WEBHOOK)).status == 200


async def test_an_answer_that_the_socket_does_not_take_at_once_arrives_whole(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await house.connect(receive_buffer=4096)
    assert (await client.exchange(WEBHOOK)).status == 200
    await trio.testing.wait_all_tasks_blocked()
    await client.send(webhook("big"))
    await trio.testing.wait_all_tasks_blocked()
    assert len((await client.answer()).body) == 4 * 1024 * 1024
    assert (await client.exchange(WEBHOOK)).status == 200


async def test_a_client_that_never_reads_its_answer_is_cut(open_house: OpenHouse) -> None:
    house = await open_house(write_timeout_s=0.2)
    stuck, other = await house.connect(receive_buffer=4096), await in_lane(house)
    assert (await stuck.exchange(WEBHOOK)).status == 200
    await stuck.send(webhook("big"))
    with trio.fail_after(20):
        while house.door.open_connections > 1:
            assert (await other.exchange(WEBHOOK)).status == 200


async def test_only_who_is_idle_for_too_long_is_closed(open_house: OpenHouse) -> None:
    house = await open_house(idle_timeout_s=0.4)
    idle, waiting = await in_lane(house), await in_lane(house)
    await waiting.send(LATER)
    await somebody_waits(house)
    with trio.fail_after(20):
        assert await idle.ended()
    house.pending.pop()()
    assert (await waiting.answer()).status == 200
    with trio.fail_after(20):
        assert await waiting.ended()


async def test_at_the_limit_an_idle_one_makes_room_and_a_waiting_one_does_not(open_house: OpenHouse) -> None:
    house = await open_house(max_connections=2)
    idle, waiting = await in_lane(house), await in_lane(house)
    await waiting.send(LATER)
    await somebody_waits(house)
    newcomer = await house.connect()
    assert (await newcomer.exchange(PAGE)).status == 200
    assert await idle.ended()
    house.pending.pop()()
    assert (await waiting.answer()).status == 200


async def test_a_drain_closes_the_idle_and_lets_the_waiting_hear_their_answer(
    open_house: OpenHouse, nursery: trio.Nursery
) -> None:
    house = await open_house()
    idle, waiting = await in_lane(house), await in_lane(house)
    await waiting.send(LATER)
    await somebody_waits(house)
    nursery.start_soon(house.door.drain)
    assert await idle.ended()
    house.pending.pop()()
    answer = await waiting.answer()
    assert (answer.status, answer.headers[b"connection"]) == (200, b"close")
    assert await waiting.ended()


async def test_an_answer_that_comes_after_the_door_was_closed_goes_nowhere(open_house: OpenHouse) -> None:
    house = await open_house()
    client = await in_lane(house)
    await client.send(LATER)
    await somebody_waits(house)
    house.door.close()
    assert await client.ended()
    house.pending.pop()()
