"""`python -m tests.guards [--quick] [--jobs J] [NAME ...]`: takes each guard away in turn; then one JSON line.

The tree as it is must be green. A guard is killed where its named tests fail by assertion without it and the
other tests of its neighbourhood pass; else it survived, and this exits 1. `--quick` tries some that need no database.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from tests.guards.guard import Guard
from tests.guards.table import GUARDS
from tests.guards.trial import Stale, copied, run, try_without, whole_files

QUICK = 4  # of those without a database: what `./test` has time for


def main(arguments: list[str]) -> int:
    """Try the guards that are asked for; 0 where all of them were killed."""
    options = _options().parse_args(arguments)
    known = {guard.name: guard for guard in GUARDS}
    if unknown := [name for name in options.names if name not in known]:
        print(f"There is no guard {unknown[0]!r}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    chosen = [known[name] for name in options.names] or list(GUARDS)
    if options.quick:
        chosen = [guard for guard in chosen if guard.quick][:QUICK]
    began = time.monotonic()
    # Not the usual place: that is 0700 for pytest's own, and PostgreSQL runs as somebody else where we are root.
    with tempfile.TemporaryDirectory(prefix="threadline-guards-") as folder:
        outcomes = _try_all(_open(Path(folder)), chosen, options.jobs)
    green, *killed = outcomes
    figures = {"guards": len(chosen), "killed": sum(killed), "survived": len(chosen) - sum(killed), "green": green}
    print(json.dumps({**figures, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    return 0 if all(outcomes) else 1


def _try_all(folder: Path, chosen: Sequence[Guard], jobs: int) -> list[bool]:
    """Whether the tree as it is is green, then whether each guard was killed; each job has a copy of its own."""
    trees: SimpleQueue[Path] = SimpleQueue()
    for n in range(jobs):
        trees.put(copied(folder / str(n)))

    def in_a_tree(work: Callable[[Path], bool]) -> bool:
        tree = trees.get()
        try:
            return work(tree)
        finally:
            trees.put(tree)

    work = [partial(_is_green, guards=chosen), *(partial(_killed, guard=guard) for guard in chosen)]
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(in_a_tree, work))


def _open(folder: Path) -> Path:
    folder.chmod(0o711)
    return folder


def _is_green(tree: Path, guards: Sequence[Guard]) -> bool:
    """The tests of all these guards in the tree as it is."""
    report = run(tree, whole_files([one for guard in guards for one in (*guard.named, *guard.near)]))
    failed = sorted(report.asserted | report.broken)
    print(f"as it is: {len(report.passed)} tests pass, {len(failed)} fail", flush=True)
    if failed:
        print(report.said[-4000:])
    return not failed


def _killed(tree: Path, guard: Guard) -> bool:
    began = time.monotonic()
    try:
        faults = try_without(tree, guard).faults
    except Stale as stale:
        faults = [str(stale)]
    took_s = time.monotonic() - began
    print(f"{guard.name}: {'SURVIVED' if faults else 'killed'} ({took_s:.0f} s)", flush=True)
    for fault in faults:
        print(f"  {fault}", flush=True)
    return not faults


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="these guards only")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="copies of the tree that share the guards")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} of those that need no database")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
