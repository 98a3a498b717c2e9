"""The demo's world: the same every time, lively, and nobody in it exists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.demo.people import NUMBERS, contacts
from server.demo.seed import simulated_people
from server.demo.talk import acts
from server.demo.world import DemoThread, World, make_world
from server.domain.optout import Heard, classify
from server.domain.phone import is_test_number

WALL = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(WALL)


def test_the_same_time_gives_the_same_world(world: World) -> None:
    assert make_world(WALL) == world


def test_an_hour_later_only_the_times_are_others(world: World) -> None:
    later = make_world(WALL + timedelta(hours=1))
    assert [m.body for t in later.threads for m in t.messages] == [m.body for t in world.threads for m in t.messages]


def test_every_number_belongs_to_nobody(world: World) -> None:
    addresses = [person.address for person in world.contacts] + [number.address for number in NUMBERS]
    assert all(is_test_number(address) for address in addresses)
    assert len(set(addresses)) == len(addresses)


def test_there_is_enough_to_look_at(world: World) -> None:
    lengths = sorted(len(thread.messages) for thread in world.threads)
    assert len(world.threads) >= 60
    assert lengths[0] >= 2
    assert 20 < lengths[-1] <= 30
    assert sum(person.known for person in world.contacts) == 120
    assert sum(not person.known for person in world.contacts) == 4


def test_the_newest_text_is_minutes_old_and_the_oldest_some_weeks(world: World) -> None:
    times = [message.at for thread in world.threads for message in thread.messages]
    assert timedelta(0) < WALL - max(times) < timedelta(minutes=15)
    assert timedelta(weeks=4) < WALL - min(times) < timedelta(weeks=12)


def test_no_status_comes_from_the_future(world: World) -> None:
    assert max(status.at for thread in world.threads for status in thread.statuses) < WALL


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_it_holds_at_any_hour(hour: int) -> None:
    wall = datetime(2027, 3, 14, hour, 0, tzinfo=UTC)  # the night in which clocks go forward
    world = make_world(wall)
    for thread in world.threads:
        times = [message.at for message in thread.messages]
        assert times == sorted(times)
        assert times[-1] < wall


def numbered(thread: DemoThread) -> list[int]:
    return sorted([message.seq for message in thread.messages] + [status.seq for status in thread.statuses])


def test_every_thread_is_numbered_without_a_gap(world: World) -> None:
    for thread in world.threads:
        assert numbered(thread) == list(range(1, thread.last_seq + 1))
        inbound = [message.in_ord for message in thread.messages if message.direction == "in"]
        assert inbound == list(range(1, thread.in_total + 1))


def test_the_last_status_of_a_text_is_its_state(world: World) -> None:
    for thread in world.threads:
        last = {status.ref: status.state for status in thread.statuses}
        sent = {message.seq: message.state for message in thread.messages if message.direction == "out"}
        assert last == sent


def test_all_that_can_happen_has_happened(world: World) -> None:
    states = {message.state for thread in world.threads for message in thread.messages}
    assert {"received", "delivered", "undelivered", "rejected", "unconfirmed"} <= states
    assert sum(thread.opted_out_at is not None for thread in world.threads) == 4
    failed = [message for thread in world.threads for message in thread.messages if message.error_code]
    assert {message.error_code for message in failed} == {"30003", "30005", "30006", "30007", "21614"}


def test_who_opted_out_was_answered_and_is_left_alone(world: World) -> None:
    for thread in world.threads:
        if thread.opted_out_at:
            stop, answer = thread.messages[-2:]
            assert (stop.keyword, answer.klass) == ("STOP", "keyword_answer")
            assert thread.contact.address not in {person["number"] for person in simulated_people()}


def test_some_texts_wait_for_a_person_to_say_what_was_meant(world: World) -> None:
    doubts = [(thread.review, thread.messages[-1]) for thread in world.threads if thread.review]
    assert sorted(doubt for doubt, _ in doubts) == ["AMBIGUOUS", "AMBIGUOUS", "WRONG_NUMBER"]
    for doubt, message in doubts:
        assert classify(message.body) is doubt
        assert timedelta(0) < WALL - message.at < timedelta(hours=2)


def test_no_other_text_of_the_demo_would_have_held_anybody(world: World) -> None:
    waiting = {thread.contact.address for thread in world.threads if thread.review}
    for thread in world.threads:
        heard = {classify(message.body) for message in thread.messages[:-1] if message.direction == "in"}
        assert thread.contact.address in waiting or heard <= {None, Heard.STOP, Heard.YES}


def test_everybody_has_something_to_read_and_nobody_too_much(world: World) -> None:
    for email in world.threads[0].read:
        unread = [thread.in_total - thread.read[email] for thread in world.threads]
        assert min(unread) == 0
        assert 5 <= sum(count > 0 for count in unread) <= 25


def test_people_do_not_all_say_the_same(world: World) -> None:
    bodies = [message.body for thread in world.threads for message in thread.messages]
    assert len(set(bodies)) > len(bodies) / 2
    first = [thread.messages[0].body for thread in world.threads]
    assert len(set(first)) > 50


def test_no_blank_is_left_open(world: World) -> None:
    assert not [m.body for t in world.threads for m in t.messages if "{" in m.body or "  " in m.body]


def test_every_act_has_something_to_say() -> None:
    assert all(act.lines and all(all(line.ways) for line in act.lines) for kind in acts().values() for act in kind)


def test_no_two_people_share_a_name() -> None:
    names = [(person.first, person.last) for person in contacts(3) if person.known]
    assert len(set(names)) == len(names) == 120
