"""A root that runs in the test's nursery, and logs that stay out of the way."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from server.actors.runtime import ChildSpec, Supervisor

type_of_up = Callable[..., Awaitable[Supervisor]]


@pytest.fixture
def up(nursery: trio.Nursery) -> type_of_up:
    """Start children under a root in order, and return the root once all are up."""

    async def start(*specs: ChildSpec, **options: Any) -> Supervisor:
        root = Supervisor("root", specs, jitter=lambda: 0.0, **options)
        await nursery.start(root.run_root)
        return root

    return start
