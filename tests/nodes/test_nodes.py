"""The parent's keeping of its nodes, with small programs in their place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import trio

from server.app.node import NodePlan
from server.app.nodes import Nodes
from server.config import Config

KILLED_THE_FIRST_TIME = """
import os, pathlib, sys
sys.stdin.readline()
before = pathlib.Path(sys.argv[1])
if not before.exists():
    before.touch()
    os.kill(os.getpid(), 9)
print("ready", flush=True)
sys.stdin.read()
"""


async def test_a_node_that_is_killed_before_it_was_ready_is_waited_for_in_its_next_life(tmp_path: Path) -> None:
    command = (sys.executable, "-c", KILLED_THE_FIRST_TIME, str(tmp_path / "lived"))
    ready, stopping = trio.Event(), trio.Event()
    nodes = Nodes(
        1,
        NodePlan(settings=Config(mode="serve"), listeners=()),
        on_ready=ready.set,
        on_refused=lambda code: pytest.fail(f"it ended with {code}"),
        command=command,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(nodes.run, stopping)
        with trio.fail_after(30):
            await ready.wait()
        stopping.set()
