"""The figures of a campaign as each place tells them, and whether they agree: pure, and so shown to object."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.bulk.judging import STATES

Told = Mapping[str, int]
PEOPLE: Final = ("replied", "opted_out", "clicked")
FIELDS: Final = ("audience", *STATES, "delivered", "undelivered", *PEOPLE, "segments")
_WIRED: Final = ("sent", "delivered", "undelivered")


def faults_of(told: Told, audience: int) -> list[str]:
    """What cannot be in figures of one moment, in sentences."""
    sums = sum(told[state] for state in STATES)
    wrong = [] if sums == audience == told["audience"] else [f"{sums} recipients of {told['audience']} of {audience}."]
    if any(told[field] < 0 for field in FIELDS):
        wrong.append(f"Fewer than none: {dict(told)}.")
    if told["delivered"] + told["undelivered"] > told["wired"]:
        wrong.append(f"More than the {told['wired']} that were wired have a receipt.")
    return wrong


def of_export(text: str) -> dict[str, int]:
    """What the lines of the file add up to."""
    told = dict.fromkeys(FIELDS, 0)
    for row in csv.DictReader(text.removeprefix("\ufeff").splitlines()):
        status = row["Status"].replace(" ", "_")
        state = "wired" if status in _WIRED else status
        told["audience"] += 1
        told[state] += 1
        if status != state and status != "sent":
            told[status] += 1
        told["segments"] += int(row["Segments"]) if state == "wired" else 0
        for field in PEOPLE:
            told[field] += bool(row[field.replace("_", " ").capitalize()])
    return told


def differences(places: Mapping[str, Told]) -> list[str]:
    """In which figures they differ from the first of them, in sentences."""
    (first, expected), *others = places.items()
    return [
        f"{field}: {first} says {expected.get(field)}, {place} {told.get(field)}."
        for place, told in others
        for field in FIELDS
        if told.get(field) != expected.get(field)
    ]


def of_minutes(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    fields = ("wired", "delivered", "failed", *PEOPLE)
    return {field: sum(row[field] for row in rows) for field in fields}


def of_reasons(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    told = dict.fromkeys(("excluded", "skipped", "rejected", "unconfirmed", "undelivered"), 0)
    for row in rows:
        told[row["state"]] += row["count"]
    return told


def parts_differ(place: str, part: Mapping[str, int], told: Told) -> list[str]:
    """The same of a place that tells some figures only; failed is rejected and undelivered."""
    whole = dict(told) | {"failed": told["rejected"] + told["undelivered"]}
    return [f"{f}: {place} says {n}, the figures {whole[f]}." for f, n in part.items() if n != whole[f]]


@dataclass(frozen=True, slots=True)
class Between:
    """Addresses that certainly are, and those that may be: a receipt, or a STOP, met the text's departure."""

    certain: Collection[str]
    perhaps: Collection[str] = ()

    def objections(self, what: str, said: Collection[str]) -> list[str]:
        """*said*: who is, as the rows tell."""
        lost, extra = set(self.certain) - set(said), set(said) - set(self.certain) - set(self.perhaps)
        wrong = [f"{len(lost)} {what} by the journal and not by the rows, such as {min(lost)}."] if lost else []
        return wrong + (
            [f"{len(extra)} {what} by the rows and not by the journal, such as {min(extra)}."] if extra else []
        )
