"""Typing and looking: who sees what, and how it ends by itself."""

from __future__ import annotations

from itertools import count
from typing import Any

import orjson
import pytest
import trio
import trio.testing

from server.ports import Member
from server.ws.channels import thread_topic
from server.ws.connection import Frame
from server.ws.hub import Hub
from server.ws.presence import TTL_S, Presence

ANN = Member(1, 10, "ann@example.com", "Ann", "agent")
STRANGER = Member(9, 11, "eve@example.com", "Eve", "agent")


class Ear:
    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def put(self, key: object, frame: Frame) -> None:
        self.heard.append(orjson.loads(frame.data[frame.data.index(b"{") :]))

    def typed(self) -> list[bool]:
        return [frame["data"]["typing"] for frame in self.heard if "typing" in frame["data"]]


@pytest.fixture
def room() -> tuple[Presence, Ear]:
    hub, ear, seconds = Hub(), Ear(), count(1000)
    presence = Presence(hub, lambda: next(seconds))
    presence.entered(5, ANN)
    hub.join(ear, thread_topic(5))
    return presence, ear


async def test_typing_ends_by_itself_six_seconds_after_the_last_sign(
    room: tuple[Presence, Ear], nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    presence, ear = room
    nursery.start_soon(presence.run)
    presence.typing(5, ANN, True)
    await trio.sleep(TTL_S - 1)
    presence.typing(5, ANN, True)
    await trio.sleep(TTL_S - 0.5)
    assert ear.typed() == [True]
    await trio.sleep(1)
    assert ear.typed() == [True, False]


def test_typing_in_a_thread_that_was_not_opened_is_shown_to_nobody(room: tuple[Presence, Ear]) -> None:
    presence, ear = room
    presence.typing(5, STRANGER, True)
    assert ear.heard == []


async def test_who_stops_typing_is_shown_once(
    room: tuple[Presence, Ear], nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    presence, ear = room
    nursery.start_soon(presence.run)
    presence.typing(5, ANN, True)
    presence.typing(5, ANN, False)
    presence.typing(5, ANN, False)
    await trio.sleep(TTL_S * 2)
    assert ear.typed() == [True, False]


async def test_typing_again_after_stopping_has_its_full_time(
    room: tuple[Presence, Ear], nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    presence, ear = room
    nursery.start_soon(presence.run)
    presence.typing(5, ANN, True)
    presence.typing(5, ANN, False)
    await trio.sleep(TTL_S - 1)
    presence.typing(5, ANN, True)
    await trio.sleep(2)
    assert ear.typed() == [True, False, True]


async def test_a_member_with_two_tabs_has_left_with_the_second_and_types_no_more(room: tuple[Presence, Ear]) -> None:
    presence, ear = room
    presence.entered(5, ANN)
    presence.typing(5, ANN, True)
    presence.left(5, ANN)
    assert [frame["data"].get("here") for frame in ear.heard] == [None]
    presence.left(5, ANN)
    assert ear.typed() == [True, False]
    assert ear.heard[-1]["data"]["here"] is False
    assert presence.current(5) == []


async def test_somebody_new_is_told_who_is_there_and_who_types(room: tuple[Presence, Ear]) -> None:
    presence, _ = room
    presence.entered(5, ANN)
    presence.typing(5, ANN, True)
    told = [orjson.loads(frame[frame.index(b"{") :]) for frame in presence.current(5)]
    assert [frame["key"] for frame in told] == ["viewer:1", "typing:1"]


async def test_versions_rise(room: tuple[Presence, Ear]) -> None:
    presence, ear = room
    for typing in (True, False, True):
        presence.typing(5, ANN, typing)
    versions = [frame["v"] for frame in ear.heard]
    assert versions == sorted(set(versions))
