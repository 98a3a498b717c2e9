"""Members' own numbers: who proves one, what does not, and what races over one come to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import trio

from server.domain.gate import MessageClass
from server.domain.messages import OwnNumberChanged
from server.domain.own_number import TRIES, WITHIN, OwnNumber
from server.ports import Authorised, Enqueued, Refused
from server.ports.own_number import Asked, CannotBeOwn
from server.store.own_numbers import PostgresOwnNumbers
from tests.store.world import ALICE, BOB, NOON, OUR_NUMBER, World, holding, later

COLLEAGUE = """
INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (1, 'raj@example.org', 'Raj', 'agent', 'x')
"""
PROVEN = """
INSERT INTO member_number (workspace_id, member_id, address, asked_at, tries_left, seen_seq, verified_at)
VALUES (1, $1, $2, now(), 5, 0, now())
"""
ELSEWHERE = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'Other', 'o');
INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (2, 'eve@example.org', 'Eve', 'agent', 'x');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (2, true, 'simulator', 'AC2', 'secret', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate) VALUES (2, 2, '+12025550199', 10);
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
DANA, RAJ = 1, 2


async def asked(world: World, address: str = ALICE, member: int = DANA, **more: Any) -> str:
    """The code that a member is shown."""
    answer = await world.store.own_numbers.ask(1, member, address, more.get("now", NOON))
    assert isinstance(answer, Asked)
    assert answer.number.state == "waiting"
    assert answer.code is not None
    return answer.code


async def mine(world: World, member: int = DANA, now: Any = NOON) -> OwnNumber:
    return await world.store.own_numbers.of(1, member, now)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def audited(world: World) -> list[tuple[int, str, str]]:
    rows = await world.sql("SELECT member_id, action, detail->>'address' AS address FROM audit ORDER BY id")
    return [(row["member_id"], row["action"], row["address"]) for row in rows]


# Proving it


async def test_the_code_that_is_texted_from_there_proves_it_and_is_a_text_like_all_others(world: World) -> None:
    code = await asked(world)
    text = await world.receive(f" {code}\n")
    assert await world.store.own_numbers.look(NOON) == 0
    found = await mine(world)
    assert (found.state, found.address, found.verified_at, found.text_to) == ("verified", ALICE, NOON, OUR_NUMBER)
    assert await audited(world) == [(DANA, "own_number_verified", ALICE)]
    assert world.heard(OwnNumberChanged)[-1].number == found
    assert await world.state(text.thread_id, text.seq) == "received"
    assert await world.value("SELECT in_total FROM thread WHERE listed AND waiting_since IS NOT NULL") == 1


async def test_the_code_is_stored_nowhere(world: World) -> None:
    code = await asked(world)
    [row] = await world.sql("SELECT v::text AS told, salt, code_hash FROM member_number v")
    assert code not in row["told"]
    assert code.encode() not in row["salt"] + row["code_hash"]


async def test_any_of_the_workspaces_numbers_will_do(world: World) -> None:
    await world.receive(await asked(world), to="+12025550198")
    await world.store.own_numbers.look(NOON)
    assert (await mine(world)).state == "verified"


async def test_from_another_telephone_it_proves_nothing(world: World) -> None:
    await world.receive(await asked(world), from_=BOB)
    assert await world.store.own_numbers.look(NOON) == 1
    assert ((await mine(world)).state, (await mine(world)).tries_left) == ("waiting", TRIES)


async def test_what_was_texted_before_it_was_asked_for_proves_nothing(world: World) -> None:
    numbers = PostgresOwnNumbers(world.store._postgres, world.told.extend, draw=lambda: "482913")
    await world.receive("482913")
    assert isinstance(await numbers.ask(1, DANA, ALICE, NOON), Asked)
    assert await numbers.look(NOON) == 1
    await world.receive("482913")
    assert await numbers.look(NOON) == 0


async def test_a_code_that_comes_too_late_proves_nothing_and_one_of_the_last_second_does(world: World) -> None:
    last = NOON + WITHIN - timedelta(seconds=1)
    code = await asked(world)
    await world.receive(code, received_at=NOON + WITHIN)
    assert await world.store.own_numbers.look(NOON + WITHIN) == 1
    assert (await mine(world, now=NOON + WITHIN)).state == "expired"
    await world.receive(code, received_at=last)
    await world.store.own_numbers.look(NOON + WITHIN)
    assert (await mine(world)).state == "verified"


async def test_what_is_looked_at_long_after_is_not_looked_for_any_more(world: World) -> None:
    await world.receive(await asked(world))
    assert await world.store.own_numbers.look(NOON + 2 * WITHIN) == 0
    assert (await mine(world, now=NOON + 2 * WITHIN)).state == "expired"


async def test_five_wrong_codes_end_it_and_the_right_one_comes_too_late(world: World) -> None:
    code = await asked(world)
    for left in range(TRIES - 1, 0, -1):
        await world.receive(wrong(code))
        assert await world.store.own_numbers.look(NOON) == 1
        assert (await mine(world)).tries_left == left
    await world.receive(wrong(code))
    assert await world.store.own_numbers.look(NOON) == 0
    await world.receive(code)
    assert await world.store.own_numbers.look(NOON) == 0
    assert (await mine(world)).state == "spent"
    assert world.heard(OwnNumberChanged)[-1].number.state == "spent"


async def test_a_wrong_code_counts_once_however_often_somebody_looks(world: World) -> None:
    await world.receive(wrong(await asked(world)))
    for _ in range(TRIES):
        assert await world.store.own_numbers.look(NOON) == 1
    assert (await mine(world)).tries_left == TRIES - 1


async def test_a_newer_code_takes_the_place_of_the_older_and_of_what_was_proven(world: World) -> None:
    old = await asked(world)
    new = await asked(world, BOB)
    await world.receive(old)
    await world.receive(new, from_=BOB)
    await world.store.own_numbers.look(NOON)
    assert ((await mine(world)).state, (await mine(world)).address) == ("verified", BOB)
    await asked(world)
    assert await audited(world) == [(DANA, "own_number_verified", BOB), (DANA, "own_number_removed", BOB)]


async def test_who_has_proven_it_is_asked_for_no_code_again(world: World) -> None:
    await world.sql(PROVEN, DANA, ALICE)
    answer = await world.store.own_numbers.ask(1, DANA, ALICE, NOON)
    assert isinstance(answer, Asked)
    assert (answer.code, answer.number.state) == (None, "verified")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        pytest.param(OUR_NUMBER, "ours", id="the workspace's own number"),
        pytest.param("+12023334455", "not_simulated", id="a real number, in a simulation"),
        pytest.param(BOB, "taken", id="a colleague's"),
    ],
)
async def test_what_cannot_be_a_members_own(world: World, address: str, why: str) -> None:
    await world.sql(COLLEAGUE)
    await world.sql(PROVEN, RAJ, BOB)
    answer = await world.store.own_numbers.ask(1, DANA, address, NOON)
    assert isinstance(answer, CannotBeOwn)
    assert answer.why == why


async def test_who_is_no_member_any_more_keeps_no_number_from_those_who_are(world: World) -> None:
    await world.sql(COLLEAGUE)
    await world.sql(PROVEN, RAJ, ALICE)
    await world.sql("UPDATE member SET disabled_at = now() WHERE id = $1", RAJ)
    await world.receive(await asked(world))
    await world.store.own_numbers.look(NOON)
    assert [(await mine(world)).state, (await mine(world, RAJ)).state] == ["verified", "none"]


async def test_without_a_number_of_the_workspace_there_is_nowhere_to_text(world: World) -> None:
    await world.sql("DELETE FROM number")
    answer = await world.store.own_numbers.ask(1, DANA, ALICE, NOON)
    assert isinstance(answer, CannotBeOwn)
    assert answer.why == "no_number"


# Races


async def test_of_two_who_claim_one_number_the_first_whose_code_comes_has_it(world: World) -> None:
    await world.sql(COLLEAGUE)
    danas, rajs = await asked(world), await asked(world, member=RAJ)
    await world.receive(rajs)
    assert await world.store.own_numbers.look(NOON) <= 1
    await world.receive(danas)
    await world.store.own_numbers.look(NOON)
    assert [(await mine(world)).state, (await mine(world, RAJ)).state] == ["taken", "verified"]
    assert await audited(world) == [(RAJ, "own_number_verified", ALICE)]


async def test_of_both_codes_that_lie_there_at_once_one_counts(world: World) -> None:
    await world.sql(COLLEAGUE)
    danas, rajs = await asked(world), await asked(world, member=RAJ)
    await world.receive(danas)
    await world.receive(rajs)
    assert await world.store.own_numbers.look(NOON) == 0
    assert [(await mine(world)).state, (await mine(world, RAJ)).state] == ["verified", "taken"]


async def test_ten_who_look_at_once_verify_one_member_once(world: World) -> None:
    await world.sql(COLLEAGUE)
    danas, rajs = await asked(world), await asked(world, member=RAJ)
    await world.receive(danas)
    await world.receive(rajs)
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(world.store.own_numbers.look, NOON)
    states = sorted([(await mine(world)).state, (await mine(world, RAJ)).state])
    assert states == ["taken", "verified"]
    assert [action for _, action, _ in await audited(world)] == ["own_number_verified"]


async def test_the_table_itself_lets_no_number_belong_to_two(world: World) -> None:
    await world.sql(COLLEAGUE)
    await world.sql(PROVEN, DANA, ALICE)
    with pytest.raises(Exception, match="member_number_proven"):
        await world.sql(PROVEN, RAJ, ALICE)


async def test_another_workspaces_number_and_code_are_its_own(world: World) -> None:
    await world.store.call(lambda c: c.execute(ELSEWHERE))
    await world.sql("INSERT INTO member_number SELECT 2, 2, $1, NULL, NULL, now(), 5, 0, now()", ALICE)
    code = await asked(world)
    assert (await world.store.own_numbers.of(1, 2, NOON)).state == "none"
    assert not await world.store.own_numbers.remove(1, 2, NOON)
    await world.receive(code)
    await world.store.own_numbers.look(NOON)
    assert (await mine(world)).state == "verified"
    assert (await world.store.own_numbers.of(2, 2, NOON)).state == "verified"


# The gate


async def rehearse(world: World) -> tuple[int, int]:
    """A test of Dana's that waits to leave for Alice's number, as whoever is careless might queue it."""
    thread = (await world.receive()).thread_id
    result: Enqueued = await world.send(thread, klass=MessageClass.TEST, author_id=DANA, cmd_id=uuid4())
    return thread, result.seq


async def met(world: World) -> object:
    [answer] = await world.answers()
    return answer.reason if isinstance(answer, Refused) else type(answer)


async def test_a_test_leaves_for_its_authors_proven_number(world: World) -> None:
    await world.sql(PROVEN, DANA, ALICE)
    await rehearse(world)
    assert await met(world) is Authorised


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        pytest.param(None, (), id="nobody has named it"),
        pytest.param(PROVEN, (DANA, BOB), id="another one is theirs"),
        pytest.param(PROVEN, (RAJ, ALICE), id="it is a colleague's"),
        pytest.param(PROVEN.replace("0, now())", "0, NULL)"), (DANA, ALICE), id="it is not proven yet"),
    ],
)
async def test_a_test_to_any_other_number_is_refused(world: World, statement: str | None, values: Any) -> None:
    await world.sql(COLLEAGUE)
    if statement is not None:
        await world.sql(statement, *values)
    thread, seq = await rehearse(world)
    assert await met(world) == "not_own_number"
    assert await world.state(thread, seq) == "blocked"


async def test_who_is_no_member_any_more_gets_no_test(world: World) -> None:
    await world.sql(PROVEN, DANA, ALICE)
    await rehearse(world)
    await world.sql("UPDATE member SET disabled_at = now()")
    assert await met(world) == "not_own_number"


async def test_a_number_that_is_removed_between_the_queue_and_t3_gets_nothing(world: World) -> None:
    await world.sql(PROVEN, DANA, ALICE)
    await rehearse(world)
    assert await world.store.own_numbers.remove(1, DANA, later(1))
    assert await met(world) == "not_own_number"
    assert (await mine(world)).state == "none"
    assert await audited(world) == [(DANA, "own_number_removed", ALICE)]


async def test_asking_for_a_code_from_another_telephone_ends_what_was_proven(world: World) -> None:
    await world.sql(PROVEN, DANA, ALICE)
    await rehearse(world)
    await asked(world, BOB)
    assert await met(world) == "not_own_number"


async def test_a_removal_waits_for_a_t3_that_has_read_the_number(world: World) -> None:
    """So whatever was authorised with the number was so before the removal was answered."""
    await world.sql(PROVEN, DANA, ALICE)
    await rehearse(world)
    [row] = await world.queued()
    claim = f"SELECT claim_granted('{{{row}}}', {world.gen}, {world.limiter_epoch}, now() + '100 years', 0, '0 s')"
    ended = False

    async def remove() -> None:
        nonlocal ended
        ended = await world.store.own_numbers.remove(1, DANA, NOON)

    async with trio.open_nursery() as nursery, holding(world, claim):
        nursery.start_soon(remove)
        waits = 0
        while not waits and not ended:
            waits = await world.value(WAITING)
        assert not ended
    assert ended


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        pytest.param("carrier_blocked = true, opted_out = true", "carrier_blocked", id="blocked by the carrier"),
        pytest.param("invalid_reason = '30006'", "invalid_number", id="a number that gets no texts"),
    ],
)
async def test_what_stops_everybodys_texts_stops_a_test(world: World, marks: str, reason: str) -> None:
    await world.sql(PROVEN, DANA, ALICE)
    await rehearse(world)
    await world.sql(f"UPDATE endpoint SET {marks}")  # noqa: S608 - of this file
    assert await met(world) == reason


async def test_a_person_who_opted_out_may_still_try_a_text_on_themselves(world: World) -> None:
    await world.sql(PROVEN, DANA, ALICE)
    await world.stop()
    await rehearse(world)
    assert await met(world) is Authorised
