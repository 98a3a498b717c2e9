"""Three servers share what one at a time should do, and take over what one had who ends or stands still."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.app import main
from server.domain.shards import SHARDS, wanted_by
from server.ports.terms import TermOver
from tests.integration.server import Live, eventually, running


@pytest.fixture(autouse=True)
def _three_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """All run in this process: on one machine each would take those before it, of its own pid, for dead ones."""
    machines = itertools.count()
    monkeypatch.setattr(main, "boot_id", lambda: f"machine {next(machines)}")


@asynccontextmanager
async def three(dsn: str, folder: Path) -> AsyncIterator[tuple[Live, Live, Live]]:
    """None beats by itself for a while."""
    async with (
        running(dsn, folder / "one", node_lease_s=600.0) as one,
        running(dsn, folder / "two", node_lease_s=600.0) as two,
        running(dsn, folder / "three", node_lease_s=600.0) as last,
    ):
        await eventually(shared(one, two, last))
        yield one, two, last


def gen_of(live: Live) -> int:
    return live.wiring.ground.node.gen


def held(live: Live) -> frozenset[str]:
    found = set()
    for shard in SHARDS:
        with live.wiring.shards.holding(shard) as ours:
            if ours:
                found.add(shard)
    return frozenset(found)


def shared(*servers: Live) -> Callable[[], Awaitable[bool]]:
    """Each has what it is wanted for, where only these live; so all of it is had, and nothing twice."""
    living: Sequence[int] = [gen_of(one) for one in servers]

    async def are() -> bool:
        return all(held(one) == wanted_by(gen_of(one), living) for one in servers)

    return are


async def test_what_a_server_had_is_taken_over_when_it_ends(dsn: str, tmp_path: Path) -> None:
    async with three(dsn, tmp_path) as (one, two, last):
        had = held(one)
        assert had
        one.ending.ask()
        await eventually(shared(two, last))
        rows = await two.sql("SELECT shard, gen FROM shard_lease")
        assert {row["shard"] for row in rows} == set(SHARDS)
        assert {row["gen"] for row in rows} == {gen_of(two), gen_of(last)}


async def test_a_server_that_stood_still_is_taken_over_and_writes_nothing_when_it_goes_on(
    dsn: str, tmp_path: Path
) -> None:
    async with three(dsn, tmp_path) as (one, two, last):
        had, gen = held(one), gen_of(one)
        # as far as the others can see it stands still; and it does not look at its own lease for a while
        await two.sql("UPDATE node SET expires_at = clock_timestamp() WHERE gen = $1", gen)
        await eventually(shared(two, last))
        store = one.wiring.ground.store
        for shard in held(one):
            with pytest.raises(TermOver), one.wiring.shards.holding(shard):
                await store.ledger.expire_due(one.wiring.ground.clock.wall(), 10)
        assert not held(one) & had, "and it knows"
        await store.fleet.beat(gen, 600.0)
        await eventually(shared(one, two, last))
        for shard in held(one):
            with one.wiring.shards.holding(shard):
                await store.ledger.expire_due(one.wiring.ground.clock.wall(), 10)
