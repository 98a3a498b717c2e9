"""The real door and socket layer over no database, which publishes on command; the server's side of `bench.fanout`.

Prints its port, then obeys lines of JSON on its input: `["events", first, count, every_s]` and `["marks", ...]`
publish *count* times and answer with the instants (`time.monotonic`, which all processes of a machine share).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any, Final, cast

import trio

from server.domain.messages import Message, ReadMark, ThreadRow
from server.door.listener import Door, DoorConfig
from server.door.listening import open_listeners
from server.door.raw_http import RawRequest, RawResponse, Started
from server.ports import Inbox, Member, ThreadPage, UserState
from server.ws.channels import Channels, Denied
from server.ws.handshake import Upgrade
from server.ws.hub import Hub
from server.ws.presence import Presence
from server.ws.protocol import Command
from server.ws.publisher import HubPublisher
from server.ws.session import Desk, SocketLimits
from server.ws.sockets import Login, Sockets

THREAD: Final = 1
TURNS_PER_TOPIC: Final = 12  # the hub flushes 128 sockets in a turn: a thousand have their frame after this many
_NOON: Final = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
_EPOCH: Final = "00000000-0000-4000-8000-000000000000"


class EmptyInbox:
    """Opens every channel with nothing in it."""

    async def thread(self, workspace_id: int, member_id: int, thread_id: int, **_: Any) -> ThreadPage:
        row = ThreadRow(
            thread_id, workspace_id, 1, None, None, "+14155550100", "+13125550100", 0, _NOON, "", "in", 0, False, False
        )
        return ThreadPage(row, (), 0, 0, has_more=False)

    async def user(self, workspace_id: int, member_id: int, **_: Any) -> UserState:
        return UserState(0, (), 1)

    async def head(self, thread_ids: Sequence[int]) -> Mapping[int, int]:
        return {}


class Stage:
    """A member for each cookie, one thread for all."""

    def __init__(self) -> None:
        hub = Hub()
        presence = Presence(hub, time.time)
        channels = Channels(cast("Inbox", EmptyInbox()), _EPOCH, _no_words)
        desk = Desk(hub, channels, presence, _no_commands, SocketLimits())
        self.sockets = Sockets(desk, authenticate=_authenticate, origin_allowed=lambda _: True)
        self.publisher = HubPublisher(hub, presence, _EPOCH, _no_words, self.sockets.online_members, time.time)

    async def events(self, first: int, count: int, every_s: float) -> list[float]:
        """The sequence begins at *first*."""
        instants = []
        for seq in range(first, first + count):
            body = f"Text {seq:07d}: is the house on Main Street still for sale? We could come by on Saturday."
            message = Message(THREAD, seq, "in", body, "received", _NOON, in_ord=seq, klass="inbound")
            instants.append(time.monotonic())
            self.publisher.thread_events(THREAD, [message])
            await _pause(every_s)
        return instants

    async def marks(self, first: int, count: int, every_s: float) -> list[float]:
        """Every member gets a frame of their own, each time of another thread: of one key a late one is left out."""
        instants = []
        for thread_id in range(first, first + count):
            instants.append(time.monotonic())
            for member_id in self.sockets.online_members(1):
                self.publisher.read_mark(ReadMark(member_id, thread_id, 1, 1))
            await _pause(every_s)
        return instants


async def _pause(every_s: float) -> None:
    if every_s:
        await trio.sleep(every_s)
        return
    for _ in range(TURNS_PER_TOPIC):  # at full speed, but each publication is sent for itself
        await trio.lowlevel.checkpoint()


async def _authenticate(upgrade: Upgrade) -> Login:
    number = int(SimpleCookie((upgrade.header(b"cookie") or b"").decode())["member"].value)
    return Login(Member(number, 1, f"{number}@example.com", f"Member {number}", "agent"), b"")


async def _no_commands(member: Member, command: Command) -> dict[str, Any] | Denied:
    return {}


class _NoWebhooks:
    async def __call__(self, request: RawRequest) -> RawResponse:
        return RawResponse(404)

    def start(self, request: RawRequest, answered: Callable[[RawResponse], None]) -> RawResponse | Started:
        return RawResponse(404)


async def _no_app(scope: Any, receive: Any, send: Any) -> None:
    """Only what ASGI wants at start and end."""
    for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
        await receive()
        await send({"type": answer})


def _no_words(error_class: str | None, code: str | None) -> str | None:
    return None


async def _serve() -> None:
    stage = Stage()
    door = Door(raw=_NoWebhooks(), ws=stage.sockets, app=_no_app, config=DoorConfig())
    listeners = open_listeners("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(stage.sockets.run)
        await nursery.start(door.run, listeners)
        _say(listeners[0].getsockname()[1])
        await _obey(stage)
        door.close()
        nursery.cancel_scope.cancel()


async def _obey(stage: Stage) -> None:
    """Until the input ends."""
    pending = b""
    async for data in trio.lowlevel.FdStream(sys.stdin.fileno()):
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            what, *arguments = json.loads(line)
            publish = stage.events if what == "events" else stage.marks
            _say(await publish(*arguments))


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    trio.run(_serve)
