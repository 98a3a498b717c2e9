"""A short form of `python -m tests.webhook_kills`, in a process of its own: its sockets end with its servers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.crash


def run(out: Path, kills: int) -> dict[str, Any]:
    """What the judge told of it, which is green."""
    wish = ("--n", str(kills), "--seed", "7", "--out", str(out))
    ended = subprocess.run(
        (sys.executable, "-m", "tests.webhook_kills", *wish), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:] + ended.stdout[-3000:]
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert sum(told["kills_at"].values()) == told["kills"] == kills
    assert (told["lost"], told["broken"]) == (0, 0)
    return told


def test_every_event_is_told_to_whoever_wants_it_though_the_server_dies_twice(tmp_path: Path) -> None:
    assert run(tmp_path / "run", 2)["posted_again"] > 0


@pytest.mark.whole
def test_every_event_is_told_to_whoever_wants_it_while_the_server_dies_at_each_point_once(tmp_path: Path) -> None:
    told = run(tmp_path / "run", 6)
    assert set(told["kills_at"].values()) == {1}
    assert told["given_up"] > 0
