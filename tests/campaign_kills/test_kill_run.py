"""A short form of `python -m tests.campaign_kills`, in a process of its own: its sockets end with its servers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.crash


def test_campaigns_keep_their_promises_while_the_server_dies_twice_in_each_phase(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tests.campaign_kills", "--n", "8", "--seed", "7", "--out", str(tmp_path / "run"))
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:] + ended.stdout[-3000:]
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["kills_at"] == {"build": 2, "completion": 2, "drip": 2, "pause": 2}
