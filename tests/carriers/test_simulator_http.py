"""The simulator's own HTTP server: when a request came is the kernel's word, not the moment of our reading."""

import socket
import sys
import time

import pytest
import trio
import trio.testing

from server.carriers.simulator.http import Reply, Request, converse, reply

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps what arrives")
async def test_a_request_is_dated_to_its_arrival_though_it_is_read_late() -> None:
    heard: list[Request] = []

    async def respond(request: Request) -> Reply:
        heard.append(request)
        return reply(200, b"")

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    with socket.create_connection(listener.socket.getsockname()) as client:
        async with listener, trio.open_nursery() as nursery:
            nursery.start_soon(converse, await listener.accept(), respond)
            await trio.testing.wait_all_tasks_blocked()
            sent_ns = time.monotonic_ns()
            client.sendall(REQUEST)
            time.sleep(0.1)  # noqa: ASYNC251  # the whole loop shall stand still, as on a busy machine
            read_ns = time.monotonic_ns()
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    (request,) = heard
    assert sent_ns <= request.arrived_ns + 1_000_000, "two clocks were read, one after the other"
    assert request.arrived_ns - sent_ns < (read_ns - sent_ns) / 2
