"""Judges a run by the simulated carrier's ledger and the database alone, and prints one JSON line.

    tools/check_ledger LEDGER DSN [--kills FILE] [--tamper duplicate|lost|after_stop|over_rate]

Exits 0 where every promise held, 1 where one was broken, 2 where there was nothing to judge. To be run once everything
has settled: after the last rung of the ladder and the last receipt, with the server stopped.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.ledger_facts import UnreadableLedger, read_database, read_ledger
from tools.ledger_rules import Verdict, judge
from tools.ledger_tamper import WAYS, NothingToFalsify

_SHOWN = 5  # findings of a kind; their number is told in any case


def main(arguments: list[str]) -> int:
    """Print the verdict; returns the exit code."""
    options = _options().parse_args(arguments)
    try:
        ledger, database = read_ledger(options.ledger), read_database(options.dsn)
        if options.tamper:
            ledger = WAYS[options.tamper](ledger, database)
    except (UnreadableLedger, NothingToFalsify, OSError) as error:
        print(f"check_ledger: {error}", file=sys.stderr)
        return 2
    if not (ledger.accepted or ledger.mos):
        print("check_ledger: nothing is in the ledger", file=sys.stderr)
        return 2
    verdict = judge(ledger, database)
    print(json.dumps(told(verdict, _kills(options.kills))), flush=True)
    return 1 if verdict.red else 0


def told(verdict: Verdict, kills: Counter[str]) -> dict[str, Any]:
    """The verdict as it is printed."""
    count = verdict.count
    return {
        "kills": kills.total(),
        "sent": verdict.sent,
        "inbound": verdict.inbound,
        "lost": count("lost_inbound", "lost_outbound", "phantom"),
        "duplicate": count("duplicate"),
        "after_stop": count("after_stop"),
        "over_rate": count("over_rate"),
        "unconfirmed": verdict.unconfirmed,
        "in_flight_at_stop": verdict.in_flight_at_stop,
        "lost_inbound": count("lost_inbound"),
        "lost_outbound": count("lost_outbound"),
        "phantom": count("phantom"),
        "gaps": count("gaps"),
        "wrong_state": count("wrong_state"),
        "unexplained": count("unexplained"),
        "kills_at": dict(sorted(kills.items())),
        "findings": {name: found[:_SHOWN] for name, found in verdict.findings.items() if found},
    }


def _kills(path: Path | None) -> Counter[str]:
    """How often the server was killed at each point, from JSON lines with `at`."""
    if path is None:
        return Counter()
    return Counter(json.loads(line)["at"] for line in path.read_text(encoding="utf-8").splitlines())


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="check_ledger", description="Judge a run by its ledger and its database.")
    parser.add_argument("ledger", type=Path, help="the simulated carrier's ledger, JSON lines")
    parser.add_argument("dsn", help="the database that the server wrote")
    parser.add_argument("--kills", type=Path, metavar="FILE", help="the log of the kills, JSON lines")
    parser.add_argument("--tamper", choices=WAYS, help="falsify the ledger first: the verdict must be red")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
