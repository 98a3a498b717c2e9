"""The benches still run: short, without the peers, and without an opinion on the figures of a busy machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.places import quickest_place

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("arguments", "figures"),
    [
        pytest.param(
            ("bench.inbound", "--quick", "--only", "threadline"),
            {"per_s", "p50_ms", "p99_ms", "ratio_node", "ratio_fastapi", "at_200", "cpu_s_per_1000"},
            id="every text that was answered is stored once and seen on the socket",
        ),
        pytest.param(
            ("bench.send", "--quick", "--only", "batch"),
            {"mt_per_s", "batch", "rounds_per_s"},
            id="every text that was queued is sent and stored once",
        ),
        pytest.param(
            ("bench.limiter", "--quick"),
            {"at_100", "grants_per_s"},
            id="fifty that wait leave, and rows are granted under one limit and under five",
        ),
        pytest.param(
            ("bench.fanout", "--quick"),
            {"event", "per_user", "kib_per_idle_socket"},
            id="every push reaches every socket",
        ),
        pytest.param(
            ("bench.dialer", "--quick"),
            {"sockets", "wanted", "team"},
            id="every quick text is accepted, and what happens is heard and posted",
        ),
        pytest.param(
            ("bench.imports", "--quick"),
            {"rows_per_s", "late_p99_ms", "question_p99_ms", "undo_s"},
            id="every row of a list comes in or is told, and is taken back",
        ),
    ],
)
def test_a_bench_measures(arguments: tuple[str, ...], figures: set[str]) -> None:
    place = quickest_place()
    env = os.environ | ({"TMPDIR": str(place)} if place else {})
    command = (sys.executable, "-m", *arguments)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr.decode()
    (line,) = done.stdout.decode().splitlines()
    told: dict[str, Any] = json.loads(line)
    assert told["bench"] == arguments[0].partition(".")[2]
    assert figures <= told.keys()
