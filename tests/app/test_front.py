"""The door opens again after a crash: same port, nobody has to start the server anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import trio
import trio.testing

from server.actors.runtime import Supervisor
from server.app.front import Front
from server.app.tasks import graceful
from server.door.listener import Door, DoorConfig
from server.door.listening import open_listeners
from server.door.raw_http import RawRequest, RawResponse, Started
from server.ws.handshake import Upgrade
from server.ws.sockets import Sockets


class NoSockets:
    async def drain(self) -> None:
        await trio.lowlevel.checkpoint()


class Hello:
    async def __call__(self, request: RawRequest) -> RawResponse:
        return RawResponse(200, b"hello")

    def start(self, request: RawRequest, answered: Callable[[RawResponse], None]) -> RawResponse | Started:
        return RawResponse(200, b"hello")


async def no_upgrade(upgrade: Upgrade) -> None:
    raise AssertionError("nobody asks for a socket here")


async def no_app(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def ask(port: int) -> bytes:
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all(b"GET /webhooks/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b"".join([chunk async for chunk in stream])


class Doors:
    """Makes doors; the first one is broken from within."""

    def __init__(self) -> None:
        self.made: list[Door] = []

    def __call__(self) -> Door:
        door = Door(raw=Hello(), ws=no_upgrade, app=no_app, config=DoorConfig(linger_s=0.1, drain_s=0.5))
        self.made.append(door)
        return door


async def test_a_crashed_door_opens_again_on_the_same_port_and_greets_each_time() -> None:
    doors, opened = Doors(), [0]
    listeners = open_listeners("127.0.0.1", 0)
    port = listeners[0].getsockname()[1]

    def note_opening() -> None:
        opened[0] += 1

    front = Front(doors, cast("Sockets", NoSockets()), listeners, note_opening)
    crash = trio.Event()

    async def fragile(stopping: trio.Event) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(front.run, stopping)
            if len(doors.made) == 0:
                await crash.wait()
                raise ZeroDivisionError("the accept loop met a fault of ours")

    root = Supervisor("root", [graceful("door", fragile, shutdown_s=5)], jitter=lambda: 0.0)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            await nursery.start(root.run_root)
            while not front.ready:
                await trio.testing.wait_all_tasks_blocked()
            assert (await ask(port)).endswith(b"hello")
            crash.set()
            while len(doors.made) < 2 or not front.ready:  # noqa: ASYNC110 - a real door on real sockets has no event of ours
                await trio.sleep(0.01)
            assert (await ask(port)).endswith(b"hello")
            assert opened == [2]
            root.stop()
    front.close()
