"""The workspace that the tests of the store share, each in a database of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.store.world import World, open_world


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    async with open_world(dsn) as opened:
        yield opened
