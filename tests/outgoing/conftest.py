"""A server in memory of nothing but what was posted to it, and a world whose events go there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import h11
import pytest
import trio

from server.actors.events import Chronicler
from server.actors.webhooks import Courier
from server.domain.webhooks import new_secret
from server.outgoing.posting import WebPoster
from tests.store.world import World, open_world


@dataclass
class Receiver:
    """Answers with `answers` in their order, then with 204; `hangs` never answers."""

    port: int
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, list[tuple[str, str]]]] = field(default_factory=list)
    hangs: bool = False
    news: trio.Event = field(default_factory=trio.Event)

    async def posted(self, count: int) -> None:
        with trio.fail_after(60):
            while len(self.posts) < count:
                await self.news.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        connection, body, head = h11.Connection(h11.SERVER), b"", {}
        async with stream:
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    try:
                        connection.receive_data(await stream.receive_some())
                    except trio.BrokenResourceError:
                        return
                elif isinstance(event, h11.Request):
                    head, body = {name.decode(): value.decode() for name, value in event.headers}, b""
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    self.posts.append((head, body))
                    self.news.set()
                    self.news = trio.Event()
                    if self.hangs:
                        await trio.sleep_forever()
                    status, headers = self.answers.pop(0) if self.answers else (204, [])
                    said = connection.send(
                        h11.Response(status_code=status, headers=[*headers, ("content-length", "0")])
                    )
                    await stream.send_all((said or b"") + (connection.send(h11.EndOfMessage()) or b""))
                    connection.start_next_cycle()
                else:
                    return


@pytest.fixture
async def receiver(nursery: trio.Nursery) -> Receiver:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    receiver = Receiver(listeners[0].socket.getsockname()[1])
    nursery.start_soon(trio.serve_listeners, receiver.serve, listeners)
    return receiver


@dataclass
class Outlet:
    """A simulated workspace whose texts and opt-outs are posted to the receiver."""

    world: World
    receiver: Receiver
    courier: Courier
    chronicler: Chronicler
    endpoint_id: int
    secret: str

    async def settled(self, state: str, tries: int = 1) -> str | None:
        """Wait until the only delivery stands so; its error."""
        with trio.fail_after(60):
            while True:
                [row] = await self.world.sql("SELECT state, tries, error FROM webhook_delivery")
                if (row["state"], row["tries"]) == (state, tries) and (row["error"] or state == "delivered"):
                    error: str | None = row["error"]
                    return error
                await trio.sleep(0.01)


@pytest.fixture
async def outlet(dsn: str, receiver: Receiver, nursery: trio.Nursery) -> AsyncIterator[Outlet]:
    async with open_world(dsn) as world:
        courier = Courier(world.store.hooks, WebPoster(), lambda: datetime.now(UTC))
        chronicler = Chronicler(world.store.events, lambda events: courier.ring())
        secret = new_secret()
        url, kinds = f"http://127.0.0.1:{receiver.port}/hook", ("message.received", "contact.opted_out")
        made = await world.store.hooks.add(1, 1, url, kinds, secret)
        async with trio.open_nursery() as inner:
            inner.start_soon(courier.run)
            inner.start_soon(chronicler.run)
            yield Outlet(world, receiver, courier, chronicler, made.endpoint_id, secret)
            inner.cancel_scope.cancel()
