"""Quiet hours and caps through the real gate: every class in every cell, until when it waits, what the thread says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.domain.gate import MessageClass
from server.domain.messages import StatusChange, ThreadChanged
from server.domain.timetable import LAST_CALL
from server.ports import Authorised, Fenced, Granted, Refused
from tests.store.world import ALICE, NOON, World, later

ANSWER, PERSON, LATER, TEST, BULK = MessageClass
NIGHT = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)  # 10:30 PM in Washington
OPENING = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)  # 8:00 AM there
CLOSING = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)  # 9:00 PM of the day before
MIAMI = "+13055550101"


async def send(world: World, klass: MessageClass, *, to: str = ALICE, **more: Any) -> tuple[int, int]:
    thread = (await world.receive(from_=to)).thread_id
    return thread, (await world.send(thread, klass=klass, **more)).seq


PASSES, WARNED = ("allowed", None), ("allowed", "quiet_hours")
HOURS, CAP = ("refused", "quiet_hours"), ("refused", "cap_reached")
OTHERS = ("refused", "not_own_number")
CELLS = {  # (quiet, cap reached): what each class meets, in the order of the classes
    (False, False): (PASSES, PASSES, PASSES, OTHERS, PASSES),
    (True, False): (PASSES, WARNED, HOURS, OTHERS, HOURS),
    (False, True): (PASSES, PASSES, PASSES, OTHERS, CAP),
    (True, True): (PASSES, WARNED, HOURS, OTHERS, HOURS),
}


@pytest.mark.parametrize(
    ("klass", "quiet", "capped", "expected"),
    [
        pytest.param(klass, quiet, capped, met, id=f"{klass}, {'night' if quiet else 'day'}{', capped' * capped}")
        for (quiet, capped), row in CELLS.items()
        for klass, met in zip(MessageClass, row, strict=True)
    ],
)
async def test_the_matrix(
    world: World, klass: MessageClass, quiet: bool, capped: bool, expected: tuple[str, str | None]
) -> None:
    """A test text goes to a member's own verified number only, which this is not."""
    now = NIGHT if quiet else NOON
    if capped:
        await world.sql("UPDATE workspace SET bulk_cap_texts = 1, bulk_cap_window = '1 day'")
        await send(world, BULK)
        assert len(await world.authorise(now=NOON)) == 1
    thread, seq = await send(world, klass, now=NOON)
    [answer] = await world.answers(now=now)
    box = await world.box(thread, seq)
    if expected[0] == "allowed":
        assert isinstance(answer, Authorised)
        stored = await world.value("SELECT reason FROM attempt WHERE id = $1", answer.attempt_id)
        assert (stored, box and box["reason"]) == (expected[1], expected[1])
        return
    assert isinstance(answer, Refused)
    assert answer.reason == expected[1]
    if klass is TEST:
        assert box is None
        return
    assert box is not None
    until = OPENING if quiet else later(24 * 3600)
    assert (box["state"], box["due_at"], box["reason"]) == ("queued", until, expected[1])


async def test_what_was_deferred_leaves_at_the_opening_and_not_before(world: World) -> None:
    await send(world, BULK)
    assert await world.authorise(now=NIGHT) == []
    assert await world.authorise(now=OPENING - timedelta(microseconds=1)) == []
    assert len(await world.authorise(now=OPENING)) == 1


@pytest.mark.parametrize(
    ("klass", "left", "given", "expected"),
    [
        pytest.param(BULK, timedelta(hours=2), None, 7200, id="bulk until the window ends"),
        pytest.param(LATER, timedelta(hours=2), None, 7200, id="send-later too"),
        pytest.param(BULK, timedelta(hours=2), timedelta(minutes=5), 300, id="its own end comes first"),
        pytest.param(BULK, timedelta(hours=2), timedelta(hours=5), 7200, id="the window's end comes first"),
        pytest.param(PERSON, timedelta(hours=2), timedelta(hours=5), 18_000, id="a person's own end alone"),
        pytest.param(PERSON, timedelta(hours=2), None, None, id="a person's without an end"),
        pytest.param(BULK, LAST_CALL + timedelta(microseconds=1), None, 60, id="just before the last call"),
    ],
)
async def test_the_carrier_may_try_for_as_long_as_is_left(
    world: World, klass: MessageClass, left: timedelta, given: timedelta | None, expected: int | None
) -> None:
    now = CLOSING - left
    await send(world, klass, now=NOON, expires_at=None if given is None else now + given)
    [mt] = await world.authorise(now=now)
    assert mt.request.validity_s == expected


@pytest.mark.parametrize("klass", [BULK, LATER])
async def test_at_the_last_call_it_waits_for_the_next_morning(world: World, klass: MessageClass) -> None:
    """The carrier would give it up within the minute, and it would never come."""
    thread, seq = await send(world, klass, now=NOON)
    assert await world.authorise(now=CLOSING - LAST_CALL) == []
    box = await world.box(thread, seq)
    assert box is not None
    assert (box["due_at"], box["reason"]) == (OPENING, "quiet_hours")


@pytest.mark.parametrize(
    ("address", "zones", "now", "leaves"),
    [
        pytest.param(MIAMI, [], datetime(2026, 3, 11, 0, 30, tzinfo=UTC), False, id="Florida ends at 8 PM"),
        pytest.param(MIAMI, [], datetime(2026, 3, 10, 23, 30, tzinfo=UTC), True, id="and not at half past seven"),
        pytest.param(
            ALICE, ["America/Los_Angeles"], NOON - timedelta(hours=2), False, id="but she lives in California"
        ),
        pytest.param(ALICE, ["America/Los_Angeles"], NOON, True, id="where it is nine now"),
        pytest.param(ALICE, ["Mars/Olympus_Mons"], NOON, False, id="a zone that nobody knows could be any"),
        pytest.param("+18005550100", [], NOON, False, id="toll-free: Hawaii sleeps"),
    ],
)
async def test_where_the_recipient_may_be(
    world: World, address: str, zones: list[str], now: datetime, leaves: bool
) -> None:
    await send(world, BULK, to=address, now=now - timedelta(minutes=1))
    await world.sql("UPDATE endpoint SET places = $1", zones)
    assert bool(await world.authorise(now=now)) is leaves


async def test_a_state_lets_three_a_day_through_without_any_cap_of_the_workspace(world: World) -> None:
    thread, _ = await send(world, BULK, to=MIAMI)
    for _ in range(4):
        await world.send(thread, klass=BULK)
    assert len(await world.authorise()) == 3
    due = await world.sql("SELECT due_at, reason FROM outbox WHERE state = 'queued'")
    assert [tuple(row) for row in due] == [(later(24 * 3600), "cap_reached")] * 2


async def test_the_stricter_of_the_states_and_the_workspaces_cap_counts(world: World) -> None:
    await world.sql("UPDATE workspace SET bulk_cap_texts = 5, bulk_cap_window = '7 days'")
    thread, _ = await send(world, BULK, to=MIAMI)
    for _ in range(5):
        await world.send(thread, klass=BULK)
    assert len(await world.authorise()) == 3
    assert len(await world.authorise(now=later(24 * 3600))) == 2
    [waiting] = await world.sql("SELECT due_at, reason FROM outbox WHERE state = 'queued'")
    assert tuple(waiting) == (later(7 * 24 * 3600), "cap_reached")


async def test_a_number_of_no_known_country_waits_for_a_person(world: World) -> None:
    """No time of day is certain to be allowed there."""
    thread, seq = await send(world, BULK)
    await world.sql("UPDATE endpoint SET address = '+88255555555'")
    await _without_walls(world)
    [answer] = await world.answers()
    assert (answer.verdict, answer.reason) == ("held", "quiet_hours")
    assert await world.state(thread, seq) == "held"


async def _without_walls(world: World) -> None:
    """A real workspace with a real account, as far as the gate can see; nothing is sent here."""
    await world.store.call(
        lambda c: c.execute(
            """ALTER TABLE carrier_account DROP CONSTRAINT simulations_use_simulators,
                   DROP CONSTRAINT simulators_are_here, DROP CONSTRAINT carrier_account_workspace_id_simulated_fkey;
               UPDATE carrier_account SET kind = 'twilio', simulated = false;
               UPDATE workspace SET simulated = false"""
        )
    )


# What the thread says


def changes(world: World, seq: int) -> list[StatusChange]:
    told = [event for change in world.heard(ThreadChanged) for event in change.events]
    return [event for event in told if isinstance(event, StatusChange) and event.ref == seq]


async def test_the_thread_hears_why_a_text_waits_and_until_when(world: World) -> None:
    thread, seq = await send(world, BULK)
    await world.authorise(now=NIGHT)
    [told] = changes(world, seq)
    assert (told.state, told.error_class, told.error_code, told.waits_until) == (
        "queued",
        "gate",
        "quiet_hours",
        OPENING,
    )
    [read] = await _events(world, thread, seq)
    assert read == told
    page = await world.store.inbox.thread(1, 1, thread)
    assert page is not None
    shown = page.messages[-1]
    assert (shown.state, shown.error_code, shown.waits_until) == ("queued", "quiet_hours", OPENING)


async def test_what_has_left_waits_no_more(world: World) -> None:
    thread, seq = await send(world, BULK)
    await world.authorise(now=NIGHT)
    await world.authorise(now=OPENING)
    page = await world.store.inbox.thread(1, 1, thread)
    assert page is not None
    assert page.messages[-1].waits_until is None
    assert [one.waits_until for one in await _events(world, thread, seq)] == [None]


async def test_a_fenced_node_says_nothing_of_hours(world: World) -> None:
    _, seq = await send(world, BULK)
    await world.sql("UPDATE node SET fenced_at = now()")
    granted = [Granted(row, NIGHT) for row in await world.queued()]
    assert isinstance(await world.store.ledger.authorise(granted, world.gen, world.limiter_epoch, NIGHT), Fenced)
    assert changes(world, seq) == []


async def _events(world: World, thread: int, seq: int) -> list[StatusChange]:
    events = await world.store.inbox.events_after(1, thread, 0)
    return [event for event in events or () if isinstance(event, StatusChange) and event.ref == seq]
