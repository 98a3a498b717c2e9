"""A short form of `python -m tests.campaign`, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.crash, pytest.mark.whole]


def test_the_figures_of_a_campaign_hold_at_every_moment_with_faults_of_every_kind(tmp_path: Path) -> None:
    wish = ("--n", "240", "--rate", "48", "--seed", "7")
    command = (sys.executable, "-m", "tests.campaign", *wish, "--out", str(tmp_path / "run"))
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:]
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["looks"].keys() == {"api", "channel", "export", "recount"}
    assert told["stop_shown_ms"].keys() == {"n", "p50", "p95", "max"}
