"""The queue of one socket: batches, the newest state, overflow, a client that does not read."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import orjson
import pytest
import trio
import trio.testing
from wsproto.frame_protocol import FrameProtocol

from server.ws.connection import Connection, Frame, QueueLimits
from server.ws.frames import encode_text
from server.ws.hub import Gate, Hub, Topic

TOPIC = Topic(0, "thread:5")


class Peer:
    """The other end: reads only when it is told to."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.protocol = FrameProtocol(client=True, extensions=[])

    async def read(self) -> list[str]:
        """The texts of one receive; raises EOFError at the end."""
        await trio.lowlevel.wait_readable(self.sock)
        data = self.sock.recv(1 << 20)
        if not data:
            raise EOFError
        self.protocol.receive_bytes(data)
        return [str(frame.payload) for frame in self.protocol.received_frames()]

    async def read_until(self, last: str) -> list[str]:
        """Whole messages up to one that contains *last*."""
        said, piece = [""], ""
        while last not in said[-1]:
            await trio.lowlevel.wait_readable(self.sock)
            self.protocol.receive_bytes(self.sock.recv(1 << 20))
            for frame in self.protocol.received_frames():
                piece += str(frame.payload)
                if frame.message_finished:
                    said.append(piece)
                    piece = ""
        return said[1:]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    for sock in (ours, theirs):
        sock.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    yield ours, theirs
    ours.close()
    theirs.close()


Ends = tuple[socket.socket, socket.socket]


async def connect(nursery: trio.Nursery, ends: Ends, **limits: float) -> tuple[Hub, Connection, Peer]:
    hub = Hub()
    await nursery.start(hub.run)
    queue = QueueLimits(**limits)  # type: ignore[arg-type]  # a test's settings by name
    connection = Connection(ends[0], wake=hub.wake, spawn=hub.spawn, limits=queue)
    hub.join(connection, TOPIC)
    return hub, connection, Peer(ends[1])


async def test_what_is_published_in_one_turn_leaves_in_one_send(nursery: trio.Nursery, ends: Ends) -> None:
    hub, _, peer = await connect(nursery, ends)
    for seq in (1, 2, 3):
        hub.publish_event(TOPIC, encode_text(b"%d" % seq), seq)
    assert await peer.read() == ["1", "2", "3"]


async def test_of_a_state_only_the_newest_leaves_whatever_the_order(nursery: trio.Nursery, ends: Ends) -> None:
    hub, _, peer = await connect(nursery, ends)
    for version in (1, 3, 2):
        hub.publish_state(TOPIC, "badge", version, encode_text(b"badge %d" % version))
    hub.publish_state(TOPIC, "other", 1, encode_text(b"other"))
    assert await peer.read() == ["badge 3", "other"]


async def test_a_slow_client_gets_every_frame_whole_and_in_order(nursery: trio.Nursery, ends: Ends) -> None:
    hub, _, peer = await connect(nursery, ends)
    texts = [f"{seq}:" + "x" * 3000 for seq in range(100)]
    for seq, said in enumerate(texts):
        hub.publish_event(TOPIC, encode_text(said.encode()), seq)
        await trio.lowlevel.checkpoint()
    assert await peer.read_until("99:") == texts


@pytest.mark.parametrize("limits", [{"frames": 20}, {"bytes": 60_000}], ids=["frames", "bytes"])
async def test_a_queue_that_overflows_is_dropped_for_a_resync_of_its_channels(
    nursery: trio.Nursery, ends: Ends, limits: dict[str, float]
) -> None:
    hub, connection, peer = await connect(nursery, ends, **limits)
    hub.join(connection, Topic(9, "user"))
    hub.publish_event(TOPIC, encode_text(b"0:" + b"x" * 50_000), 0)  # fills the socket, and half of it waits
    await trio.testing.wait_all_tasks_blocked()
    for seq in range(1, 50):
        hub.publish_event(TOPIC, encode_text(b"x" * 3000), seq)
        if seq == 2:
            hub.publish_state(Topic(9, "user"), "badge", 1, encode_text(b"badge"))
    hub.publish_event(TOPIC, encode_text(b"the end"), 50)
    said = await peer.read_until("the end")
    assert len(said[0]) == 50_002
    resync = orjson.loads(said[1])
    assert (resync["t"], sorted(resync["ch"])) == ("resync", ["thread:5", "user"])
    assert len(said) < 25


async def test_a_client_that_reads_nothing_is_cut(nursery: trio.Nursery, ends: Ends) -> None:
    hub, connection, _ = await connect(nursery, ends, stall_s=0.05)
    cut = trio.Event()

    async def read() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await trio.lowlevel.wait_readable(connection.sock)
        cut.set()

    nursery.start_soon(read)
    hub.publish_event(TOPIC, encode_text(b"x" * 400_000), 1)
    await cut.wait()
    assert not connection.open
    hub.publish_event(TOPIC, encode_text(b"more"), 2)
    await trio.testing.wait_all_tasks_blocked()


async def test_behind_a_close_nothing_is_said(nursery: trio.Nursery, ends: Ends) -> None:
    hub, connection, peer = await connect(nursery, ends)
    hub.publish_event(TOPIC, encode_text(b"before"), 1)
    connection.close(4001, "no pong")
    hub.publish_event(TOPIC, encode_text(b"after"), 2)
    assert await peer.read() == ["before", str((4001, "no pong"))]


async def test_a_client_that_went_away_disturbs_nobody(nursery: trio.Nursery, ends: Ends) -> None:
    hub, connection, peer = await connect(nursery, ends)
    peer.sock.close()
    hub.publish_event(TOPIC, encode_text(b"hello"), 1)
    await trio.testing.wait_all_tasks_blocked()
    assert not connection.open


# Topics


class Ear:
    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def put(self, key: object, frame: Frame) -> None:
        self.heard.append(frame.data)


def test_who_has_left_hears_nothing_and_the_topic_is_forgotten() -> None:
    hub, stays, leaves = Hub(), Ear(), Ear()
    for ear in (stays, leaves):
        hub.join(ear, TOPIC)
        hub.join(ear, Topic(1, "inbox"))
    hub.leave_all(leaves)
    hub.leave(leaves, TOPIC)
    hub.publish_event(TOPIC, b"1", 1)
    assert (stays.heard, leaves.heard) == ([b"1"], [])
    hub.leave_all(stays)
    assert not hub.has_subscribers(TOPIC)
    assert not hub.has_subscribers(Topic(1, "inbox"))


def test_the_same_channel_in_two_scopes_is_two_topics() -> None:
    hub, ear = Hub(), Ear()
    hub.join(ear, Topic(1, "inbox"))
    hub.publish_state(Topic(2, "inbox"), "5", 1, b"theirs")
    assert ear.heard == []


def test_a_gate_lets_through_what_is_new_and_all_states_of_the_newest_version() -> None:
    hub, gate, ear = Hub(), Gate(), Ear()
    hub.join(gate, TOPIC)
    for seq in (4, 5, 6):
        hub.publish_event(TOPIC, b"%d" % seq, seq)
    for version in (2, 1):
        hub.publish_state(TOPIC, "typing", version, b"typing %d" % version)
    gate.open(hub, ear, TOPIC, seen=5)
    hub.publish_event(TOPIC, b"7", 7)
    assert ear.heard == [b"6", b"typing 2", b"7"]


def test_a_gate_that_holds_too_much_says_so() -> None:
    hub, gate = Hub(), Gate(limit=2)
    hub.join(gate, TOPIC)
    for seq in range(3):
        hub.publish_event(TOPIC, b"x", seq)
    assert gate.overflowed
