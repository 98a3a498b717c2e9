"""What a stranger cannot do to the door: drip, flood, hold on, or take every descriptor."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

if TYPE_CHECKING:
    from tests.door.conftest import Client, OpenHouse

PAGE = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"


async def drip(client: Client, data: bytes) -> None:
    """Send byte after byte until the server has had enough."""
    try:
        for byte in data:
            await client.send(bytes((byte,)))
            await trio.sleep(0.02)
    except trio.BrokenResourceError:
        pass


async def test_a_dripped_head_is_408_however_steadily_it_drips(open_house: OpenHouse, nursery: trio.Nursery) -> None:
    client = await (await open_house(head_timeout_s=0.2)).connect()
    nursery.start_soon(drip, client, b"GET /page HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 10_000)
    assert (await client.answer()).status == 408
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("path", [b"/webhooks/x", b"/echo"])
async def test_a_dripped_body_is_408(open_house: OpenHouse, nursery: trio.Nursery, path: bytes) -> None:
    client = await (await open_house(webhook_body_timeout_s=0.2, app_body_timeout_s=0.2)).connect()
    await client.send(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n" % path)
    nursery.start_soon(drip, client, b"a" * 9000)
    assert (await client.answer()).status == 408
    nursery.cancel_scope.cancel()


async def test_a_connection_that_asks_nothing_is_closed(open_house: OpenHouse) -> None:
    house = await open_house(head_timeout_s=0.1, idle_timeout_s=0.1)
    assert await (await house.connect()).ended()
    served = await house.connect()
    assert (await served.exchange(PAGE)).status == 200
    assert await served.ended()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 10485760\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nA00000\r\n"]
)
async def test_a_webhook_of_10_mb_is_413_before_it_was_read(open_house: OpenHouse, framing: bytes) -> None:
    house = await open_house()
    client = await house.connect()
    await client.send(b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\n" + framing)
    assert (await client.answer()).status == 413
    assert house.webhooks == []


async def test_a_client_that_goes_on_sending_still_reads_its_413(open_house: OpenHouse) -> None:
    client = await (await open_house()).connect()
    await client.send(b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n" + b"a" * 500_000)
    assert (await client.answer()).status == 413


async def test_the_app_takes_10_mb_and_refuses_what_is_over_its_limit(open_house: OpenHouse) -> None:
    house = await open_house(app_body_limit=10_000_000)
    client = await house.connect()
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    assert (await client.exchange(head % 10_000_000 + b"a" * 10_000_000)).body == b"10000000"
    assert (await client.exchange(head % 10_000_001)).status == 413


async def test_an_answer_before_the_body_was_read_closes_the_connection(open_house: OpenHouse) -> None:
    client = await (await open_house()).connect()
    answer = await client.exchange(b"POST /deaf HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nstart")
    assert (answer.status, answer.headers[b"connection"]) == (403, b"close")
    assert await client.ended()


async def test_a_client_that_stops_reading_is_cut_and_the_others_are_served(open_house: OpenHouse) -> None:
    house = await open_house(write_timeout_s=0.2)
    stuck = await house.connect(receive_buffer=4096)
    await stuck.send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    other = await house.connect()
    assert (await other.exchange(PAGE)).status == 200
    with trio.fail_after(20):
        while house.door.open_connections > 1:
            assert (await other.exchange(PAGE)).status == 200
    assert len(await stuck.all()) < 4 * 1024 * 1024


async def test_at_the_limit_an_idle_connection_makes_room(open_house: OpenHouse) -> None:
    house = await open_house(max_connections=2)
    idle, busy = await house.connect(), await house.connect()
    assert (await idle.exchange(PAGE)).status == 200
    await busy.send(SLOW)
    await house.slow_entered.wait()
    newcomer = await house.connect()
    assert (await newcomer.exchange(PAGE)).status == 200
    assert await idle.ended()
    house.slow_may_end.set()
    assert (await busy.answer()).body == b"at last"


async def test_at_the_limit_with_nobody_idle_the_next_one_to_be_idle_makes_room(open_house: OpenHouse) -> None:
    house = await open_house(max_connections=1)
    busy = await house.connect()
    await busy.send(SLOW)
    await house.slow_entered.wait()
    newcomer = await house.connect()
    await newcomer.send(PAGE)
    house.slow_may_end.set()
    assert (await newcomer.answer()).status == 200
    assert (await busy.answer()).body == b"at last"
    assert await busy.ended()


async def test_running_out_of_descriptors_is_survived(open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [OSError(errno.EMFILE, "too many open files"), OSError(errno.ECONNABORTED, "gone")]
    accept = socket.socket.accept

    def failing_at_first(listener: socket.socket) -> tuple[socket.socket, Any]:
        if refusals:
            raise refusals.pop(0)
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", failing_at_first)
    client = await (await open_house()).connect()
    assert (await client.exchange(PAGE)).status == 200
    assert refusals == []


# Drain


async def test_a_drain_finishes_what_is_in_flight_and_closes_what_is_idle(
    open_house: OpenHouse, nursery: trio.Nursery
) -> None:
    house = await open_house()
    idle, busy = await house.connect(), await house.connect()
    assert (await idle.exchange(PAGE)).status == 200
    await busy.send(SLOW)
    await house.slow_entered.wait()
    drained = trio.Event()

    async def drain() -> None:
        await house.door.drain()
        drained.set()

    nursery.start_soon(drain)
    assert await idle.ended()
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(OSError, match="refused"):
        await house.connect()
    assert not drained.is_set()
    house.slow_may_end.set()
    answer = await busy.answer()
    assert (answer.body, answer.headers[b"connection"]) == (b"at last", b"close")
    await busy.stream.aclose()
    await drained.wait()


async def test_a_drain_does_not_wait_for_ever_and_close_cuts_the_rest(open_house: OpenHouse) -> None:
    house = await open_house(drain_s=0.1)
    busy = await house.connect()
    await busy.send(SLOW)
    await house.slow_entered.wait()
    await house.door.drain()
    house.door.close()
    assert await busy.ended()
