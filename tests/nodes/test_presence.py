"""Who looks at a thread and who types there is shown at every server, and forgotten with the one that said so."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import trio
import trio.lowlevel
from trio.testing import MockClock

from server.domain.hints import About, Hint, Topic
from server.domain.messages import LoginEnded, OwnNumberChanged
from server.domain.own_number import OwnNumber
from server.domain.sightings import KEPT_S, REPEAT_EVERY_S, Sight, Sightings
from server.ports import Member
from server.ws.channels import thread_topic
from server.ws.connection import Frame
from tests.nodes.town import SOON, WORKSPACE, Node, town

BEN = Member(12, WORKSPACE, "ben@example.com", "Ben", "agent")
CLEO = Member(13, WORKSPACE, "cleo@example.com", "Cleo", "agent")
SECONDS = 5.0
"""Within which who looked at a server that was killed is shown no more."""


class Eye:
    """What a browser at a thread shows of others: by the newest state of each key."""

    def __init__(self, node: Node, thread_id: int = 1) -> None:
        self.told: dict[str, dict[str, Any]] = {}
        self.times = 0
        for frame in node.presence.current(thread_id):
            self.put("", Frame(frame))
        node.hub.join(self, thread_topic(thread_id))

    def put(self, key: object, frame: Frame) -> None:
        told = orjson.loads(frame.data[frame.data.index(b"{") :])
        if told["t"] == "state" and told["key"].split(":")[0] in {"viewer", "typing"}:
            self.told[told["key"]] = told["data"]
            self.times += 1

    def looking(self) -> list[str]:
        return sorted(data["name"] for key, data in self.told.items() if key.startswith("viewer") and data["here"])

    def typing(self) -> list[str]:
        return sorted(data["name"] for key, data in self.told.items() if key.startswith("typing") and data["typing"])


async def test_who_looks_and_types_at_one_server_is_soon_shown_at_the_others(autojump_clock: MockClock) -> None:
    async with town(3) as it:
        there = Eye(it.nodes[2])
        it.nodes[0].presence.entered(1, BEN)
        it.nodes[1].presence.entered(1, CLEO)
        it.nodes[0].presence.typing(1, BEN, True)
        await trio.sleep(SOON)
        assert (there.looking(), there.typing()) == (["Ben", "Cleo"], ["Ben"])
        it.nodes[0].presence.typing(1, BEN, False)
        it.nodes[1].presence.left(1, CLEO)
        await trio.sleep(SOON)
        assert (there.looking(), there.typing()) == (["Ben"], [])
        told = there.times
        await trio.sleep(10 * REPEAT_EVERY_S)
        assert (there.looking(), there.times) == (["Ben"], told), "what is only repeated is not shown again"


async def test_who_comes_later_is_told_of_those_at_other_servers(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        it.nodes[0].presence.entered(1, BEN)
        it.nodes[0].presence.typing(1, BEN, True)
        await trio.sleep(SOON)
        late = Eye(it.nodes[1])
        assert (late.looking(), late.typing()) == (["Ben"], ["Ben"])


async def test_a_member_at_two_servers_has_left_with_the_last_socket(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        eyes = [Eye(node) for node in it.nodes]
        for node in it.nodes:
            node.presence.entered(1, BEN)
        await trio.sleep(SOON)
        it.nodes[0].presence.left(1, BEN)
        await trio.sleep(SOON)
        assert [eye.looking() for eye in eyes] == [["Ben"], ["Ben"]]
        it.nodes[1].presence.left(1, BEN)
        await trio.sleep(SOON)
        assert [eye.looking() for eye in eyes] == [[], []]


async def test_who_looked_at_a_server_that_is_killed_is_gone_within_seconds(autojump_clock: MockClock) -> None:
    async with town(3) as it:
        there = Eye(it.nodes[1])
        it.nodes[0].presence.entered(1, BEN)
        it.nodes[0].presence.typing(1, BEN, True)
        it.nodes[2].presence.entered(1, CLEO)
        await trio.sleep(SOON)
        assert there.looking() == ["Ben", "Cleo"]
        it.wire.faults.cut.add(1)
        await trio.sleep(SECONDS)
        assert (there.looking(), there.typing()) == (["Cleo"], [])


async def test_a_server_that_comes_back_shows_again_who_is_there(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        there = Eye(it.nodes[1])
        it.nodes[0].presence.entered(1, BEN)
        it.wire.faults.cut.add(1)
        await trio.sleep(SECONDS)
        it.wire.faults.cut.clear()
        await trio.sleep(REPEAT_EVERY_S + SECONDS)
        assert there.looking() == ["Ben"]


async def test_a_message_that_is_lost_is_made_up_for_by_the_next_repetition(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        there = Eye(it.nodes[1])
        it.wire.faults.drop = 1.0
        it.nodes[0].presence.entered(1, BEN)
        await trio.sleep(SOON)
        it.wire.faults.drop = 0.0
        await trio.sleep(REPEAT_EVERY_S + 1)
        assert there.looking() == ["Ben"]
        it.wire.faults.drop = 1.0
        it.nodes[0].presence.left(1, BEN)
        await trio.sleep(SOON)
        it.wire.faults.drop = 0.0
        await trio.sleep(KEPT_S + 1)
        assert there.looking() == []


async def test_without_a_bus_a_server_shows_its_own(autojump_clock: MockClock) -> None:
    async with town(2, bus=False) as it:
        eyes = [Eye(node) for node in it.nodes]
        it.nodes[0].presence.entered(1, BEN)
        await trio.sleep(SECONDS)
        assert [eye.looking() for eye in eyes] == [["Ben"], []]


async def test_more_than_fit_in_one_message_come_in_the_next(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        there = Eye(it.nodes[1])
        for id_ in range(100, 2600):
            it.nodes[0].presence.entered(1, Member(id_, WORKSPACE, "", f"Member {id_}", "agent"))
        await trio.sleep(SOON)
        assert len(there.looking()) == 2500


@pytest.mark.parametrize(
    ("sights", "at_s", "shown"),
    [
        pytest.param([(0, "Ann", True)], 3.0, ["Ann"], id="a moment ago"),
        pytest.param([(0, "Ann", True)], 3.1, [], id="the server is not heard any more"),
        pytest.param([(0, "Ann", True), (0, "Ann", False)], 1.0, [], id="has left"),
        pytest.param([(0, "Ann", True), (11, None, True)], 11.5, ["Ann"], id="two repetitions were lost"),
        pytest.param([(0, "Ann", True), (12, None, True)], 12.5, [], id="three were lost, though the server is heard"),
        pytest.param([(0, "Ann", True), (10, "Ann", True)], 12.9, ["Ann"], id="repeated in time"),
        pytest.param([(0, "Ann", False)], 0.0, [], id="leaves who never came"),
    ],
)
def test_what_is_known_of_other_servers(
    sights: list[tuple[float, str | None, bool]], at_s: float, shown: list[str]
) -> None:
    far = Sightings()
    for at, name, looks in sights:
        far.told(2, [] if name is None else [Sight(7, 1, name, looks)], at)
    far.forget(far.stale(at_s))
    assert [one.name for one in far.at(7)] == shown


# What else is told to sockets of other servers


@pytest.mark.parametrize("bus", [True, False])
async def test_a_login_that_ended_at_one_server_ends_its_sockets_at_all(autojump_clock: MockClock, bus: bool) -> None:
    async with town(3, bus=bus) as it:
        for node in it.nodes:
            node.logins |= {b"ended", b"good"}
        await trio.lowlevel.checkpoint()
        it.database.ended_logins = {b"ended"}
        it.nodes[0].hints.tell([LoginEnded(WORKSPACE, 11)])
        await trio.sleep(SOON if bus else 1.5)
        assert all(node.logins == {b"good"} for node in it.nodes[1:])


async def test_a_hint_ends_no_login_that_the_database_knows_as_good(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        it.nodes[1].logins |= {b"good"}
        it.nodes[1].lookout.hinted([Hint(Topic(About.LOGIN, (WORKSPACE, 11)))])
        await trio.sleep(SOON)
        assert it.nodes[1].logins == {b"good"}
        assert ("ended", 0) in it.database.reads


async def test_a_number_that_was_proven_at_one_server_is_told_at_the_others_as_the_database_has_it(
    autojump_clock: MockClock,
) -> None:
    async with town(2) as it:
        told: list[OwnNumber] = []
        it.nodes[1].publisher.own_number = lambda number: told.append(number)  # type: ignore[method-assign]
        it.database.own_numbers[11] = OwnNumber(WORKSPACE, 11, "verified", "+16175550142")
        it.nodes[0].hints.tell(
            [OwnNumberChanged(OwnNumber(WORKSPACE, 11))]
        )  # of what a hint says only the topic counts
        await trio.sleep(SOON)
        assert told == [it.database.own_numbers[11]]
