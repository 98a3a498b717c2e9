"""Judges a run by the simulated carrier's ledger and the database alone, and prints one JSON line.

    tools/check_ledger LEDGER DSN [--kills FILE] [--journals DIR] [--courses FILE] [--tamper WAY]

DIR holds copies of the wire journals and what was recorded of their loss: they too are judged by, where they were kept.
Exits 0 where every promise held, 1 where one was broken, 2 where there was nothing to judge. To be run once everything
has settled: after the last rung of the ladder and the last receipt, with the server stopped.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.ledger_courses import Courses, read_courses
from tools.ledger_database import read_database
from tools.ledger_facts import UnreadableLedger, read_ledger
from tools.ledger_journals import read_journals
from tools.ledger_rules import Evidence, Verdict, judge
from tools.ledger_tamper import ALL_WAYS, NothingToFalsify
from tools.ledger_wire import Freeze

_Line = dict[str, Any]
_SHOWN = 5  # findings of a kind; their number is told in any case


def main(arguments: list[str]) -> int:
    """Print the verdict; returns the exit code."""
    options = _options().parse_args(arguments)
    try:
        journals = read_journals(options.journals) if options.journals else None
        kills, freezes = _read_kills(options.kills) if options.kills else ([], [])
        stood_still = [Freeze(one["journal"], one["continued_s"]) for one in freezes]
        courses = read_courses(options.courses) if options.courses else Courses()
        ledger, database = read_ledger(options.ledger), read_database(options.dsn)
        evidence = Evidence(ledger, database, journals, stood_still, courses)
        if options.tamper:
            evidence = ALL_WAYS[options.tamper](evidence)
    except (UnreadableLedger, NothingToFalsify, OSError) as error:
        print(f"check_ledger: {error}", file=sys.stderr)
        return 2
    if not (evidence.ledger.accepted or evidence.ledger.mos):
        print("check_ledger: nothing is in the ledger", file=sys.stderr)
        return 2
    verdict = judge(evidence)
    print(json.dumps(told(verdict, evidence, kills, freezes)), flush=True)
    return 1 if verdict.red else 0


def told(verdict: Verdict, evidence: Evidence, kills: Sequence[_Line], freezes: Sequence[_Line]) -> dict[str, Any]:
    """The verdict as it is printed: first what must be 0, then the figures, then each promise by itself."""
    count, figures, journals = verdict.count, verdict.figures, evidence.journals
    return {
        "kills": len(kills),
        "kills_by": dict(sorted(Counter(kill.get("kind", "server") for kill in kills).items())),
        "freezes": len(freezes),
        "sent": figures["sent"],
        "inbound": figures["inbound"],
        "lost": count("lost_inbound", "lost_outbound", "phantom"),
        "duplicate": count("duplicate"),
        "after_stop": count("after_stop"),
        "over_rate": count("over_rate"),
        **{name: figure for name, figure in figures.items() if name not in ("sent", "inbound")},
        "campaigns": len(evidence.database.campaigns.rows),
        "recipients": len(evidence.database.campaigns.recipients),
        "courses": evidence.courses.told(),
        "journals": {} if journals is None else journals.told(),
        **{name: len(found) for name, found in verdict.findings.items() if name not in _FIRST},
        "kills_at": dict(sorted(Counter(kill["at"] for kill in kills).items())),
        "freezes_at": dict(sorted(Counter(freeze["at"] for freeze in freezes).items())),
        "skipped": [] if journals is None else list(journals.skipped),
        "findings": {name: found[:_SHOWN] for name, found in verdict.findings.items() if found},
    }


_FIRST = ("duplicate", "after_stop", "over_rate")


def _read_kills(path: Path) -> tuple[list[_Line], list[_Line]]:
    """Kills, and freezes apart: one JSON line for each, `kind` is whose (a server's, where absent), `at` is where."""
    lines: list[_Line] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    frozen = [line for line in lines if line.get("kind") == "freeze"]
    return [line for line in lines if line not in frozen], frozen


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="check_ledger", description="Judge a run by its ledger and its database.")
    parser.add_argument("ledger", type=Path, help="the simulated carrier's ledger, JSON lines")
    parser.add_argument("dsn", help="the database that the server wrote")
    parser.add_argument("--kills", type=Path, metavar="FILE", help="the log of the kills, JSON lines")
    parser.add_argument("--journals", type=Path, metavar="DIR", help="copies of the wire journals, and their losses")
    parser.add_argument("--courses", type=Path, metavar="FILE", help="what was answered to those who stopped one")
    parser.add_argument("--tamper", choices=ALL_WAYS, help="falsify what the run left first: the verdict must be red")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
