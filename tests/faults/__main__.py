"""`python -m tests.faults [nodes|database] [--faults N] [--every S] [--[no-]share] [--seed S] [--out DIR]`: several
nodes, and what may become of them.

`nodes`: every few seconds a node of three is killed, stands still, is cut from PostgreSQL or from Redis, Redis is
emptied, or all are replaced in turn. `database`: PostgreSQL fails over to its synchronous standby, is restarted or
killed, or some of its connections are ended. All the while texts come and go, two campaigns run, people say STOP, and
clients look on. `--share`: the nodes share the limits by leases of Redis; without a word chance decides whether they
do. The last line printed is the judge's.
"""

import argparse
import sys

from tests.crash.command import add_folder, run_in_folder
from tests.faults.plan import OF_NODES, OF_THE_DATABASE
from tests.faults.run import Wish, run

_KINDS = {"nodes": OF_NODES, "database": OF_THE_DATABASE}


def main(arguments: list[str]) -> int:
    """0 where every promise held."""
    options = _options().parse_args(arguments)
    wish = Wish(options.only or _KINDS[options.what], options.faults, options.every, options.share)
    return run_in_folder(options, lambda out, seed: run(wish, out, seed))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("what", nargs="?", choices=_KINDS, default="nodes")
    parser.add_argument("--faults", type=int, default=100, metavar="N")
    parser.add_argument("--every", type=float, default=20.0, metavar="S", help="seconds from one to the next")
    parser.add_argument("--share", action=argparse.BooleanOptionalAction, help="share the limits, or let one send")
    parser.add_argument("--only", action="append", choices=[*OF_NODES, *OF_THE_DATABASE], help="faults of these kinds")
    add_folder(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
