"""`python -m tests.tabs [--histories N] [--length N] [--seed S] [--stride N]`: the tests of this folder, as long as
asked for. By itself it cuts the recorded session at every byte.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

import pytest

from tests.tabs.scale import HISTORIES, LENGTH, STRIDE


def main(arguments: list[str]) -> int:
    """Run them; pytest's own status."""
    parser = argparse.ArgumentParser(prog="python -m tests.tabs", description=__doc__)
    parser.add_argument("--histories", type=int, default=100, metavar="N", help="of the state machine")
    parser.add_argument("--length", type=int, default=30, metavar="N", help="steps of each")
    parser.add_argument("--seed", type=int, metavar="S", help="the histories of another run; timing is the machine's")
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="bytes from one cut to the next")
    options = parser.parse_args(arguments)
    wanted = {HISTORIES: options.histories, LENGTH: options.length, STRIDE: options.stride}
    os.environ.update({name: str(value) for name, value in wanted.items()})
    seed = secrets.randbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    return int(pytest.main(["-q", "-s", f"--hypothesis-seed={seed}", str(Path(__file__).parent)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
