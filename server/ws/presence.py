"""Who looks at a thread and who types there: in memory, for this node, forgotten by itself.

Typing ends `TTL_S` after the last sign of it, because a browser that vanishes says nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import trio

from server.ports import Member
from server.ws import encode
from server.ws.channels import thread_topic
from server.ws.frames import encode_text
from server.ws.hub import Hub

TTL_S: Final = 6.0

_Place = tuple[int, int]  # thread, member


class Presence:
    """Publishes to the thread's topic through *hub*. `run` lets typing expire. *clock* gives Unix seconds."""

    def __init__(self, hub: Hub, clock: Callable[[], float]) -> None:
        self._hub = hub
        self._clock = clock
        self._version = 0
        self._typing: dict[_Place, tuple[str, float]] = {}  # name, end
        self._ends: deque[tuple[float, _Place]] = deque()  # rising, since every sign lasts equally long
        self._viewers: dict[int, dict[int, tuple[str, int]]] = {}  # thread: member: name, sockets
        self._started = trio.lowlevel.ParkingLot()
        self.on_look: Callable[[int], None] = lambda thread_id: None  # somebody opened it, on whichever socket

    async def run(self) -> None:
        """End what nobody has renewed, for ever."""
        while True:
            while not self._ends:
                await self._started.park()
            end, place = self._ends[0]
            await trio.sleep_until(end)
            self._ends.popleft()
            name, newest_end = self._typing.get(place, ("", end + 1))
            if newest_end <= end:
                self._stop(place, name)

    def typing(self, thread_id: int, member: Member, typing: bool) -> None:
        """A sign that *member* types, or has stopped."""
        place = (thread_id, member.member_id)
        if not typing:
            if place in self._typing:
                self._stop(place, member.name)
            return
        if member.member_id not in self._viewers.get(thread_id, {}):
            return  # only who may see a thread has opened it
        known = place in self._typing
        end = trio.current_time() + TTL_S
        self._typing[place] = (member.name, end)
        self._ends.append((end, place))
        self._started.unpark()
        if not known:
            self._publish(thread_id, *_typing(member.member_id, member.name, typing=True))

    def entered(self, thread_id: int, member: Member) -> None:
        """One more socket of *member* shows the thread."""
        viewers = self._viewers.setdefault(thread_id, {})
        _, sockets = viewers.get(member.member_id, ("", 0))
        viewers[member.member_id] = (member.name, sockets + 1)
        if not sockets:
            self._publish(thread_id, *_viewer(member.member_id, member.name, here=True))
        self.on_look(thread_id)

    def left(self, thread_id: int, member: Member) -> None:
        """One socket fewer; with the last one the member has left and types no more."""
        viewers = self._viewers.get(thread_id, {})
        name, sockets = viewers.pop(member.member_id, (member.name, 1))
        if sockets > 1:
            viewers[member.member_id] = (name, sockets - 1)
            return
        if not viewers:
            self._viewers.pop(thread_id, None)
        self.typing(thread_id, member, False)
        self._publish(thread_id, *_viewer(member.member_id, name, here=False))

    def current(self, thread_id: int) -> list[bytes]:
        """Encoded states for somebody who has just come."""
        viewers = self._viewers.get(thread_id, {})
        states = [_viewer(member_id, name, here=True) for member_id, (name, _) in viewers.items()]
        states += [
            _typing(member_id, name, typing=True)
            for member_id, (name, _) in viewers.items()
            if (thread_id, member_id) in self._typing
        ]
        return [self._encode(thread_id, key, data) for key, data in states]

    def _stop(self, place: _Place, name: str) -> None:
        del self._typing[place]
        self._publish(place[0], *_typing(place[1], name, typing=False))

    def _publish(self, thread_id: int, key: str, data: dict[str, Any]) -> None:
        topic = thread_topic(thread_id)
        if self._hub.has_subscribers(topic):
            frame = self._encode(thread_id, key, data)
            self._hub.publish_state(topic, key, self._version, frame)

    def _encode(self, thread_id: int, key: str, data: dict[str, Any]) -> bytes:
        # Rises over restarts too: a client compares it with what an earlier process sent.
        self._version = max(self._version + 1, int(self._clock() * 1_000_000))
        return encode_text(encode.state_frame(encode.thread_topic(thread_id), key, self._version, data))


def _typing(member_id: int, name: str, *, typing: bool) -> tuple[str, dict[str, Any]]:
    """The key of the state, and `protocol.TypingOut`."""
    return f"typing:{member_id}", {"member_id": member_id, "name": name, "typing": typing}


def _viewer(member_id: int, name: str, *, here: bool) -> tuple[str, dict[str, Any]]:
    """The key of the state, and `protocol.ViewerOut`."""
    return f"viewer:{member_id}", {"member_id": member_id, "name": name, "here": here}
