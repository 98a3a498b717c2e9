"""`python -m tests.bulk [--recipients N] [--stops S] [--kills K] [--rate R] [--out DIR] [--seed S]`.

One text to N people through a real server and the simulated carrier, which answers 2 % of the requests wrongly; in the
middle S people say STOP, and the server is killed K times. The last line printed is the judge's.
"""

import argparse
import sys

from tests.bulk.run import Wish, run
from tests.crash.command import add_common, run_in_folder


def main(arguments: list[str]) -> int:
    """0 where every promise held."""
    options = _options().parse_args(arguments)
    wish = Wish(options.recipients, options.stops, options.kills, options.rate)
    return run_in_folder(options, lambda out, seed: run(wish, out, seed))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bulk", description=__doc__)
    parser.add_argument("--recipients", type=int, default=5_000, metavar="N")
    parser.add_argument("--stops", type=int, default=50, metavar="S")
    parser.add_argument("--rate", type=float, default=100.0, metavar="R", help="segments per second")
    add_common(parser, kills=0)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
