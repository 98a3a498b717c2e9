"""What the commands of all runs that kill share: a folder for what they leave, a seed, one sentence where they fail."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.crash.processes import RunFailed

_LEFT: Final = ("ledger.jsonl", "kills.jsonl")


def add_common(parser: argparse.ArgumentParser, kills: int) -> None:
    """The options of every run; *kills* is how many there are by default."""
    parser.add_argument("--kills", "--n", type=int, default=kills, metavar="N")
    add_folder(parser)


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Where it leaves what, and its chance: also of a run that kills nobody."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep everything here")
    parser.add_argument("--seed", type=int, metavar="S", help="chance as in another run; the seed of each is printed")


def run_in_folder(options: argparse.Namespace, run: Callable[[Path, int], int]) -> int:
    """The code of *run*, given folder and seed; what it left is kept where the folder was named or the run was red."""
    out: Path = (options.out or Path(tempfile.mkdtemp(prefix="threadline-crash-run-"))).absolute()
    out.mkdir(parents=True, exist_ok=True)
    if any((out / name).exists() for name in _LEFT):
        print(f"{out} holds another run already.", file=sys.stderr)
        return 2
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr)
    code = 1
    try:
        code = run(out, seed)
    except* RunFailed as failed:
        print(_sentence(failed), file=sys.stderr)
    finally:
        if options.out is None and code == 0:
            shutil.rmtree(out)
        elif code:
            print(f"Everything is kept in {out}.", file=sys.stderr)
    return code


def _sentence(failed: BaseExceptionGroup[BaseException]) -> str:
    first: BaseException = failed
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first)
