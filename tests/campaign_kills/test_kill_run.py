"""A short form of `python -m tests.campaign_kills`, in a process of its own: its sockets end with its servers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.crash, pytest.mark.whole]


def run(*wish: str) -> dict[str, Any]:
    """What the judge told of it, which is green."""
    ended = subprocess.run(
        (sys.executable, "-m", "tests.campaign_kills", *wish), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:] + ended.stdout[-3000:]
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


def test_campaigns_keep_their_promises_while_the_server_dies_twice_in_each_phase(tmp_path: Path) -> None:
    told = run("--n", "8", "--seed", "7", "--out", str(tmp_path / "run"))
    assert told["kills_at"] == {"build": 2, "completion": 2, "drip": 2, "pause": 2}


def test_five_clicks_at_two_servers_are_one_launch_and_each_is_reached_once_whoever_dies(tmp_path: Path) -> None:
    told = run("twins", "--seed", "7", "--out", str(tmp_path / "run"))
    assert (told["campaigns"], told["reached"]) == (3, 0)
    assert told["recipients"] > 0
