"""`python -m tests.bulk [--recipients N] [--stops S] [--kills K] [--rate R] [--out DIR] [--seed S]`.

One text to N people through a real server and the simulated carrier, which answers 2 % of the requests wrongly; in the
middle S people say STOP, and the server is killed K times. The last line printed is the judge's.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bulk.run import Wish, run
from tests.crash.processes import RunFailed


def main(arguments: list[str]) -> int:
    """0 where every promise held."""
    options = _options().parse_args(arguments)
    out = (options.out or Path(tempfile.mkdtemp(prefix="threadline-bulk-run-"))).absolute()
    out.mkdir(parents=True, exist_ok=True)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr)
    code = 1
    try:
        code = run(Wish(options.recipients, options.stops, options.kills, options.rate, seed), out)
    except* RunFailed as failed:
        print(failed.exceptions[0], file=sys.stderr)
    finally:
        if options.out is None and code == 0:
            shutil.rmtree(out)
        elif code:
            print(f"Everything is kept in {out}.", file=sys.stderr)
    return code


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bulk", description=__doc__)
    parser.add_argument("--recipients", type=int, default=5_000, metavar="N")
    parser.add_argument("--stops", type=int, default=50, metavar="S")
    parser.add_argument("--kills", type=int, default=0, metavar="K")
    parser.add_argument("--rate", type=float, default=100.0, metavar="R", help="segments per second")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep everything here")
    parser.add_argument("--seed", type=int, metavar="S", help="chance as in another run; the seed of each is printed")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
