"""A short form of `python -m tests.bulk`, in a process of its own: its sockets end with the servers that it kills."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.crash, pytest.mark.whole]


def test_a_text_to_many_keeps_its_promises_with_faults_stops_and_a_kill_in_the_middle(tmp_path: Path) -> None:
    wish = ("--recipients", "300", "--stops", "12", "--kills", "6", "--rate", "40", "--seed", "7")
    command = (sys.executable, "-m", "tests.bulk", *wish, "--out", str(tmp_path / "run"))
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:]
