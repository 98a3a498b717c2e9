"""Puts a filter's tests into SQL. Its text comes from sql/filters.sql alone: values only ever become parameters."""

from __future__ import annotations

from decimal import Decimal
from string import Template
from typing import Any, Final

from server.domain.filter_fields import CUSTOM
from server.domain.filters import Asked, Group, Leaf, Node, Not
from server.store.named_sql import statements

_SQL = statements("filters")
_LAST: Final = ("last_in", "last_out", "last_text")
_TEXTS: Final = ("text", "custom_text")


class Parameters:
    """The values of one statement, in order. The first is the workspace."""

    def __init__(self, workspace_id: int) -> None:
        self.values: list[Any] = [workspace_id]

    def add(self, value: object) -> str:
        """The name of *value* in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"


def condition(node: Node[Asked], parameters: Parameters) -> str:
    """SQL that is true or false, never null, of the contact ``c``."""
    match node:
        case Leaf(asks=asked):
            return _test(asked, parameters)
        case Not(part=part):
            return f"NOT ({condition(part, parameters)})"
        case Group(join="all", parts=parts):
            return " AND ".join(f"({condition(part, parameters)})" for part in parts) or "true"
        case Group(parts=parts):
            return " OR ".join(f"({condition(part, parameters)})" for part in parts) or "false"


def _test(asked: Asked, parameters: Parameters) -> str:
    if asked.test == "before" and asked.kind in _LAST:
        ever = _test(Asked(asked.kind, asked.name, "ever", ()), parameters)
        since = _test(Asked(asked.kind, asked.name, "since", asked.values), parameters)
        return Template(_SQL["before"]).substitute(ever=ever, since=since)
    names = {"workspace": "$1"}
    if asked.kind.startswith("custom_"):
        names["field"] = parameters.add(asked.name.removeprefix(CUSTOM))
    for place, value in zip(("value", "other"), asked.values, strict=False):
        names[place] = parameters.add(_driver_value(asked, value))
    kind = asked.kind
    if kind in _TEXTS:
        column = "column_custom" if kind == "custom_text" else f"column_{asked.name}"
        names["column"], kind = Template(_SQL[column]).substitute(names), "text"
    return Template(_SQL[f"{kind}_{asked.test}"]).substitute(names)


def _driver_value(asked: Asked, value: object) -> object:
    # the driver takes no floats for numeric; the shortest form that reads back is what was written
    return Decimal(str(value)) if asked.kind == "custom_number" else value
