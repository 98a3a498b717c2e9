"""Decides whether the carrier was asked faster than a number or an account allows, in any window of the run."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from tools.ledger_database import Database
from tools.ledger_facts import Ledger, Request

JITTER_S: Final = 0.050  # of arrivals on loopback


def over_rate(ledger: Ledger, database: Database) -> Iterator[str]:
    """What was refused counts too: its first byte left."""
    by_number: defaultdict[str, list[Request]] = defaultdict(list)
    lines = sorted(ledger.requests(), key=lambda line: line.at_s)
    for line in lines:
        by_number[line.from_].append(line)
    for address, of_it in by_number.items():
        if address not in database.pace:
            yield f"{address} is not one of our numbers"
        elif worst := _worst_window(of_it, *database.pace[address]):
            yield f"{address}: {worst}"
    for account in database.accounts:
        of_all = [line for line in lines if line.from_ in account.numbers]
        if worst := _worst_window(of_all, account.rate, account.burst):
            yield f"{account.name}: {worst}"


def _worst_window(lines: Sequence[Request], rate: float, burst: int) -> str | None:
    """The window that is furthest above what the rate allows, if any is."""
    worst, told = 1e-9, None
    for first, begin in enumerate(lines):
        segments, largest = 0, burst
        for line in lines[first:]:
            segments, largest = segments + line.segments, max(largest, line.segments)
            width_s = line.at_s - begin.at_s
            excess = segments - rate * (width_s + JITTER_S) - largest
            if excess > worst:
                worst, told = excess, f"{segments} segments within {width_s:.3f} s"
    return told
