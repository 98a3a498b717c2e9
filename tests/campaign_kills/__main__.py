"""`python -m tests.campaign_kills [twins] [--n N] [--seed S] [--out DIR]`: kills in the middle of campaigns.

A real server carries campaigns on, with a simulated carrier that answers some requests wrongly, and people who answer
and say STOP; it is killed N times, as often while a snapshot is taken, while texts drip, while a stop is under way and
while a campaign ends. `twins`: two servers at one database instead, and five clicks at once. The last line printed is
the judge's.
"""

import argparse
import sys

from tests.campaign_kills import twins
from tests.campaign_kills.run import run
from tests.crash.command import add_common, run_in_folder


def main(arguments: list[str]) -> int:
    """0 where every promise held and every phase was hit."""
    options = _options().parse_args(arguments)
    if options.what == "twins":
        return run_in_folder(options, twins.run)
    return run_in_folder(options, lambda out, seed: run(options.kills, out, seed))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign_kills", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("kills", "twins"), default="kills")
    add_common(parser, kills=8)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
