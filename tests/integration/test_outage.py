"""PostgreSQL goes away while texts come in: the server stays, says 503, and the sweep finds every text once."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = "6"  # longer than the node's beat, shorter than its lease


def test_texts_that_came_while_the_database_was_away_are_stored_once_each() -> None:
    command = [sys.executable, "-m", "tests.crash", "outage", "--seconds", SECONDS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
