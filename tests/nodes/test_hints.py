"""A text at one server is shown at the others, at once where hints come, soon where they do not, and never wrongly."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest
import trio
from trio.testing import MockClock

from server.actors.lookout import LOOK_ANYWAY_S
from server.domain.hints import About, Hint, Topic
from server.domain.messages import SettingsChanged
from server.ports.nodes import Silence
from tests.nodes.town import SOON, WORKSPACE, Town, town

BY_LOOKING_S = 5.5
"""Until the silence of a server is noticed, and the next look, which may wait for the database a second."""


async def test_a_text_at_one_server_is_soon_shown_at_the_others(autojump_clock: MockClock) -> None:
    async with town(3) as it:
        for _ in range(5):
            it.nodes[0].commit(1)
            it.nodes[2].commit(2)
            await trio.sleep(SOON)
            it.is_told()
        assert all(browser.gaps == 0 for browser in it.browsers)


async def test_events_are_read_once_for_all_who_look(autojump_clock: MockClock) -> None:
    async with town(2, threads=1) as it:
        it.database.reads.clear()
        for _ in range(10):
            it.nodes[0].commit(1)
        await trio.sleep(SOON)
        it.is_told()
        assert it.database.reads.count(("events", 1)) == 1


async def test_who_hears_everybody_does_not_look_every_second(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        it.database.reads.clear()
        await trio.sleep(3 * LOOK_ANYWAY_S)
        looks = it.database.reads.count(("changed", 0))
        assert 2 * 2 <= looks <= 2 * 4


async def test_alone_on_its_database_a_server_does_not_look(autojump_clock: MockClock) -> None:
    async with town(1, bus=False) as it:
        it.database.reads.clear()
        await trio.sleep(60)
        assert it.database.reads.count(("changed", 0)) == 0


async def test_without_a_bus_it_is_shown_within_a_second_or_so(autojump_clock: MockClock) -> None:
    async with town(2, bus=False) as it:
        for _ in range(3):
            it.nodes[0].commit(1)
            it.nodes[1].commit(2)
            await trio.sleep(1.5)
            it.is_told()


async def test_a_hint_that_is_lost_is_missed_by_the_number_of_the_next(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        await it.have_just_looked()
        it.wire.faults.drop = 1.0
        it.nodes[0].commit(1)
        await trio.sleep(SOON)
        assert it.browsers[2].seq < it.browsers[0].seq, "the other server was not told"
        it.wire.faults.drop = 0.0
        await trio.sleep(2.5)
        it.is_told()


@pytest.mark.parametrize("fault", ["cut", "down", "killed and back"])
async def test_a_bus_that_is_gone_costs_a_second_and_nothing_else(autojump_clock: MockClock, fault: str) -> None:
    async with town(3) as it:
        if fault == "cut":
            it.wire.faults.cut.add(2)
        else:
            it.wire.faults.down = True
        it.wire.break_connections()
        for _ in range(5):
            it.nodes[0].commit(1)
            it.nodes[1].commit(2)
            await trio.sleep(BY_LOOKING_S)
            it.is_told()
            it.wire.faults.down = it.wire.faults.down and fault == "down"
        it.wire.faults.cut.clear()
        it.wire.faults.down = False
        await trio.sleep(BY_LOOKING_S)
        it.nodes[0].commit(1)
        await trio.sleep(SOON)
        it.is_told()


async def test_two_servers_at_different_redis_do_not_trust_the_silence(autojump_clock: MockClock) -> None:
    """Each hears itself, and no other: nothing on the bus tells that something is wrong, only who lives does."""
    async with town(2) as it:
        it.wire.faults.cut.add(1)
        await trio.sleep(BY_LOOKING_S)
        for _ in range(3):
            it.nodes[0].commit(1)
            await trio.sleep(1.5)
            it.is_told()


async def test_what_a_server_did_not_live_to_tell_is_found(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        await it.have_just_looked()
        it.nodes[0].commit(1, hinted=False)
        it.database.living.discard(1)
        await trio.sleep(1.5)
        it.is_told()


async def test_an_outage_of_the_database_is_made_up_for(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        it.database.away = True
        it.nodes[0].commit(1)
        await trio.sleep(3)
        it.database.away = False
        await trio.sleep(BY_LOOKING_S)
        it.is_told()


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_is_dropped_repeated_and_late_the_view_is_the_database_s(
    autojump_clock: MockClock, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - chance, not a secret
    async with town(3, seed=seed) as it:
        for _ in range(150):
            at_random(it, random)
            random.choice(it.nodes).commit(random.randint(1, 2))
            await trio.sleep(random.random() * 0.3)
        it.wire.faults.drop = it.wire.faults.twice = it.wire.faults.late = 0.0
        it.wire.faults.down, it.database.away = False, False
        await trio.sleep(BY_LOOKING_S)
        it.is_told()


def at_random(it: Town, random: Random) -> None:
    faults = it.wire.faults
    match random.randint(0, 30):
        case 0:
            it.wire.break_connections()
        case 1:
            faults.down = not faults.down
            it.wire.break_connections()
        case 2:
            it.database.away = not it.database.away
        case 3 | 4 | 5:
            faults.drop, faults.twice, faults.late = (random.random() * 0.5 for _ in range(3))


async def test_a_hint_is_no_truth_it_only_says_where_to_look(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        voided: list[int] = []
        it.nodes[1].announcer.on_consent = lambda flip: voided.append(flip.endpoint_id)
        it.nodes[1].announcer.on_held = lambda endpoint_id: voided.append(-endpoint_id)
        it.database.silenced[5] = Silence(WORKSPACE, 5, opted_out=False, held=False, epoch=2)
        it.database.silenced[6] = Silence(WORKSPACE, 6, opted_out=True, held=False, epoch=1)
        it.database.silenced[7] = Silence(WORKSPACE, 7, opted_out=False, held=True, epoch=0)
        it.nodes[1].lookout.hinted([Hint(Topic(About.ENDPOINT, (WORKSPACE, id_))) for id_ in (5, 6, 7, 8)])
        it.nodes[1].lookout.hinted([Hint(Topic(About.THREAD, (WORKSPACE, 1)), 99)])
        await trio.sleep(SOON)
        assert voided == [6, -7]
        it.is_told()


async def test_what_is_not_understood_makes_it_look(autojump_clock: MockClock) -> None:
    async with town(2) as it:
        it.database.commit(1)
        for message in (b"nonsense", b'{"sender":9,"number":1,"hints":[["weather:1",3]]}'):
            it.wire.send(message)
            await trio.sleep(1)
            it.is_told()
            it.database.commit(2)
        await trio.sleep(LOOK_ANYWAY_S + 1)
        it.is_told()


@pytest.mark.parametrize("bus", [True, False])
async def test_other_settings_are_told_once_at_each_server_by_a_hint_or_by_looking(
    autojump_clock: MockClock, bus: bool
) -> None:
    async with town(2, bus=bus) as it:
        await trio.sleep(2 * LOOK_ANYWAY_S)
        heard: list[SettingsChanged] = []
        it.nodes[1].announcer.on_settings = heard.append
        it.database.settings_version = 2
        changed = SettingsChanged(WORKSPACE, 2, suggesting=True)  # of what a hint says only the topic counts
        it.nodes[0].hints.tell([changed])
        await trio.sleep(SOON if bus else 1.5)
        assert heard == [SettingsChanged(WORKSPACE, 2, suggesting=False)]
        await trio.sleep(3 * LOOK_ANYWAY_S)
        assert len(heard) == 1


async def test_a_server_whose_database_goes_on_with_another_history_is_told_and_looks_at_nothing_of_it(
    autojump_clock: MockClock,
) -> None:
    async with town(bus=False) as it:
        ended: list[int] = []
        for node in it.nodes:
            node.lookout.on_other_history = partial(ended.append, node.gen)
        it.database.epoch = None  # a standby that is about to take over
        await trio.sleep(3)
        assert not ended
        it.database.epoch = "two"
        it.database.reads.clear()
        await trio.sleep(1.5)
        assert {*ended} == {node.gen for node in it.nodes}
        assert {what for what, _ in it.database.reads} == {"standing"}
