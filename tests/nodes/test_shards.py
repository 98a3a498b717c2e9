"""A server keeps what it is wanted for, gives up the rest, and trusts no lease that it could not renew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock

from server.actors.shards import LEASE_S, RENEW_EVERY_S, Shards
from server.domain.shards import COURIER, SHARDS, wanted_by
from server.ports import StoreUnavailable
from server.ports.terms import BORNE, Term, TermOver


@dataclass
class Leases:
    """`ports.terms.ShardLeases` in memory: who has which under which term. *away*: nothing is answered."""

    had: dict[str, tuple[int, int]] = field(default_factory=dict)
    kept: list[int] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    away: bool = False

    async def keep(self, gen: int, shards: Collection[str], lease_s: float) -> Mapping[str, int]:
        await trio.sleep(0.01)
        if self.away:
            raise StoreUnavailable("away")
        self.kept.append(gen)
        self.had = {shard: one for shard, one in self.had.items() if one[0] != gen or shard in shards}
        for shard in shards:
            holder, term = self.had.get(shard, (None, 0))
            if holder is None or holder in self.dead:
                self.had[shard] = (gen, term + 1)
        return {shard: term for shard, (holder, term) in self.had.items() if holder == gen}


def held(shards: Shards) -> set[str]:
    found = set()
    for shard in SHARDS:
        with shards.holding(shard) as ours:
            if ours:
                found.add(shard)
    return found


async def test_alone_it_has_all_and_writes_once_in_twenty_seconds(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    leases = Leases()
    shards = Shards(1, leases, set)
    nursery.start_soon(shards.run)
    await trio.sleep(0.1)
    assert held(shards) == set(SHARDS)
    await trio.sleep(10 * RENEW_EVERY_S)
    assert held(shards) == set(SHARDS)
    assert len(leases.kept) <= 11


async def test_three_servers_share_and_take_over_what_one_had_who_dies(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    leases, living = Leases(), {1}
    servers = {gen: Shards(gen, leases, lambda: living) for gen in (1, 2, 3)}
    nursery.start_soon(servers[1].run)
    await trio.sleep(3)
    living |= {2, 3}
    for gen in (2, 3):
        nursery.start_soon(servers[gen].run)
    await trio.sleep(5)
    assert {gen: held(one) for gen, one in servers.items()} == {gen: set(wanted_by(gen, living)) for gen in servers}
    leases.dead.add(2)
    living -= {2}
    await trio.sleep(5)
    assert {gen: held(servers[gen]) for gen in (1, 3)} == {gen: set(wanted_by(gen, {1, 3})) for gen in (1, 3)}


async def test_what_could_not_be_renewed_in_time_is_not_ours(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    leases = Leases()
    shards = Shards(1, leases, set)
    nursery.start_soon(shards.run)
    await trio.sleep(0.5)
    leases.away = True
    await trio.sleep(LEASE_S - RENEW_EVERY_S)
    assert held(shards) == set(SHARDS)
    await trio.sleep(RENEW_EVERY_S)
    assert held(shards) == set()
    leases.away = False
    await trio.sleep(2)
    assert held(shards) == set(SHARDS)


async def test_what_is_done_within_bears_the_term_and_what_follows_does_not(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    shards = Shards(1, Leases(), set)
    with shards.holding(COURIER) as ours:
        assert (ours, BORNE.get()) == (False, None)
    nursery.start_soon(shards.run)
    await trio.sleep(0.1)
    with shards.holding(COURIER):
        assert BORNE.get() == Term(COURIER, 1)
    assert BORNE.get() is None


@pytest.mark.parametrize("gen", [1, 2])
async def test_it_holds_nothing_that_it_gives_up_while_the_database_has_not_answered(
    nursery: trio.Nursery, autojump_clock: MockClock, gen: int
) -> None:
    leases, living = Leases(), {gen}
    shards = Shards(gen, leases, lambda: living)
    nursery.start_soon(shards.run)
    await trio.sleep(0.1)
    leases.away, living = True, {1, 2}
    await trio.sleep(2)
    assert held(shards) == set(wanted_by(gen, living))


async def test_what_was_refused_is_asked_for_anew_at_once(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    leases = Leases()
    shards = Shards(1, leases, set)
    nursery.start_soon(shards.run)
    await trio.sleep(0.1)
    leases.had[COURIER] = (1, 7)
    with pytest.raises(TermOver), shards.holding(COURIER):
        raise TermOver
    assert held(shards) == set(SHARDS) - {COURIER}
    await trio.sleep(1.5)
    with shards.holding(COURIER):
        assert BORNE.get() == Term(COURIER, 7)
