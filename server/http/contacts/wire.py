"""How the store's answers about contacts are told: the row, or the reason why nothing was changed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from server.domain.phone import for_people
from server.http.errors import Problem, not_found, refused
from server.ports.contacts import Changed, ContactRow, MergedAway, PhoneTaken, Refused, Stale

_COLUMNS: Final = tuple(column.name for column in fields(ContactRow))


def contact_out(row: ContactRow) -> dict[str, Any]:
    """`ContactOut`; what it is made of is encoded as it is."""
    return {name: getattr(row, name) for name in _COLUMNS}


def changed_out(outcome: Changed) -> dict[str, Any]:
    """`ContactOut` after a change; raises a Problem where there was none."""
    if isinstance(outcome, ContactRow):
        return contact_out(outcome)
    raise unchanged(outcome)


def unchanged(outcome: Stale | MergedAway | PhoneTaken | Refused | None) -> Problem:
    match outcome:
        case Stale(present=row):
            sentence = "Somebody has changed this contact meanwhile."
            return Problem(409, "stale", sentence, field="version", more={"contact": contact_out(row)})
        case MergedAway(into=contact_id):
            sentence = "This contact has become part of another one."
            return Problem(410, "merged", sentence, more={"merged_into": contact_id})
        case PhoneTaken(address=address, contact_id=contact_id, name=name):
            whose = name or "a contact without a name"
            more = {"contact_id": contact_id, "name": name, "address": address}
            return Problem(409, "phone_taken", f"{for_people(address)} belongs to {whose}.", field="phone", more=more)
        case Refused():
            return refused(outcome)
        case None:
            return not_found()
