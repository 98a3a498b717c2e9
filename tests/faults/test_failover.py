"""A synchronous standby that takes over has all that was answered, and is another history of the database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
import trio

from server.ports import MoArrival, MoRecorded, StoreUnavailable
from server.store.schema import schema_sql
from server.store.store import open_store
from tests.crash.cast import FAST, OTHERS, make_cast, seed
from tests.crash.ground import make_folder
from tests.faults.replicas import Replicas
from tests.store.world import mo

pytestmark = pytest.mark.crash

_TEXTS = 20


@pytest.fixture
def replicas() -> Iterator[Replicas]:
    folder = make_folder()
    made = Replicas(folder)
    try:
        made.begin()
        yield made
    finally:
        made.end()
        shutil.rmtree(folder)


async def _record(replicas: Replicas, first: int) -> str:
    """Some texts, each answered; the epoch in which they were."""
    async with open_store(replicas.dsn) as store:
        for n in range(first, first + _TEXTS):
            text = mo(f"Text {n}", from_=OTHERS[n % len(OTHERS)], to=FAST).text
            assert isinstance(await store.ledger.record_mo(MoArrival(1, text, None)), MoRecorded)
        return await store.inbox.epoch()


async def _count(replicas: Replicas) -> int:
    async with open_store(replicas.dsn) as store:
        return int(await store.call(lambda c: c.fetchval("SELECT count(*) FROM message")))


def test_whoever_takes_over_has_all_that_was_answered_and_is_another_history(replicas: Replicas) -> None:
    async def made() -> None:
        async with open_store(replicas.dsn, schema=schema_sql()) as store:
            await store.call(lambda c: seed(c, make_cast(), "http://127.0.0.1:9"))

    trio.run(made)
    first = trio.run(_record, replicas, 0)
    replicas.restart(in_order=True)
    replicas.restart(in_order=False)
    replicas.follow()
    assert trio.run(_record, replicas, _TEXTS) == first, "a restart goes on with the same history"
    replicas.fail_over()
    assert trio.run(_count, replicas) == 2 * _TEXTS
    second = trio.run(_record, replicas, 2 * _TEXTS)
    assert second != first
    replicas.copy()
    trio.run(_is_in_no_history, replicas.standby_dsn)
    replicas.fail_over()
    assert trio.run(_record, replicas, 3 * _TEXTS) not in (first, second)
    assert trio.run(_count, replicas) == 4 * _TEXTS


async def _is_in_no_history(dsn: str) -> None:
    """A standby: it may be read, and is not taken for a database to serve from."""
    async with open_store(dsn) as store:
        assert (await store.elsewhere.standing()).epoch is None
        with pytest.raises(StoreUnavailable):
            await store.inbox.epoch()
