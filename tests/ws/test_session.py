"""The socket's protocol as a client meets it: subscribing, resuming, commands, the heartbeat, the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
import trio
import trio.testing

from server.domain.messages import Message
from server.domain.scopes import Scope
from server.ports import Member, StoreUnavailable
from server.ws import encode
from server.ws.channels import Denied, frame_bytes, thread_topic
from server.ws.connection import Frame
from server.ws.frames import encode_text
from server.ws.hub import Topic
from server.ws.protocol import Command, InboxPage, Resync, Snapshot, Subscribed, ThreadSnapshot, UserSnapshot

if TYPE_CHECKING:
    from tests.ws.conftest import Client, Node, StartNode

EPOCH = "history-1"
STRANGER = Member(9, 99, "eve@example.com", "Eve", "agent")
BOB = Member(2, 10, "bob@example.com", "Bob", "agent")


def text(seq: int) -> Message:
    return Message(5, seq, "in", f"text {seq}", "received", datetime(2026, 3, 10, tzinfo=UTC), in_ord=seq)


def publish(node: Node, seq: int) -> None:
    """What a thread does after a commit: the row is there, then the push."""
    node.inbox.threads[5].append(text(seq))
    frame = encode_text(encode.event_frame(text(seq), EPOCH, lambda kind, code: None))
    node.hub.publish_event(thread_topic(5), frame, seq)


async def subscribe(client: Client, ch: str = "thread:5", **position: Any) -> dict[str, Any]:
    await client.say(t="subscribe", id=1, ch=ch, **position)
    return await client.hear()


def typing(typing: bool = True, thread_id: int = 5, cmd_id: UUID | None = None) -> dict[str, Any]:
    command = {"name": "typing", "thread_id": thread_id, "typing": typing}
    return {"t": "command", "cmd_id": cmd_id or uuid4(), "data": command}


async def until(condition: Callable[[], bool]) -> None:
    """What the server notices of a socket takes a turn of the kernel, which nothing announces."""
    with trio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - as above
            await trio.sleep(0.01)


# What a token allows


async def test_the_holder_of_a_token_follows_and_does_only_what_its_scopes_name(start_node: StartNode) -> None:
    node = await start_node()
    node.scopes = frozenset({Scope.SEND})
    client = await node.connect()
    assert await subscribe(client, "inbox") == {
        "t": "err", "id": 1, "cmd_id": None, "code": "scope", "message": "The token lacks the scope read.",
    }  # fmt: skip
    await client.say(**typing())
    assert (await client.hear())["t"] == "ack"
    node.scopes = frozenset({Scope.READ})
    client = await node.connect()
    assert (await subscribe(client, "inbox"))["t"] == "subscribed"
    await client.hear_until("snapshot")
    await client.say(**typing())
    assert (await client.hear())["code"] == "scope"
    assert len(node.commands) == 1


# Subscribing


async def test_a_subscription_is_answered_with_a_snapshot_and_then_live(start_node: StartNode) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(1), text(2)]
    client = await node.connect()
    Subscribed.model_validate(answered := await subscribe(client))
    assert (answered["resumed"], answered["seq"], answered["epoch"]) == (False, 2, EPOCH)
    snapshot = Snapshot.model_validate(await client.hear())
    assert isinstance(snapshot.data, ThreadSnapshot)
    assert [message.seq for message in snapshot.data.messages] == [1, 2]
    publish(node, 3)
    assert (await client.hear_until("event"))["seq"] == 3


async def test_what_is_published_while_the_snapshot_is_read_comes_once_and_after_it(start_node: StartNode) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(1)]
    node.inbox.reading = lambda: publish(node, 2)  # committed and pushed after the rows were read
    client = await node.connect()
    await subscribe(client)
    assert (await client.hear())["data"]["messages"][-1]["seq"] == 1
    assert (await client.hear())["seq"] == 2


async def test_what_the_snapshot_has_already_is_not_sent_again(start_node: StartNode) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(1), text(2)]
    late_push = encode_text(encode.event_frame(text(2), EPOCH, lambda kind, code: None))
    node.inbox.reading = lambda: node.hub.publish_event(thread_topic(5), late_push, 2)
    client = await node.connect()
    await subscribe(client)
    await client.hear()
    publish(node, 3)
    assert (await client.hear_until("event"))["seq"] == 3


async def test_the_inbox_and_the_member_have_snapshots_with_a_position(start_node: StartNode) -> None:
    client = await (await start_node()).connect()
    for channel, kind in (("inbox", InboxPage), ("user", UserSnapshot)):
        answered = await subscribe(client, channel)
        assert (answered["resumed"], answered["p"]) == (False, "777")
        snapshot = Snapshot.model_validate(await client.hear())
        assert snapshot.p == "777"
        assert isinstance(snapshot.data, kind)


async def test_the_inbox_resumes_by_position(start_node: StartNode) -> None:
    client = await (await start_node()).connect()
    assert (await subscribe(client, "inbox", p="700", epoch=EPOCH))["resumed"] is True
    assert (await client.hear())["data"]["partial"] is True
    assert (await subscribe(client, "inbox", p="700", epoch="another"))["resumed"] is False


# Resuming a thread


@pytest.mark.parametrize(
    ("position", "seqs"),
    [
        pytest.param({"after": 1, "epoch": EPOCH}, [2, 3], id="the missing tail"),
        pytest.param({"after": 3, "epoch": EPOCH}, [], id="nothing was missed"),
    ],
)
async def test_a_resume_replays_what_was_missed(
    start_node: StartNode, position: dict[str, Any], seqs: list[int]
) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(seq) for seq in (1, 2, 3)]
    client = await node.connect()
    answered = await subscribe(client, **position)
    assert (answered["resumed"], answered["seq"]) == (True, 3)
    publish(node, 4)
    assert [(await client.hear_until("event"))["seq"] for _ in (*seqs, 4)] == [*seqs, 4]


@pytest.mark.parametrize(
    "position",
    [
        pytest.param({"after": 1, "epoch": "another"}, id="another history"),
        pytest.param({"after": 1}, id="no history"),
        pytest.param({"after": 4, "epoch": EPOCH}, id="ahead of the thread"),
        pytest.param({"after": -1, "epoch": EPOCH}, id="a negative seq"),
    ],
)
async def test_a_position_that_means_nothing_here_gets_a_snapshot(
    start_node: StartNode, position: dict[str, Any]
) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(seq) for seq in (1, 2, 3)]
    client = await node.connect()
    assert (await subscribe(client, **position))["resumed"] is False
    assert (await client.hear())["t"] == "snapshot"


@pytest.mark.parametrize(("missed", "resumed"), [(200, True), (201, False)])
async def test_up_to_200_events_are_replayed(start_node: StartNode, missed: int, resumed: bool) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(seq) for seq in range(1, missed + 2)]
    client = await node.connect()
    assert (await subscribe(client, after=1, epoch=EPOCH))["resumed"] is resumed


# Refusals


@pytest.mark.parametrize("channel", ["thread:6", "thread:05", "thread:x", "campaigns", ""])
async def test_a_channel_that_is_not_there_is_refused(start_node: StartNode, channel: str) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(1)]
    client = await node.connect()
    refused = await subscribe(client, channel)
    assert (refused["t"], refused["id"], refused["code"]) == ("err", 1, "not_found")


async def test_a_thread_of_another_workspace_is_not_there_and_nothing_of_it_is_pushed(start_node: StartNode) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(1)]
    client = await node.connect(STRANGER)
    assert (await subscribe(client))["code"] == "not_found"
    assert (await subscribe(client, after=1, epoch=EPOCH))["code"] == "not_found"
    assert not node.hub.has_subscribers(thread_topic(5))


async def test_without_a_database_a_subscription_is_refused_and_the_socket_stays(start_node: StartNode) -> None:
    node = await start_node()
    node.inbox.down = True
    client = await node.connect()
    assert (await subscribe(client))["code"] == "unavailable"
    assert not node.hub.has_subscribers(thread_topic(5))
    node.inbox.down = False
    assert (await subscribe(client, "inbox"))["t"] == "subscribed"


async def test_one_connection_has_a_bounded_number_of_subscriptions(start_node: StartNode) -> None:
    node = await start_node(subscriptions=1)
    client = await node.connect()
    await subscribe(client, "user")
    await client.hear()
    assert (await subscribe(client, "inbox"))["code"] == "too_many"
    assert (await subscribe(client, "user"))["t"] == "subscribed"


async def test_after_unsubscribing_nothing_comes(start_node: StartNode) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(1)]
    client = await node.connect()
    await subscribe(client)
    await client.hear()
    assert node.hub.has_subscribers(thread_topic(5))
    await client.say(t="unsubscribe", id=2, ch="thread:5")
    await until(lambda: not node.hub.has_subscribers(thread_topic(5)))


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param({"t": "dance"}, id="an unknown frame"),
        pytest.param({"t": "subscribe", "id": 1, "ch": "inbox", "p": "x"}, id="a position that is no number"),
        pytest.param({"t": "subscribe", "id": 1, "ch": "inbox", "more": 1}, id="an unknown field"),
    ],
)
async def test_a_frame_outside_the_protocol_ends_the_socket_for_good(
    start_node: StartNode, frame: dict[str, Any]
) -> None:
    client = await (await start_node()).connect()
    await client.say(**frame)
    assert (await client.ended()).code == 4503


# Commands


async def test_a_command_is_acknowledged_with_its_id(start_node: StartNode) -> None:
    node = await start_node()
    client = await node.connect()
    await client.say(**(said := typing()))
    assert await client.hear() == {"t": "ack", "cmd_id": str(said["cmd_id"]), "data": {"done": "typing"}}


async def test_a_command_that_fails_says_why(start_node: StartNode) -> None:
    node = await start_node()

    async def answer(command: Command) -> dict[str, Any] | Denied:
        if command.data.thread_id == 1:
            return Denied("opted_out", "The contact has opted out.")
        raise StoreUnavailable

    node.answer = answer
    client = await node.connect()
    for thread_id, code in ((1, "opted_out"), (2, "unavailable")):
        await client.say(**(said := typing(thread_id=thread_id)))
        heard = await client.hear()
        assert (heard["t"], heard["cmd_id"], heard["code"]) == ("err", str(said["cmd_id"]), code)


async def test_commands_of_one_thread_keep_their_order_and_do_not_hold_up_another(start_node: StartNode) -> None:
    node = await start_node()
    first_may_end = trio.Event()

    async def answer(command: Command) -> dict[str, Any] | Denied:
        if command is node.commands[0]:
            await first_may_end.wait()
        return {}

    node.answer = answer
    client = await node.connect()
    slow, behind, other = typing(thread_id=1), typing(False, thread_id=1), typing(thread_id=2)
    for command in (slow, behind, other):
        await client.say(**command)
    assert (await client.hear())["cmd_id"] == str(other["cmd_id"])
    first_may_end.set()
    assert [(await client.hear())["cmd_id"] for _ in "ab"] == [str(slow["cmd_id"]), str(behind["cmd_id"])]


async def test_a_client_with_too_much_in_flight_is_not_read_until_there_is_room(start_node: StartNode) -> None:
    node = await start_node(in_flight=2)
    may_end = trio.Event()

    async def answer(command: Command) -> dict[str, Any] | Denied:
        await may_end.wait()
        return {}

    node.answer = answer
    client = await node.connect()
    for thread_id in range(1, 6):
        await client.say(**typing(thread_id=thread_id))
    await trio.testing.wait_all_tasks_blocked(0.02)
    assert len(node.commands) == 2
    may_end.set()
    assert [(await client.hear())["t"] for _ in range(5)] == ["ack"] * 5


async def test_a_client_that_is_cut_with_much_in_flight_leaves_nothing_behind(start_node: StartNode) -> None:
    node = await start_node(in_flight=2)
    may_end = trio.Event()

    async def answer(command: Command) -> dict[str, Any] | Denied:
        await may_end.wait()
        return {}

    node.answer = answer
    client = await node.connect()
    for _ in range(6):
        await client.say(**typing())
    await until(lambda: len(node.commands) == 1)
    node.sockets.end_session(b"login 1")
    await node.sockets.drain()
    may_end.set()
    await until(lambda: node.sockets.count == 0)
    assert len(node.commands) == 1


async def test_a_fault_of_ours_ends_this_socket_only(start_node: StartNode) -> None:
    node = await start_node()

    async def answer(command: Command) -> dict[str, Any] | Denied:
        raise ZeroDivisionError

    client, neighbour = await node.connect(), await node.connect()
    node.answer = answer
    await client.say(**typing())
    assert (await client.ended()).code == 1011
    assert (await subscribe(neighbour, "user"))["t"] == "subscribed"


# Who is there


async def test_viewers_of_a_thread_see_each_other_come_and_go(start_node: StartNode) -> None:
    node = await start_node()
    node.inbox.threads[5] = [text(1)]
    ann, bob = await node.connect(), await node.connect(BOB)
    await subscribe(ann)
    await subscribe(bob)
    assert {(await ann.hear_until("state"))["key"] for _ in "ab"} == {"viewer:1", "viewer:2"}
    assert (await bob.hear_until("state"))["key"] == "viewer:1"
    await bob.stream.aclose()
    assert (await ann.hear_until("state"))["data"] == {"member_id": 2, "name": "Bob", "here": False}


async def test_online_members_are_those_with_a_socket(start_node: StartNode) -> None:
    node = await start_node()
    ann, again, bob = await node.connect(), await node.connect(), await node.connect(BOB)
    for client in (ann, again, bob):
        await subscribe(client, "user")
    assert sorted(node.sockets.online_members(10)) == [1, 2]
    await ann.stream.aclose()
    await bob.stream.aclose()
    await until(lambda: node.sockets.count == 1)
    assert node.sockets.online_members(10) == (1,)
    assert node.sockets.online_members(11) == ()


# The heartbeat and the end


async def test_the_heartbeat_names_the_newest_event_of_each_thread(start_node: StartNode) -> None:
    node = await start_node(ping_every_s=0.5)
    node.inbox.threads[5] = [text(1)]
    client = await node.connect()
    await subscribe(client)
    node.inbox.threads[5].append(text(2))  # committed, but its push was lost
    ping = await client.hear_until("ping")
    while not ping["heads"]:
        await client.say(t="pong", id=ping["id"])
        ping = await client.hear_until("ping")
    assert ping["heads"] == {"thread:5": 2}


async def test_a_thread_that_went_out_of_sight_is_in_no_heartbeat(start_node: StartNode) -> None:
    """Even of a client that is told so, and asks for it no more."""
    node = await start_node(ping_every_s=0.5)
    node.inbox.threads[5] = [text(1)]
    client = await node.connect()
    await subscribe(client)
    node.hub.leave_unless(thread_topic(5), lambda member_id: False, Frame(frame_bytes(Resync(ch=["thread:5"]))))
    assert (await client.hear_until("resync"))["ch"] == ["thread:5"]
    assert (await client.hear_until("ping"))["heads"] == {}


async def test_a_client_that_answers_stays_and_one_that_does_not_is_closed(start_node: StartNode) -> None:
    node = await start_node(ping_every_s=0.5)
    lively, silent = await node.connect(), await node.connect()
    for _ in range(2):
        ping = await lively.hear_until("ping")
        await lively.say(t="pong", id=ping["id"])
    assert (await silent.ended()).code == 4001
    assert node.sockets.count == 1


async def test_without_a_database_the_heartbeat_goes_on(start_node: StartNode) -> None:
    node = await start_node(ping_every_s=0.5)
    node.inbox.threads[5] = [text(1)]
    client = await node.connect()
    await subscribe(client)
    node.inbox.down = True
    assert (await client.hear_until("ping"))["heads"] == {}


async def test_somebody_who_is_not_logged_in_is_told_so_and_not_to_come_back(start_node: StartNode) -> None:
    client = await (await start_node()).connect(None)
    assert (await client.ended()).code == 4500


async def test_logging_out_ends_the_members_sockets(start_node: StartNode) -> None:
    node = await start_node()
    ann, bob = await node.connect(), await node.connect(BOB)
    await subscribe(ann, "user")
    await subscribe(bob, "user")
    node.sockets.end_session(b"login 1")
    assert (await ann.ended()).code == 4501
    assert (await subscribe(bob, "inbox"))["t"] in ("snapshot", "subscribed")


async def test_a_drain_closes_every_socket_with_a_delay_of_its_own(
    start_node: StartNode, nursery: trio.Nursery
) -> None:
    node = await start_node()
    clients = [await node.connect() for _ in range(4)]
    for client in clients:
        await subscribe(client, "user")
    nursery.start_soon(node.sockets.drain)
    ends = [await client.ended() for client in clients]
    assert {end.code for end in ends} == {1012}
    delays = {float(end.reason.removeprefix("retry_after_s=")) for end in ends}
    assert all(0.5 <= delay <= 5.0 for delay in delays)
    assert len(delays) > 1


async def test_a_drain_cuts_those_who_do_not_answer(start_node: StartNode) -> None:
    node = await start_node()
    client = await node.connect()
    await subscribe(client, "user")
    with trio.fail_after(20):
        await node.sockets.drain()


async def test_a_state_of_a_topic_reaches_its_members_only(start_node: StartNode) -> None:
    node = await start_node()
    ann, bob = await node.connect(), await node.connect(BOB)
    for client in (ann, bob):
        await subscribe(client, "user")
        await client.hear()
    for member_id in (2, 1):
        badge = {"unread_threads": member_id}
        node.hub.publish_state(
            Topic(member_id, "user"), "badge", 1, encode_text(encode.state_frame("user", "badge", 1, badge))
        )
    assert (await ann.hear())["data"] == {"unread_threads": 1}
    assert (await bob.hear())["data"] == {"unread_threads": 2}
