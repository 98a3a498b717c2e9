"""The store over a database that is slow, gone, restarted or not ours; who runs and who may grant; members."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
import trio

from server.ports import MoDuplicate, MoRecorded, RowRefused, StoreUnavailable
from server.store import postgres
from server.store.copied import Copies, Copy
from server.store.fleet import PostgresFleet
from server.store.named_sql import parse, statements
from server.store.options import StoreOptions
from server.store.schema import schema_sql
from server.store.store import SCHEMA_VERSION, UnfitDatabase, open_store
from tests.store.world import BOB, NOON, SEED, World, holding, mo

if TYPE_CHECKING:
    from server.store.postgres import Connection

CUT_ALL = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
TRY = "SELECT pg_try_advisory_xact_lock(77)"


async def open_and_close(dsn: str, **more: Any) -> None:
    async with open_store(dsn, **more):
        pass


# Fit or not


async def test_an_empty_database_gets_the_schema_once_even_from_two_servers(empty_dsn: str) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(lambda: open_and_close(empty_dsn, schema=schema_sql()))
    await open_and_close(empty_dsn)


async def test_an_empty_database_without_a_schema_is_refused_in_a_sentence(empty_dsn: str) -> None:
    with pytest.raises(UnfitDatabase, match="threadline migrate"):
        await open_and_close(empty_dsn)


async def test_another_version_is_refused_in_a_sentence(world: World) -> None:
    await world.sql("UPDATE history SET schema_version = 99")
    with pytest.raises(UnfitDatabase, match=f"schema 99, not {SCHEMA_VERSION}"):
        await open_and_close(world.dsn)


async def test_no_database_is_an_outage(free_port: Callable[[], int]) -> None:
    with pytest.raises(StoreUnavailable):
        await open_and_close(f"postgresql://x@127.0.0.1:{free_port()}/x")


# Outages


@pytest.mark.usefixtures("sessions_of_its_own")
async def test_cut_connections_are_replaced_and_what_is_idempotent_goes_through(world: World) -> None:
    thread = (await world.receive()).thread_id
    for _ in range(3):
        async with holding(world) as cutter:
            await world.store.bridge.call(lambda: cutter.execute(CUT_ALL))
        assert isinstance(await world.store.ledger.record_mo(mo()), MoRecorded)
        assert (await world.store.inbox.head([thread]))[thread] > 1
        await world.send(thread)


@pytest.mark.usefixtures("sessions_of_its_own")
async def test_a_batch_whose_connection_dies_in_mid_commit_is_stored_once(world: World) -> None:
    """The insert waits for a lock; its connection is cut; the second try, on a new one, stores each text once."""
    results: list[object] = []

    async def one(number: int) -> None:
        results.append(await world.store.ledger.record_mo(mo(provider_id=f"SM-cut-{number}")))

    await world.receive()
    async with trio.open_nursery() as nursery, holding(world, "SELECT FROM thread FOR UPDATE") as blocker:
        for number in range(20):
            nursery.start_soon(one, number)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with trio.fail_after(60):
            while not await world.value(waiting):
                await trio.lowlevel.checkpoint()
        await world.store.bridge.call(lambda: blocker.execute(CUT_ALL))
    assert [type(result) for result in results] == [MoRecorded] * 20
    assert isinstance(await world.store.ledger.record_mo(mo(provider_id="SM-cut-1")), MoDuplicate)
    assert await world.value("SELECT count(*) FROM message") == 21


async def did_a_statement(connection: Connection) -> None:
    await connection.execute("SELECT 1")


async def asked_how_to_run_one(connection: Connection) -> None:
    await connection.prepare("SELECT count(*) FROM node")


async def waits_for_one(connection: Connection) -> None:
    await connection.execute("SELECT pg_sleep(60)")


@pytest.mark.parametrize("last", [did_a_statement, asked_how_to_run_one, waits_for_one])
async def test_who_stands_still_in_a_transaction_keeps_its_locks_from_nobody_and_hears_so(
    world: World, monkeypatch: pytest.MonkeyPatch, last: Callable[[Connection], Awaitable[None]]
) -> None:
    hasty = {name: "1s" for name in postgres._SETTINGS if name.endswith("_timeout")}
    monkeypatch.setattr(postgres, "_SETTINGS", postgres._SETTINGS | hasty)
    free = False

    async def stand_still(connection: Connection) -> None:
        await connection.fetchval(TRY)
        locked.set()
        await last(connection)
        while not free:  # noqa: ASYNC110 - of the other loop
            await asyncio.sleep(0.01)
        await connection.execute("UPDATE node SET host = 'written late'")

    async def hear() -> None:
        with pytest.raises(StoreUnavailable):
            await stuck.call(stand_still)

    locked = trio.Event()
    async with open_store(world.dsn) as stuck, trio.open_nursery() as nursery:
        nursery.start_soon(hear)
        await locked.wait()
        with trio.move_on_after(10):
            while not (free := await world.value(TRY)):  # noqa: ASYNC110 - locks set no event
                await trio.sleep(0.05)
        assert free
    assert not await world.value("SELECT count(*) FROM node WHERE host = 'written late'")


async def test_a_copy_of_many_rows_may_take_longer_than_a_transaction_may_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres._SETTINGS, "transaction_timeout", "1s")

    async def fill(connection: Connection, copy: Copy) -> None:
        await copy.take(connection, "SELECT 'late' FROM pg_sleep(2)")

    async with open_store(world.dsn) as store:
        copy, _ = await Copies(store._postgres).made(fill)
        assert [rows async for rows in copy.pieces(lambda cells: cells[0])] == [["late"]]


@pytest.mark.usefixtures("sessions_of_its_own")
async def test_while_the_database_refuses_everybody_writers_hear_that_and_then_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> Any:
        raise ConnectionRefusedError

    await world.receive()
    connect = asyncpg.connect
    async with holding(world) as cutter:
        monkeypatch.setattr(asyncpg, "connect", refuse)
        await world.store.bridge.call(lambda: cutter.execute(CUT_ALL))
        with pytest.raises(StoreUnavailable):
            await world.store.ledger.record_mo(mo())
        monkeypatch.setattr(asyncpg, "connect", connect)
    assert isinstance(await world.store.ledger.record_mo(mo()), MoRecorded)


async def test_a_callback_that_fails_after_the_commit_fails_no_writer(dsn: str) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("nobody listens")

    async with open_store(dsn, announce=broken, options=StoreOptions(wall=lambda: NOON)) as store:
        await store.call(lambda c: c.execute(SEED))
        assert isinstance(await store.ledger.record_mo(mo()), MoRecorded)


async def test_commits_are_announced_before_their_writers_go_on(dsn: str) -> None:
    order: list[str] = []

    def announce(_: object) -> None:
        order.append("announced")

    async with open_store(dsn, announce=announce) as store:
        await store.call(lambda c: c.execute(SEED))
        await store.ledger.record_mo(mo())
        order.append("resumed")
    assert order == ["announced", "resumed"]


async def test_who_still_waits_when_the_store_closes_hears_so(dsn: str) -> None:
    failures: list[StoreUnavailable] = []

    async with trio.open_nursery() as nursery, open_store(dsn) as outer:
        await outer.call(lambda c: c.execute(SEED))
        await outer.ledger.record_mo(mo())
        async with holding(World(outer, dsn), "SELECT FROM thread FOR UPDATE"), open_store(dsn) as store:

            async def late() -> None:
                try:
                    await store.ledger.record_mo(mo())
                except StoreUnavailable as closing:
                    failures.append(closing)

            nursery.start_soon(late)
            with trio.fail_after(60):
                while not await World(outer, dsn).value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    await trio.lowlevel.checkpoint()
    assert [str(failure) for failure in failures] == ["The store is closing."]


# Cancellation and conflicts


async def test_cancelled_callers_leak_no_connection_and_no_transaction(world: World) -> None:
    async def slow(connection: Any) -> None:
        await connection.execute(
            "INSERT INTO audit (workspace_id, action) VALUES (1, 'cancelled'); SELECT pg_sleep(60)"
        )

    for _ in range(3):
        with trio.move_on_after(0.05):
            async with trio.open_nursery() as nursery:
                for _ in range(20):  # more than the pool holds
                    nursery.start_soon(world.store.call, slow)
    assert await world.value("SELECT count(*) FROM audit") == 0
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(60)%'"
    assert await world.value(busy + " AND state <> 'idle' AND pid <> pg_backend_pid()") == 0
    async with trio.open_nursery() as nursery:
        for _ in range(30):
            nursery.start_soon(world.value, "SELECT 1")


async def test_a_deadlock_is_tried_again_inside_the_store(world: World) -> None:
    for person in ("+12025550111", BOB):
        await world.receive(from_=person)

    def crossing(first: int, second: int) -> Callable[[Any], Any]:
        async def work(connection: Any) -> None:
            await connection.execute("UPDATE thread SET version = version + 1 WHERE id = $1", first)
            await asyncio.sleep(0.05)
            await connection.execute("UPDATE thread SET version = version + 1 WHERE id = $1", second)

        return work

    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.store.call, crossing(1, 2))
        nursery.start_soon(world.store.call, crossing(2, 1))
    assert await world.value("SELECT array_agg(version) FROM thread") == [3, 3]


# The fleet


async def test_a_dead_predecessor_of_this_host_is_declared_gone_at_once(world: World) -> None:
    living = {10}
    fleet = PostgresFleet(world.store._postgres, lambda pid: pid in living)
    gens = [(await fleet.join("here", "boot", pid, uuid4())).gen for pid in (10, 11, 12)]
    rows = await world.sql("SELECT gen FROM node WHERE left_at IS NOT NULL ORDER BY gen")
    assert [row["gen"] for row in rows] == [gens[1]]
    await fleet.join("here", "boot", 12, uuid4())  # our own pid again: the older one is not us
    assert await world.value("SELECT left_at IS NOT NULL FROM node WHERE gen = $1", gens[2])
    assert await fleet.beat(gens[0], 10)
    assert not await fleet.beat(gens[1], 10)


@pytest.mark.parametrize(
    ("end", "least_s", "most_s"),
    [
        pytest.param("UPDATE node SET left_at = clock_timestamp() WHERE gen = 1", 0, 0, id="it left, or died here"),
        pytest.param(
            "UPDATE limiter_authority SET expires_at = clock_timestamp()", 1.0, 2.0, id="only its lease ran out"
        ),
        pytest.param(
            "UPDATE limiter_authority SET expires_at = clock_timestamp() - interval '1 h'",
            0,
            0,
            id="it ran out long ago",
        ),
    ],
)
async def test_the_limiter_changes_hands_when_its_holder(world: World, end: str, least_s: float, most_s: float) -> None:
    fleet = world.store.fleet
    other = await fleet.join("other", "boot", 2, uuid4())
    assert await fleet.take_limiter(other.gen, 10) is None
    await world.sql(end)
    taken = await fleet.take_limiter(other.gen, 10)
    assert taken is not None
    assert taken[0] == world.limiter_epoch + 1
    assert least_s <= taken[1] <= most_s
    again = await fleet.take_limiter(other.gen, 10)
    assert again is not None
    assert again[0] == taken[0]
    assert await fleet.take_limiter(world.gen, 10) is None


async def test_a_person_hands_the_limiter_over_and_the_successor_waits_for_what_was_allowed(world: World) -> None:
    fleet = world.store.fleet
    other = await fleet.join("other", "boot", 2, uuid4())
    handed = await fleet.hand_over_limiter(other.gen, 10)
    assert handed is not None
    assert handed[0] == world.limiter_epoch + 1
    assert 2.0 < handed[1] <= 3.0, "a person's text may leave 2 s after it was allowed"
    assert await fleet.take_limiter(world.gen, 10) is None
    taken = await fleet.take_limiter(other.gen, 10)
    assert taken is not None
    assert taken[0] == handed[0]
    assert 0 < taken[1] <= handed[1]
    assert [(node.gen, node.holds) for node in await fleet.living()] == [(world.gen, False), (other.gen, True)]


async def shared(world: World) -> tuple[int, int]:
    """The generation of another node, and the epoch under which both share the limits."""
    fleet = world.store.fleet
    other = await fleet.join("other", "boot", 2, uuid4())
    for gen in (world.gen, other.gen):
        assert await fleet.join_limiter(gen, "keeper") is None
    epoch = await fleet.share_limiter(world.gen, world.limiter_epoch, "keeper")
    assert epoch == world.limiter_epoch + 1
    return other.gen, epoch


async def test_who_has_the_limiter_shares_it_with_all_who_reach_the_same_keeper(world: World) -> None:
    other, epoch = await shared(world)
    fleet = world.store.fleet
    for gen in (world.gen, other):
        joined = await fleet.join_limiter(gen, "keeper")
        assert joined is not None
        assert joined.epoch == epoch
        assert joined.gens == {world.gen, other}
        assert 2.0 < joined.wait_s <= 3.0, "a person's text may leave 2 s after it was allowed"
        assert await fleet.take_limiter(gen, 10, alone=False) is None
    assert all(node.holds for node in await fleet.living())
    await fleet.leave(other)
    joined = await fleet.join_limiter(world.gen, "keeper")
    assert joined is not None
    assert joined.gens == {world.gen}


@pytest.mark.parametrize("how", ["it lost the keeper", "it reaches another", "by hand"])
async def test_a_shared_limiter_is_one_nodes_again_after_what_was_allowed_has_left(world: World, how: str) -> None:
    other, epoch = await shared(world)
    fleet = world.store.fleet
    if how == "by hand":
        taken = await fleet.hand_over_limiter(other, 10)
    else:
        assert await fleet.join_limiter(other, None if how == "it lost the keeper" else "another") is None
        taken = await fleet.take_limiter(other, 10)
    assert taken is not None
    assert taken[0] == epoch + 1
    assert 2.0 < taken[1] <= 3.0
    assert await fleet.join_limiter(world.gen, "keeper") is None
    assert await fleet.take_limiter(world.gen, 10) is None
    assert [(node.gen, node.holds) for node in await fleet.living()] == [(world.gen, False), (other, True)]


async def test_whoever_has_a_limiter_that_was_shared_keeps_it_alone_for_six_leases(world: World) -> None:
    other, epoch = await shared(world)
    fleet = world.store.fleet
    assert await fleet.take_limiter(other, 10) is not None
    third = (await fleet.join("third", "boot", 3, uuid4())).gen
    for gen in (world.gen, third):
        await fleet.join_limiter(gen, "keeper")
    assert await fleet.share_limiter(other, epoch + 1, "keeper") is None
    await fleet.leave(other)
    assert await fleet.take_limiter(third, 10) is not None
    assert await fleet.share_limiter(third, epoch + 2, "keeper") is None
    await world.sql("UPDATE limiter_authority SET alone_till = alone_till - interval '60 s'")
    assert await fleet.share_limiter(third, epoch + 2, "keeper") == epoch + 3


@pytest.mark.parametrize("why_not", ["one alone", "one does not reach it", "one reaches another", "it has it no more"])
async def test_the_limiter_is_not_shared_where(world: World, why_not: str) -> None:
    fleet = world.store.fleet
    await fleet.join_limiter(world.gen, "keeper")
    if why_not != "one alone":
        other = await fleet.join("other", "boot", 2, uuid4())
        reached = {"one does not reach it": None, "one reaches another": "another"}.get(why_not, "keeper")
        await fleet.join_limiter(other.gen, reached)
    epoch = world.limiter_epoch - (why_not == "it has it no more")
    assert await fleet.share_limiter(world.gen, epoch, "keeper") is None
    assert await fleet.take_limiter(world.gen, 10) == (world.limiter_epoch, 0.0)


@pytest.mark.parametrize(
    "why_not",
    [
        pytest.param("SELECT 1", id="it has it already"),
        pytest.param("UPDATE node SET left_at = clock_timestamp() WHERE gen = 2", id="it left"),
        pytest.param("UPDATE node SET expires_at = clock_timestamp() WHERE gen = 2", id="nobody has heard of it"),
    ],
)
async def test_the_limiter_is_not_handed_over_where(world: World, why_not: str) -> None:
    fleet = world.store.fleet
    other = await fleet.join("other", "boot", 2, uuid4())
    await world.sql(why_not)
    assert await fleet.hand_over_limiter(world.gen if why_not == "SELECT 1" else other.gen, 10) is None
    taken = await fleet.take_limiter(world.gen, 10)
    assert taken == (world.limiter_epoch, 0.0)


# People and the directory


async def test_sessions_last_until_they_end_are_closed_or_the_member_is_disabled(world: World) -> None:
    people = world.store.people
    await people.open_session(1, b"token", NOON + timedelta(hours=1), "127.0.0.1", "Firefox\x00")
    found = await people.session(b"token", NOON)
    assert found is not None
    member, workspace = found
    assert (member.name, member.role, workspace.name, workspace.simulated) == ("Dana", "agent", "Acme", True)
    assert await people.session(b"token", NOON + timedelta(hours=1)) is None
    await world.sql("UPDATE member SET disabled_at = now()")
    assert await people.session(b"token", NOON) is None
    assert await people.credentials("dana@example.org") is None
    await world.sql("UPDATE member SET disabled_at = NULL")
    assert (await people.credentials("Dana@Example.org")) == (member, "x")
    await people.close_session(b"token")
    assert await people.session(b"token", NOON) is None


async def test_a_member_who_cannot_be_added_is_refused(world: World) -> None:
    for email, role in (("dana@example.org", "agent"), ("new@example.org", "king")):
        with pytest.raises(RowRefused):
            await world.store.people.add_member(1, email, "X", role, "hash")


async def test_the_audit_keeps_what_was_done(world: World) -> None:
    await world.store.people.audit(1, 1, "login", {"ip": "::1", "odd": "\x00\ud800"})
    assert await world.value("SELECT detail->>'ip' FROM audit") == "::1"


async def test_the_directory_tells_accounts_without_their_secret_in_repr(world: World) -> None:
    [account] = await world.store.directory.accounts()
    assert (account.kind, account.secret) == ("simulator", "secret")
    assert "secret" not in repr(account)
    assert [number.rate for number in await world.store.directory.numbers()] == [10.0, 10.0]
    assert [w.workspace_id for w in await world.store.people.workspaces()] == [1]


# Named SQL


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT 1;\n-- name: a\n-- Intent.\nSELECT 1;\n", id="text before the first name"),
        pytest.param("-- name: a\nSELECT 1;\n", id="no line of intent"),
        pytest.param("-- name: a\n-- One.\nSELECT 1;\n-- name: a\n-- Two.\nSELECT 2;\n", id="a name twice"),
    ],
)
def test_named_sql_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="name"):
        parse(text)


async def test_every_named_statement_is_one_that_postgresql_takes(world: World) -> None:
    for aggregate in ("directory", "enqueue", "fleet", "inbound", "inbox", "lifeline", "people", "schema", "sending"):
        for sql in statements(aggregate).values():
            await world.store.call(lambda c, sql=sql: c.prepare(sql))  # type: ignore[misc]  # bound early


# Conflicts


@pytest.fixture
async def crowded(world: World) -> World:
    """A database in which `collide(n)` is a deadlock's victim n times, whoever calls, and then tells its run."""
    await world.sql("CREATE SEQUENCE runs")
    await world.sql(
        """CREATE FUNCTION collide(times bigint) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE run bigint := nextval('runs');
        BEGIN
            IF run <= times THEN
                RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected';
            END IF;
            RETURN run;
        END $$"""
    )
    return world


async def test_a_victim_of_a_deadlock_is_run_again_and_its_caller_never_hears_of_it(crowded: World) -> None:
    assert await crowded.value("SELECT collide(7)") == 8


async def test_who_loses_eight_times_hears_that_the_database_is_too_busy(crowded: World) -> None:
    with pytest.raises(StoreUnavailable, match="too busy") as caught:
        await crowded.value("SELECT collide(1000)")
    assert isinstance(caught.value.__cause__, asyncpg.DeadlockDetectedError)
    assert await crowded.value("SELECT last_value FROM runs") == 8


async def test_a_batch_that_loses_eight_times_fails_whole_and_the_next_one_is_stored(crowded: World) -> None:
    await crowded.sql(
        """CREATE FUNCTION collide_always() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM collide(8); RETURN NEW; END $$;"""
    )
    await crowded.sql("CREATE TRIGGER t BEFORE INSERT ON provider_ref FOR EACH ROW EXECUTE FUNCTION collide_always()")
    with pytest.raises(StoreUnavailable, match="too busy"):
        await crowded.store.ledger.record_mo(mo(provider_id="SM-crowded"))
    assert isinstance(await crowded.store.ledger.record_mo(mo(provider_id="SM-crowded")), MoRecorded)
