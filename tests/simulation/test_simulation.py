"""The simulation itself: it repeats, its seeds differ, bad things happen in it, and its judge sees what is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation import world as worlds
from tests.simulation.__main__ import main
from tests.simulation.judge import judge
from tests.simulation.world import World, run_seed

HAPPENING = (
    "accepted", "unknown", "stops", "reviews", "revoked", "decided", "replied", "recalled", "capped_days", "crashes",
    "takeovers",
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("seed", [5, 21, 31])
def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    """Of worlds with several crashes and takeovers; none of them is long."""
    first, second = run_seed(seed), run_seed(seed)
    assert first.trace == second.trace
    assert first.digest == second.digest != run_seed(8).digest
    assert min(first.crashes, first.takeovers) > 1


def test_the_same_seed_gives_the_same_trace_in_another_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seeds", "3"]
    lines = []
    for hash_seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        lines.append(done.stdout.splitlines()[-1].partition('"seconds"')[0])
    assert lines[0] == lines[1]


def test_in_twenty_worlds_everything_bad_happens_and_nothing_is_violated() -> None:
    results = [run_seed(seed) for seed in range(20, 40)]
    assert [violation for one in results for violation in one.violations] == []
    seen: Counter[str] = Counter()
    words = (" lost before", " lost after", " is killed", "clock jumps", "resolve_crashed", "bind_listed", "give_up")
    for one in results:
        seen.update({name: getattr(one, name) for name in HAPPENING})
        seen.update(word for word in words for line in one.trace if word in line)
    assert min(seen.values()) > 0
    assert len(seen) == len(HAPPENING) + len(words)


def test_a_violation_names_its_seed_and_how_to_see_all_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def sends_everything_twice(world: World) -> list[str]:
        world.carrier.accepted += world.carrier.accepted
        return judge(world)

    monkeypatch.setattr(worlds, "judge", sends_everything_twice)
    assert main(["--seed", "3"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"^seed 3: \(\d+, \d+\) was accepted 2 times$", said, re.MULTILINE)
    assert "./test simulation --seed 3 -v" in said
    assert said.splitlines()[-1].startswith('{"simulation": true, "seeds": 1, ')
