"""The file of all recipients, on a real database: of one moment, with that moment's figures, and nobody waits."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import aclosing
from typing import Any, cast

import asyncpg
import pytest

from server.ports.campaigns import CampaignRecipient, Export
from server.store import copied
from tests.store.carried import Campaigns
from tests.store.world import NOON, World

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND (state LIKE 'idle in transaction%' OR backend_xmin IS NOT NULL)
"""


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


async def exported(world: World, campaign_id: int, *states: str, workspace: int = 1, q: str = "") -> Export:
    found = await world.store.campaign_figures.export(workspace, campaign_id, states, NOON, q)
    assert found is not None
    return found


async def read(found: Export) -> list[CampaignRecipient]:
    async with aclosing(found.pieces) as pieces:
        return [row async for piece in pieces for row in piece]


async def test_a_file_is_of_one_moment_whatever_happens_while_it_is_read(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied, "PIECE", 2)
    campaign_id = await it.launched(count=7)
    await it.advance(campaign_id)
    found = await exported(it.world, campaign_id)
    first = await anext(found.pieces)
    assert await it.wire() == 7
    await it.world.receive("Yes")
    rows = [*first, *await read(found)]
    assert [row.ord for row in rows] == list(range(1, 8))
    assert (found.as_of, found.figures.audience, found.figures.in_flight, found.figures.wired) == (NOON, 7, 7, 0)
    assert Counter(row.state for row in rows) == {"in_flight": 7}
    assert not any(row.replied_at for row in rows)
    later = await exported(it.world, campaign_id)
    assert Counter(row.state for row in await read(later)) == {"wired": later.figures.wired} == {"wired": 7}


class Overtaken:
    """A connection after whose first answer somebody else writes, and commits."""

    def __init__(self, connection: Any, dsn: str) -> None:
        self._connection, self._dsn = connection, dsn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetchrow(self, *asked: Any) -> Any:
        row = await self._connection.fetchrow(*asked)
        other = await asyncpg.connect(self._dsn)
        await other.execute("UPDATE campaign_recipient SET state = 'skipped', reason = 'replied'")
        await other.close()
        return row


async def test_lines_and_figures_are_of_one_moment_also_where_they_move_in_between(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id, made = await it.launched(count=3), copied.Copies.made

    async def overtaken(copies: copied.Copies, fill: Any) -> Any:
        return await made(copies, lambda c, copy: fill(cast(Any, Overtaken(c, it.world.dsn)), copy))

    monkeypatch.setattr(copied.Copies, "made", overtaken)
    found = await exported(it.world, campaign_id)
    assert [row.state for row in await read(found)] == ["pending"] * found.figures.pending == ["pending"] * 3


async def test_no_transaction_is_open_while_somebody_reads_slowly(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied, "PIECE", 1)
    found = await exported(it.world, await it.launched(count=3))
    async with aclosing(found.pieces) as pieces:
        await anext(pieces)
        assert await it.world.value(_WAITING) == 0


async def test_a_file_that_nobody_reads_to_its_end_is_gone(it: Campaigns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copied, "PIECE", 1)
    made: list[Any] = []
    temporary = tempfile.TemporaryFile

    def kept(**how: Any) -> Any:
        made.append(temporary(**how))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", kept)
    found = await exported(it.world, await it.launched(count=3))
    await anext(found.pieces)
    await found.pieces.aclose()
    assert await it.world.store.campaign_figures.export(2, 1, (), NOON) is None
    assert [file.closed for file in made] == [True, True]


async def test_every_cell_comes_back_as_it_is_stored(it: Campaigns) -> None:
    campaign_id = await it.launched(count=3)
    await it.advance(campaign_id)
    await it.wire()
    await it.world.sql("UPDATE contact SET first_name = E'Zoë, \"Z\"\\nStone', last_name = '' WHERE id = 1")
    await it.world.sql("UPDATE campaign_recipient SET clicked_at = '2026-03-10T16:00:00.000001Z' WHERE ord = 2")
    paged = await it.world.store.campaign_figures.recipients(1, campaign_id, (), 0, 10)
    assert await read(await exported(it.world, campaign_id)) == paged
    assert [row.ord for row in await read(await exported(it.world, campaign_id, "clicked"))] == [2]
    assert [row.ord for row in await read(await exported(it.world, campaign_id, q="zoë"))] == [1]
