"""Tries to log in: how many there are, by address and by e-mail address, and that all servers count together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import pytest
import trio

from server.domain.logins import BY_ADDRESS, BY_EMAIL
from server.ports.logins import LoginTries
from server.store.store import open_store
from tests.http.house import FakeClock, FakeTries
from tests.store.world import World, holding

pytestmark = pytest.mark.integration

HERE, THERE = "198.51.100.7", "203.0.113.9"
DANA, RAJ = "dana@example.org", "raj@example.org"
TENTH = "UPDATE login_try SET full_at = full_at + interval '30 s' WHERE key = sha256('email dana@example.org')"


@dataclass(frozen=True)
class Counted:
    """An implementation of the port, and how time passes for it."""

    tries: LoginTries
    later: Callable[[float], Awaitable[None]]

    async def allowed(self, of: int, address: str = HERE, email: str = DANA) -> int:
        """How many *of* tries, one after the other; an asterisk in *address* or *email* is another number in each."""
        waits = [await self.tries.take(address.replace("*", str(n)), email.replace("*", str(n))) for n in range(of)]
        return waits.count(None)


@pytest.fixture(params=["postgres", "memory"])
async def counted(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Counted]:
    clock = FakeClock()

    async def memory_later(seconds: float) -> None:
        clock.time += seconds

    if request.param == "memory":
        yield Counted(FakeTries(clock), memory_later)
    else:
        yield Counted(world.store.login_tries, partial(postgres_later, world))


async def postgres_later(world: World, seconds: float) -> None:
    await world.sql("UPDATE login_try SET full_at = full_at - make_interval(secs => $1)", seconds)


async def test_an_address_may_try_ten_people_at_once_and_then_one_each_six_seconds(counted: Counted) -> None:
    assert await counted.allowed(11, email="n*@x.org") == 10
    wait_s = await counted.tries.take(HERE, RAJ)
    assert wait_s is not None
    assert 0 < wait_s <= 6
    assert await counted.tries.take(THERE, RAJ) is None, "another address has its own"
    await counted.later(6)
    assert await counted.tries.take(HERE, RAJ) is None


async def test_a_person_may_be_tried_ten_times_at_once_and_then_once_each_thirty_seconds(counted: Counted) -> None:
    assert await counted.allowed(11, address="198.51.100.*") == 10
    wait_s = await counted.tries.take(THERE, DANA)
    assert wait_s is not None
    assert 10 < wait_s <= 30
    assert await counted.tries.take(THERE, RAJ) is None, "another person has their own"
    await counted.later(15)
    assert await counted.tries.take(THERE, DANA) is not None
    await counted.later(15)
    assert await counted.tries.take(THERE, DANA) is None


async def test_who_waits_for_both_waits_for_the_longer_one(counted: Counted) -> None:
    assert await counted.allowed(10) == 10
    wait_s = await counted.tries.take(HERE, DANA)
    assert wait_s is not None
    assert wait_s > BY_ADDRESS.every_s


async def test_a_refused_try_costs_neither_of_its_keys_anything(counted: Counted) -> None:
    assert await counted.allowed(10, address="198.51.100.*") == 10
    assert await counted.allowed(20, address=THERE) == 0, "for the person's sake"
    assert await counted.allowed(9, address=THERE, email="n*@x.org") == 9, "the address has lost nothing"
    await counted.later(BY_EMAIL.every_s)
    assert await counted.tries.take(HERE, DANA) is None, "and they wait no longer for it"


async def test_a_right_password_gives_the_try_back_under_both_keys(counted: Counted) -> None:
    for _ in range(30):
        assert await counted.tries.take(HERE, DANA) is None
        await counted.tries.give_back(HERE, DANA)
    assert await counted.allowed(11) == 10, "and no more than there were"


async def test_no_quiet_time_saves_more_than_ten_tries(counted: Counted) -> None:
    await counted.allowed(1)
    await counted.later(86_400)
    assert await counted.allowed(11, address="198.51.100.*") == 10


async def test_an_address_that_is_nobodys_in_the_database_buys_no_tries_at_somebodys(world: World) -> None:
    """The database leaves U+0000 out of what it looks for."""
    tries = world.store.login_tries
    waits = [await tries.take(f"198.51.100.{n}", "\0" * n + DANA) for n in range(11)]
    assert [wait_s is None for wait_s in waits] == [True] * 10 + [False]


async def test_what_no_utf8_can_hold_is_counted_as_well(world: World) -> None:
    assert await world.store.login_tries.take(HERE, "\ud83d@x.org") is None


async def test_of_forty_tries_at_once_at_two_servers_ten_are_allowed(world: World) -> None:
    """From forty addresses at one person, so that a slow machine earns no other try meanwhile."""
    waits: list[int | None] = []
    async with open_store(world.dsn) as other:

        async def try_it(n: int) -> None:
            tries = (world.store, other)[n % 2].login_tries
            waits.append(await tries.take(f"198.51.100.{n}", DANA))

        async with trio.open_nursery() as nursery:
            for n in range(40):
                nursery.start_soon(try_it, n)
    assert waits.count(None) == 10
    assert all(wait_s is None or 0 < wait_s <= BY_EMAIL.every_s for wait_s in waits)


async def test_who_waited_for_another_servers_try_counts_it(world: World) -> None:
    """Nine are used up, and the tenth is not committed yet: the eleventh waits for it, and is refused."""
    counted = Counted(world.store.login_tries, partial(postgres_later, world))
    assert await counted.allowed(9, address="198.51.100.*") == 9
    waits: list[int | None] = []

    async def eleventh() -> None:
        waits.append(await world.store.login_tries.take(THERE, DANA))

    async with trio.open_nursery() as nursery, holding(world, TENTH) as tenth:
        nursery.start_soon(eleventh)
        with trio.fail_after(60):
            while not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await trio.lowlevel.checkpoint()
        assert waits == []
        await world.store.bridge.call(lambda: tenth.execute("COMMIT"))
    assert [wait_s is not None for wait_s in waits] == [True]


async def test_a_flood_of_refused_tries_writes_nothing(world: World) -> None:
    counted = Counted(world.store.login_tries, partial(postgres_later, world))
    assert await counted.allowed(10, email="n*@x.org") == 10
    before = await world.sql("SELECT *, ctid, xmin, xmax FROM login_try ORDER BY key")
    assert await counted.allowed(50, email="m*@x.org") == 0
    assert await world.sql("SELECT *, ctid, xmin, xmax FROM login_try ORDER BY key") == before


async def test_nobody_can_read_who_tried(world: World) -> None:
    await world.store.login_tries.take(HERE, DANA)
    [one, two] = await world.sql("SELECT key, row_to_json(t)::text AS told FROM login_try t")
    assert (len(one["key"]), len(two["key"])) == (32, 32)
    for told in (one["told"], two["told"]):
        for hidden in (HERE, DANA):
            assert hidden not in told
            assert hidden.encode().hex() not in told


async def test_a_clock_that_was_set_back_locks_nobody_out(world: World) -> None:
    counted = Counted(world.store.login_tries, partial(postgres_later, world))
    await counted.allowed(10)
    await counted.later(-86_400)
    assert await counted.allowed(11, address="198.51.100.*") == 10, "counted from the clock as it is"


async def test_what_is_full_again_is_pruned_and_nothing_else(world: World) -> None:
    counted = Counted(world.store.login_tries, partial(postgres_later, world))
    await counted.allowed(1)
    await counted.later(BY_EMAIL.every_s)
    assert await counted.allowed(9, THERE, RAJ) == 9
    long_ago = await world.value("SELECT now() - interval '7 days'")
    assert [(await world.store.pruning.prune(long_ago, 1)).tries for _ in range(3)] == [1, 1, 0]
    left = await world.sql("SELECT full_at > clock_timestamp() AS counts FROM login_try")
    assert [row["counts"] for row in left] == [True, True]
    assert await counted.allowed(2, "198.51.100.*", RAJ) == 1
