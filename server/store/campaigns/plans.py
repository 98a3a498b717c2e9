"""Owns how a campaign's plan stands in its row: as JSON of the plan, what is not said in it being as in an empty plan.

A draft lives for months and the server is updated meanwhile: what a plan did not know when it was written has its
default. What cannot be read is an error and never a default: a drip taken for none would text everybody at once.
"""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter

from server.ports.campaigns import Plan
from server.store.text import storable_json

_PLAN: Final = TypeAdapter(Plan)


def written(plan: Plan) -> str:
    """*plan* as JSON text for the column `campaign.plan`; equal plans may differ in it, so compare what is read."""
    return storable_json(_PLAN.dump_python(plan, mode="json"))


def read(written_plan: str | None) -> Plan:
    """The plan of a row, an empty one where it has none. Raises pydantic.ValidationError for what is no plan.

    >>> read('{"rate": 5}').rate, read("{}") == Plan()
    (5.0, True)
    """
    return Plan() if written_plan is None else _PLAN.validate_json(written_plan)
