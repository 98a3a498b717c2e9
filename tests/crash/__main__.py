"""`python -m tests.crash [--kills N] [--out DIR] [--seed S]`, `python -m tests.crash outage [--seconds S] [--out DIR]`.

DIR keeps the carrier's ledger, the wire journals, a dump of the database, the log of the kills and the servers' logs;
without it they are kept only where the run was red.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.crash import kills, outage
from tests.crash.processes import RunFailed

_LEFT = ("ledger.jsonl", "kills.jsonl")


def main(arguments: list[str]) -> int:
    """Run what is asked for; 0 where every promise held."""
    options = _options().parse_args(arguments)
    out = options.out or Path(tempfile.mkdtemp(prefix="threadline-crash-run-"))
    out = out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    if any((out / name).exists() for name in _LEFT):
        print(f"{out} holds another run already.", file=sys.stderr)
        return 2
    code = 1
    try:
        if options.what == "outage":
            code = outage.run(options.seconds, out)
        else:
            seed = secrets.randbelow(10**6) if options.seed is None else options.seed
            print(f"seed {seed}", file=sys.stderr)
            code = kills.run(options.kills, out, seed)
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


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("kills", "outage"), default="kills")
    parser.add_argument("--kills", type=int, default=20, metavar="N")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="how long the database is away")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep everything here")
    parser.add_argument("--seed", type=int, metavar="S", help="chance as in another run; the seed of each is printed")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
