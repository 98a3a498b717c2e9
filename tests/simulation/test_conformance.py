"""What makes the simulation mean something: its database does what the real one does, step by step."""

import pytest

from tests.simulation.twins import CAP, SETTING, Twins
from tests.store.world import open_world

STEPS = 100


@pytest.mark.parametrize("seed", range(4))
async def test_the_in_memory_database_and_the_real_one_answer_and_store_the_same(dsn: str, seed: int) -> None:
    async with open_world(dsn) as world:
        cap = CAP.texts, CAP.window
        await world.sql("UPDATE workspace SET bulk_cap_texts = $1, bulk_cap_window = $2", *cap)
        await world.store.call(lambda connection: connection.execute(SETTING))
        twins = Twins(world, seed)
        await world.sql("UPDATE workspace SET opt_in_required = $1", twins.memory.opt_in_required)
        for _ in range(STEPS):
            await twins.step()
        assert twins.tries
