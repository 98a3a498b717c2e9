"""Who looks at a thread and who types there: in memory, forgotten by itself, and told to the other servers.

Typing ends `TTL_S` after the last sign of it, because a browser that vanishes says nothing. A member is there as long
as a socket of theirs is, at whichever server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import trio

from server.domain.sightings import Place, Sight, Sightings
from server.ports import Member
from server.ws import encode
from server.ws.channels import thread_topic
from server.ws.frames import encode_text
from server.ws.hub import Hub

TTL_S: Final = 6.0
FORGET_EVERY_S: Final = 0.5


class _Shown(NamedTuple):
    name: str
    here: bool
    typing: bool


_NOBODY: Final = _Shown("", here=False, typing=False)


class Presence:
    """Publishes to the thread's topic through *hub*. *clock* gives Unix seconds.

    `run` lets typing expire, and what other servers said.
    """

    def __init__(self, hub: Hub, clock: Callable[[], float]) -> None:
        self._hub = hub
        self._clock = clock
        self._version = 0
        self._typing: dict[Place, float] = {}  # its end
        self._ends: deque[tuple[float, Place]] = deque()  # rising, since every sign lasts equally long
        self._viewers: dict[int, dict[int, tuple[str, int]]] = {}  # thread: member: name, sockets
        self._elsewhere = Sightings()
        self._started = trio.lowlevel.ParkingLot()
        self.on_look: Callable[[int], None] = lambda thread_id: None  # somebody opened it, on whichever socket
        self.tell: Callable[[Sight], None] = lambda sight: None  # what changed with the sockets here

    async def run(self) -> None:
        """End what nobody has renewed, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._forget_elsewhere)
            while True:
                while not self._ends:
                    await self._started.park()
                end, place = self._ends[0]
                await trio.sleep_until(end)
                self._ends.popleft()
                if self._typing.get(place, end + 1) <= end:
                    self._stop(place)

    def typing(self, thread_id: int, member: Member, typing: bool) -> None:
        """A sign that *member* types, or has stopped."""
        place = (thread_id, member.member_id)
        if not typing:
            if place in self._typing:
                self._stop(place)
            return
        if member.member_id not in self._viewers.get(thread_id, {}):
            return  # only who may see a thread has opened it
        known = place in self._typing
        before = self._now(place)
        end = trio.current_time() + TTL_S
        self._typing[place] = end
        self._ends.append((end, place))
        self._started.unpark()
        if not known:
            self._changed(place, before)

    def entered(self, thread_id: int, member: Member) -> None:
        """One more socket of *member* shows the thread."""
        place = (thread_id, member.member_id)
        before = self._now(place)
        viewers = self._viewers.setdefault(thread_id, {})
        _, sockets = viewers.get(member.member_id, ("", 0))
        viewers[member.member_id] = (member.name, sockets + 1)
        if not sockets:
            self._changed(place, before)
        self.on_look(thread_id)

    def left(self, thread_id: int, member: Member) -> None:
        """One socket fewer; with the last one the member has left and types no more."""
        place = (thread_id, member.member_id)
        before = self._now(place)
        viewers = self._viewers.get(thread_id, {})
        name, sockets = viewers.pop(member.member_id, (member.name, 1))
        if sockets > 1:
            viewers[member.member_id] = (name, sockets - 1)
            return
        if not viewers:
            self._viewers.pop(thread_id, None)
        self._typing.pop(place, None)
        self._changed(place, before)

    def current(self, thread_id: int) -> list[bytes]:
        """Encoded states for somebody who has just come."""
        members = {*self._viewers.get(thread_id, ()), *(one.member_id for one in self._elsewhere.at(thread_id))}
        shown = {member_id: self._now((thread_id, member_id)) for member_id in sorted(members)}
        states = [_viewer(member_id, one) for member_id, one in shown.items()]
        states += [_typing(member_id, one) for member_id, one in shown.items() if one.typing]
        return [self._encode(thread_id, key, data) for key, data in states]

    # Other servers

    def sights(self) -> Sequence[Sight]:
        """Whom the sockets here show, to be repeated to the other servers."""
        return [self._sight((id_, member_id)) for id_, members in self._viewers.items() for member_id in members]

    def heard(self, sender: int, sights: Collection[Sight]) -> None:
        """What another server says."""
        now = trio.current_time()
        self._follow({one.place for one in sights}, lambda: self._elsewhere.told(sender, sights, now))

    async def _forget_elsewhere(self) -> None:
        while True:
            await trio.sleep(FORGET_EVERY_S)
            if stale := self._elsewhere.stale(trio.current_time()):
                self._follow({place for _, place in stale}, partial(self._elsewhere.forget, stale))

    def _follow(self, places: Iterable[Place], change: Callable[[], None]) -> None:
        before = {place: self._now(place) for place in places if self._hub.has_subscribers(thread_topic(place[0]))}
        change()
        for place, then in before.items():
            self._show(place, then)

    # Showing

    def _sight(self, place: Place) -> Sight:
        name, sockets = self._viewers.get(place[0], {}).get(place[1], ("", 0))
        return Sight(*place, name, looks=sockets > 0, types=place in self._typing)

    def _now(self, place: Place) -> _Shown:
        """A member at a thread, at whichever server."""
        there = [one for one in (self._sight(place), *self._elsewhere.of(place)) if one.looks]
        return _Shown(there[0].name, here=True, typing=any(one.types for one in there)) if there else _NOBODY

    def _stop(self, place: Place) -> None:
        before = self._now(place)
        del self._typing[place]
        self._changed(place, before)

    def _changed(self, place: Place, before: _Shown) -> None:
        """With the sockets here."""
        self._show(place, before)
        self.tell(self._sight(place))

    def _show(self, place: Place, then: _Shown) -> None:
        now = self._now(place)
        named = now if now.here else then._replace(here=False, typing=False)
        if then.typing != now.typing:
            self._publish(place[0], *_typing(place[1], named))
        if then.here != now.here:
            self._publish(place[0], *_viewer(place[1], named))

    def _publish(self, thread_id: int, key: str, data: dict[str, Any]) -> None:
        topic = thread_topic(thread_id)
        if self._hub.has_subscribers(topic):
            frame = self._encode(thread_id, key, data)
            self._hub.publish_state(topic, key, self._version, frame)

    def _encode(self, thread_id: int, key: str, data: dict[str, Any]) -> bytes:
        # Rises over restarts too: a client compares it with what an earlier process sent.
        self._version = max(self._version + 1, int(self._clock() * 1_000_000))
        return encode_text(encode.state_frame(encode.thread_topic(thread_id), key, self._version, data))


def _typing(member_id: int, one: _Shown) -> tuple[str, dict[str, Any]]:
    """The key of the state, and `protocol.TypingOut`."""
    return f"typing:{member_id}", {"member_id": member_id, "name": one.name, "typing": one.typing}


def _viewer(member_id: int, one: _Shown) -> tuple[str, dict[str, Any]]:
    """The key of the state, and `protocol.ViewerOut`."""
    return f"viewer:{member_id}", {"member_id": member_id, "name": one.name, "here": one.here}
