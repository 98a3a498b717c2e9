"""`python -m tests.simulation [--seeds N] [--first S] [--jobs J] [--seed S [-v]]`: worlds, then one JSON line.

A violation prints its seed; `--seed S -v` prints that world's whole trace. Exits 1 where anything was violated.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b

from tests.simulation.world import Result, run_seed

_COUNTED = (
    "events", "accepted", "unknown", "unconfirmed", "stops", "reviews", "revoked", "decided", "replied", "recalled",
    "capped_days", "crashes", "takeovers",
)  # fmt: skip
_LAST_LINES = 40  # of a violating world's trace


@dataclass
class Sum:
    """What all worlds together came to. `digest` is the hash of their traces' hashes, in order."""

    seeds: int = 0
    figures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))
    violations: int = 0
    digest: str = ""

    def add(self, one: Result) -> None:
        self.seeds += 1
        for name in _COUNTED:
            self.figures[name] += getattr(one, name)
        self.violations += len(one.violations)
        self.digest = blake2b((self.digest + one.digest).encode(), digest_size=16).hexdigest()


def main(arguments: list[str]) -> int:
    """Run what is asked for; 0 where nothing was violated."""
    options = _options().parse_args(arguments)
    gc.freeze()  # what stands by now is no world's: walking it again and again takes a tenth of them all
    gc.set_threshold(700, 10, 100)
    seeds: Iterable[int] = range(options.first, options.first + options.seeds)
    began, total = time.monotonic(), Sum()
    for result in _results(seeds if options.seed is None else [options.seed], options.jobs):
        total.add(result)
        _tell(result, whole=options.verbose)
    line = {"simulation": True, "seeds": total.seeds, **total.figures, "violations": total.violations}
    print(json.dumps({**line, "trace_hash": total.digest, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    return 1 if total.violations else 0


def _results(seeds: Iterable[int], jobs: int) -> Iterator[Result]:
    """In the order of the seeds, however many processes share them."""
    if jobs == 1:
        yield from map(run_seed, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run_seed, seeds, chunksize=10)


def _tell(one: Result, *, whole: bool) -> None:
    if whole or one.violations:
        print("\n".join(one.trace if whole else one.trace[-_LAST_LINES:]))
    for violation in one.violations:
        print(f"seed {one.seed}: {violation}")
    if one.violations and not whole:
        print(f"all of it: ./test simulation --seed {one.seed} -v", flush=True)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="S", help="the first of them")
    parser.add_argument("--seed", type=int, metavar="S", help="this one only")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="processes that share the seeds")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the traces")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
