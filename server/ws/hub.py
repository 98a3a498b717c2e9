"""Topics and who listens to them: one encoded frame reaches every socket of a topic, batched by scheduler turn.

Knows sockets and topics, nothing of what they are about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from typing import Any, Final, NamedTuple, Protocol

import trio

from server.ws.connection import Connection, Frame, Key

_FLUSHES_PER_TURN: Final = 128


class Topic(NamedTuple):
    """`channel` is the name that clients use; `scope` tells apart those who mean different things by it."""

    scope: int
    channel: str


class Subscriber(Protocol):
    def put(self, key: Key, frame: Frame) -> None: ...


Whom = Callable[[int], bool]
"""Which members a frame is for."""


def everybody(member_id: int) -> bool:
    return True


class Hub:
    """Publishing is synchronous and never waits. `run` must be running for frames to leave."""

    def __init__(self) -> None:
        self._topics: dict[Topic, dict[Subscriber, int]] = {}  # whose each subscriber is
        self._joined: dict[Subscriber, set[Topic]] = {}
        self._reached: dict[Topic, int] = {}
        self._dirty: list[Connection] = []
        self._awake = trio.lowlevel.ParkingLot()
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Flush what was published, for ever."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            while True:
                if not self._dirty:
                    await self._awake.park()
                dirty, self._dirty = self._dirty, []
                for index, connection in enumerate(dirty, 1):
                    connection.flush()
                    if not index % _FLUSHES_PER_TURN:
                        await trio.lowlevel.checkpoint()  # a large topic must not hold up the rest of the server
                await trio.lowlevel.checkpoint()

    def wake(self, connection: Connection) -> None:
        """*connection* has something to flush."""
        if not self._dirty:
            self._awake.unpark()
        self._dirty.append(connection)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start *work* as a task of the hub."""
        if self._nursery is None:
            raise RuntimeError("the hub is not running")
        self._nursery.start_soon(work)

    # Joining

    def join(self, subscriber: Subscriber, topic: Topic, member_id: int = 0) -> None:
        """*member_id*: whose it is; 0 hears only what is for everybody."""
        self._topics.setdefault(topic, {})[subscriber] = member_id
        self._joined.setdefault(subscriber, set()).add(topic)

    def leave(self, subscriber: Subscriber, topic: Topic) -> None:
        joined = self._joined.get(subscriber)
        if joined is None or topic not in joined:
            return
        joined.discard(topic)
        if not joined:
            del self._joined[subscriber]
        members = self._topics[topic]
        del members[subscriber]
        if not members:
            del self._topics[topic]
            self._reached.pop(topic, None)

    def leave_all(self, subscriber: Subscriber) -> None:
        for topic in tuple(self._joined.get(subscriber, ())):
            self.leave(subscriber, topic)

    def leave_unless(self, topic: Topic, whom: Whom, word: Frame) -> None:
        """Whoever the topic is not for any more gets *word* and leaves it."""
        for subscriber, member_id in tuple(self._topics.get(topic, {}).items()):
            if not whom(member_id):
                subscriber.put((topic.channel, "resync"), word)
                self.leave(subscriber, topic)
                if isinstance(subscriber, Gate):
                    subscriber.shut = True

    def hears(self, subscriber: Subscriber, topic: Topic) -> bool:
        return subscriber in self._topics.get(topic, ())

    def has_subscribers(self, topic: Topic) -> bool:
        return topic in self._topics

    def reached(self, topic: Topic) -> int | None:
        """Up to which event all of the topic's sockets were told; None where none has been told of any position."""
        return self._reached.get(topic)

    def with_positions(self) -> Collection[Topic]:
        """Topics whose sockets have been told of a position."""
        return self._reached.keys()

    def begins(self, topic: Topic, seq: int) -> None:
        """A socket of the topic knows all up to *seq*. Of two the lower counts: to hear something twice is no harm."""
        self._reached.setdefault(topic, seq)

    # Publishing

    def publish_event(self, topic: Topic, frame: bytes, seq: int, whom: Whom = everybody) -> None:
        """An event: every one of them is sent, in order."""
        self._publish(topic, (topic.channel, seq), Frame(frame, seq), whom)
        if topic in self._reached:
            self._reached[topic] = max(self._reached[topic], seq)

    def publish_state(self, topic: Topic, key: str, version: int, frame: bytes, whom: Whom = everybody) -> None:
        """A state: of those with the same key only the newest need reach a client."""
        self._publish(topic, (topic.channel, key), Frame(frame, version), whom)

    def _publish(self, topic: Topic, key: Key, frame: Frame, whom: Whom) -> None:
        for subscriber, member_id in self._topics.get(topic, {}).items():
            if whom is everybody or whom(member_id):
                subscriber.put(key, frame)


class Gate:
    """Stands in for a subscriber while its snapshot is read: keeps what is published meanwhile.

    Joining first and reading afterwards leaves no gap; what the snapshot has already is dropped when the gate opens.
    """

    __slots__ = ("_held", "_limit", "overflowed", "shut")

    def __init__(self, limit: int = 1024) -> None:
        self._held: dict[Key, Frame] = {}
        self._limit = limit
        self.overflowed = False
        self.shut = False  # the topic is not for this subscriber any more

    def put(self, key: Key, frame: Frame) -> None:
        waiting = self._held.get(key)
        if waiting is not None and waiting.version > frame.version:
            return
        if len(self._held) >= self._limit:
            self.overflowed = True
        else:
            self._held[key] = frame

    def open(self, hub: Hub, subscriber: Subscriber, topic: Topic, seen: int, member_id: int = 0) -> None:
        """Let *subscriber* take the place, with the held states and the held events above *seen*."""
        hub.join(subscriber, topic, member_id)
        hub.leave(self, topic)
        for key, frame in self._held.items():
            if not isinstance(key[1], int) or key[1] > seen:
                subscriber.put(key, frame)
        hub.begins(topic, self._told_up_to(seen))

    def _told_up_to(self, seen: int) -> int:
        for key in self._held:
            seen += key[1] == seen + 1
        return seen
