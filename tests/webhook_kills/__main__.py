"""`python -m tests.webhook_kills [--n N] [--seed S] [--out DIR]`: kills while webhooks are due and in flight.

A real server posts what happens to receivers that answer, are slow, answer 500 first, never answer, and say 410, and is
killed N times. What happened goes on meanwhile, whether a server lives or not. The last line printed is the judge's.
"""

import argparse
import sys

from tests.crash.command import add_common, run_in_folder
from tests.webhook_kills.run import run


def main(arguments: list[str]) -> int:
    """0 where every promise held."""
    parser = argparse.ArgumentParser(prog="python -m tests.webhook_kills", description=__doc__)
    add_common(parser, kills=6)
    options = parser.parse_args(arguments)
    return run_in_folder(options, lambda out, seed: run(options.kills, out, seed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
