"""Short forms of `python -m tests.faults`, in a process of its own: its sockets end with its servers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.plan import OF_NODES, OF_THE_DATABASE

pytestmark = pytest.mark.crash


def run(out: Path, *wish: str) -> dict[str, Any]:
    """What the judge told of it, which is green."""
    command = (sys.executable, "-m", "tests.faults", *wish, "--seed", "7", "--out", str(out))
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:] + ended.stdout[-3000:]
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert [told[name] for name in ("lost", "duplicate", "after_stop", "over_rate", "clients_differing")] == [0] * 5
    assert told["clients"] > 0
    assert told["ledger"]["sent"] > 0
    return told


@pytest.mark.parametrize("share", [False, pytest.param(True, marks=pytest.mark.whole)])
def test_three_nodes_keep_their_promises_whatever_becomes_of_them(tmp_path: Path, share: bool) -> None:
    shares = "--share" if share else "--no-share"
    told = run(tmp_path / "run", "nodes", "--faults", str(len(OF_NODES)), "--every", "3", shares)
    assert set(told["faults_by"]) == {*OF_NODES}
    assert told["share"] is share


@pytest.mark.whole
def test_they_keep_them_whatever_becomes_of_their_database_too(tmp_path: Path) -> None:
    told = run(tmp_path / "run", "database", "--faults", str(len(OF_THE_DATABASE)), "--every", "6")
    assert set(told["faults_by"]) == {*OF_THE_DATABASE}
