"""Puts a filter's tests into SQL. Its text comes from sql/filters.sql alone: values only ever become parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from string import Template
from typing import Any, Final

from server.domain.filter_fields import CUSTOM
from server.domain.filters import EVERYBODY, Asked, Group, Leaf, Node, Not, leaves
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


def condition(node: Node[Asked], parameters: Parameters, *, at_once: bool) -> str:
    """SQL that is true or false, never null, of the contact ``c``.

    *at_once*: it is asked of all contacts, so that those whom an alternative finds are better selected than probed for.
    """
    match node:
        case Leaf(asks=asked):
            return _one(asked, parameters, at_once=at_once)
        case Not(part=part):
            return f"NOT ({condition(part, parameters, at_once=at_once)})"
        case Group(join="any", parts=parts) if at_once:
            return _any(parts, parameters)
        case Group(join=join, parts=parts):
            word = " AND " if join == "all" else " OR "
            return word.join(f"({condition(part, parameters, at_once=at_once)})" for part in parts) or "true"


def apart(node: Node[Asked]) -> tuple[Sequence[Asked], Node[Asked]] | None:
    """Tests that select all who may match, and what those are still asked; None where that is not enough.

    Where it is, nothing of a contact but its id is read.
    """
    if not all(_selects(asked, at_once=True) or _is_made_of_two(asked) for asked in leaves(node)):
        return None
    match node:
        case Leaf(asks=asked) if _selects(asked, at_once=True):
            return [asked], EVERYBODY
        case Group(join="any", parts=parts):
            selected = [part.asks for part in parts if isinstance(part, Leaf) and _selects(part.asks, at_once=True)]
            return (selected, EVERYBODY) if len(selected) == len(parts) else None
        case Group(parts=parts):
            for n, part in enumerate(parts):
                if (found := apart(part)) is not None:
                    return found[0], Group("all", (found[1], *parts[:n], *parts[n + 1 :]))
    return None


def selection(tests: Sequence[Asked], parameters: Parameters) -> str:
    """Whom at least one of *tests* selects, some of them more than once."""
    return " UNION ALL ".join(_test(asked, parameters, at_once=True) for asked in tests)


def _any(parts: Sequence[Node[Asked]], parameters: Parameters) -> str:
    """Alternatives that select contacts are one selection: PostgreSQL has no index for an OR of several tables."""
    selected, others = [], []
    for part in parts:
        if isinstance(part, Leaf) and _selects(part.asks, at_once=True):
            selected.append(part.asks)
        else:
            others.append(condition(part, parameters, at_once=True))
    among = [Template(_SQL["among"]).substitute(selected=selection(selected, parameters))] if selected else []
    return " OR ".join(f"({one})" for one in among + others)


def _one(asked: Asked, parameters: Parameters, *, at_once: bool) -> str:
    if _is_made_of_two(asked):
        ever = _one(Asked(asked.kind, asked.name, "ever", ()), parameters, at_once=at_once)
        since = _one(Asked(asked.kind, asked.name, "since", asked.values), parameters, at_once=at_once)
        return Template(_SQL["before"]).substitute(ever=ever, since=since)
    sql = _test(asked, parameters, at_once=at_once)
    return Template(_SQL["one"]).substitute(selected=sql) if _selects(asked, at_once=at_once) else sql


def _is_made_of_two(asked: Asked) -> bool:
    return asked.test == "before" and asked.kind in _LAST


def _selects(asked: Asked, *, at_once: bool) -> bool:
    """Whether the test's statement selects contacts; the others are conditions on one."""
    return _SQL.get(_name(asked, at_once=at_once), "").startswith("SELECT")


def _name(asked: Asked, *, at_once: bool) -> str:
    """Of all at once a custom field is better asked by its values, of one contact by what stands in its row."""
    name = f"{asked.kind}_{asked.test}"
    return f"{name}_ids" if at_once and f"{name}_ids" in _SQL else name


def _test(asked: Asked, parameters: Parameters, *, at_once: bool) -> str:
    name, names = _name(asked, at_once=at_once), {"workspace": "$1"}
    if asked.kind.startswith("custom_"):
        names["field"] = parameters.add(asked.name.removeprefix(CUSTOM))
    # a number is compared as JSON, and the shortest form that reads back is what was written
    as_json = asked.kind == "custom_number" or name.endswith("_ids")
    for place, value in zip(("value", "other"), asked.values, strict=False):
        names[place] = parameters.add(json.dumps(value, ensure_ascii=False) if as_json else value)
    if asked.kind in _TEXTS:
        column = "column_custom" if asked.kind == "custom_text" else f"column_{asked.name}"
        names["column"], name = Template(_SQL[column]).substitute(names), f"text_{asked.test}"
    return Template(_SQL[name]).substitute(names)
