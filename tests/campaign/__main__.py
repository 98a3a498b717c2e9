"""`python -m tests.campaign [--n N] [--rate R] [--out DIR] [--seed S]`.

One campaign to N people through a real server and the simulated carrier, which gets 2 % of the requests wrong, in every
way that it knows; people reply, say STOP and follow links, and bots with them. The last line printed is the judge's.
"""

import argparse
import sys

from tests.campaign.run import Wish, run
from tests.crash.command import add_folder, run_in_folder


def main(arguments: list[str]) -> int:
    """0 where every figure was right at every moment."""
    options = _options().parse_args(arguments)
    wish = Wish(options.n, options.rate)
    return run_in_folder(options, lambda out, seed: run(wish, out, seed))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--n", type=int, default=10_000, metavar="N", help="recipients")
    parser.add_argument("--rate", type=float, default=100.0, metavar="R", help="segments per second")
    add_folder(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
