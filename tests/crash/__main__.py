"""`python -m tests.crash [--kills N] [--out DIR] [--seed S]`, `python -m tests.crash outage [--seconds S] [--out DIR]`.

DIR keeps the carrier's ledger, the wire journals, a dump of the database, the log of the kills and the servers' logs;
without it they are kept only where the run was red.
"""

import argparse
import sys

from tests.crash import kills, outage
from tests.crash.command import add_common, run_in_folder


def main(arguments: list[str]) -> int:
    """Run what is asked for; 0 where every promise held."""
    options = _options().parse_args(arguments)
    if options.what == "outage":
        return run_in_folder(options, lambda out, _: outage.run(options.seconds, out))
    return run_in_folder(options, lambda out, seed: kills.run(options.kills, out, seed))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("kills", "outage"), default="kills")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="how long the database is away")
    add_common(parser, kills=20)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
