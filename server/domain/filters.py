"""Decides what a filter's JSON means, and says in one sentence, with its place, where it means nothing.

``{"all": […]}``, ``{"any": […]}``, ``{"not": …}`` and conditions ``{"field": "tag", "is": "has", "value": 12}``. What
names a row of the workspace is its id, or its name where that is the only one. A definition is read in three steps:
`parse` needs nothing, `bind` needs what the workspace has, `asked` needs the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from server.domain.filter_fields import CUSTOM, FIELDS, REFERENCES, Field, Operator
from server.domain.filter_values import FilterFault, Given, Value, checked, instant

MOST_DEEP: Final = 6
MOST_CONDITIONS: Final = 100

L = TypeVar("L")
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Group(Generic[L]):
    """All of its parts, or at least one of them. Only the outermost may be empty, and then means everybody."""

    join: Literal["all", "any"]
    parts: tuple[Node[L], ...]


@dataclass(frozen=True, slots=True)
class Not(Generic[L]):
    part: Node[L]


@dataclass(frozen=True, slots=True)
class Leaf(Generic[L]):
    asks: L


Node: TypeAlias = "Group[L] | Not[L] | Leaf[L]"


@dataclass(frozen=True, slots=True)
class Condition:
    """As it was written; `at` is its place, `all.1` for the second of all."""

    field: str
    op: str
    given: Given
    at: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A condition on a field that exists, with a value of the right kind: an id, a text, an instant, a number."""

    field: Field
    op: str
    value: Value

    @property
    def operator(self) -> Operator:
        return self.field.operators[self.op]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a contact: `test` of the fields of `kind`, here of `name`; always true or false."""

    kind: str
    name: str
    test: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a workspace has, by what it is called (`REFERENCES`) and id; its own fields by their names."""

    rows: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    custom: Mapping[str, Field] = field(default_factory=dict)

    def field(self, name: str) -> Field | None:
        return FIELDS.get(name) or self.custom.get(name)


EVERYBODY: Final[Group[Any]] = Group("all", ())


def parse(definition: object) -> Node[Condition]:
    """Raises FilterFault for what no workspace could mean."""
    reader = _Reader()
    if definition == {"all": []}:
        return EVERYBODY
    return reader.node(definition, "", 1)


class _Reader:
    """Counts what it has read."""

    def __init__(self) -> None:
        self._conditions = 0

    def node(self, given: object, at: str, depth: int) -> Node[Condition]:
        if depth > MOST_DEEP:
            raise FilterFault(at, f"A filter nests at most {MOST_DEEP} deep.")
        if not isinstance(given, dict):
            raise FilterFault(at, "A filter is an object with all, any, not or field.")
        kinds = [key for key in ("all", "any", "not", "field") if key in given]
        if len(kinds) != 1:
            raise FilterFault(at, "Exactly one of all, any, not and field is needed.")
        if kinds[0] == "field":
            return self._condition(given, at)
        if len(given) > 1:
            raise FilterFault(at, f"Beside {kinds[0]} nothing else may stand.")
        if kinds[0] == "not":
            return Not(self.node(given["not"], _join(at, "not"), depth + 1))
        return Group("all" if kinds[0] == "all" else "any", self._parts(given[kinds[0]], _join(at, kinds[0]), depth))

    def _parts(self, given: object, at: str, depth: int) -> tuple[Node[Condition], ...]:
        # an empty group inside of others would quietly mean everybody, or nobody
        if not isinstance(given, list) or not given:
            raise FilterFault(at, "A list of at least one condition is needed.")
        return tuple(self.node(part, _join(at, str(n)), depth + 1) for n, part in enumerate(given))

    def _condition(self, given: Mapping[str, Any], at: str) -> Leaf[Condition]:
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise FilterFault(at, f"A filter has at most {MOST_CONDITIONS} conditions.")
        if set(given) - {"field", "is", "value"}:
            raise FilterFault(at, "A condition has field, is and value, and nothing else.")
        for key in ("field", "is"):
            if not isinstance(given.get(key), str):
                raise FilterFault(_join(at, key), "A word is needed here.")
        return Leaf(Condition(given["field"], given["is"], given.get("value"), at))


def bind(node: Node[Condition], vocabulary: Vocabulary) -> Node[Bound]:
    """Raises FilterFault where the workspace has no such field, or no such row any more."""
    return mapped(node, lambda condition: Leaf(_bound(condition, vocabulary)))


def _bound(condition: Condition, vocabulary: Vocabulary) -> Bound:
    known = vocabulary.field(condition.field)
    if known is None:
        whose = "custom field of that name" if condition.field.startswith(CUSTOM) else "field of that name"
        raise FilterFault(_join(condition.at, "field"), f"There is no {whose}.")
    operator = known.operators.get(condition.op)
    if operator is None:
        raise FilterFault(
            _join(condition.at, "is"), f"{known.label} can be asked for by: {', '.join(known.operators)}."
        )
    rows = vocabulary.rows.get(REFERENCES.get(operator.input, ""), {})
    value = checked(operator.input, condition.given, _join(condition.at, "value"), field=known, rows=rows)
    return Bound(known, condition.op, value)


def asked(node: Node[Bound], now: datetime) -> Node[Asked]:
    """What is asked at the time *now* (aware UTC)."""

    def ask(bound: Bound) -> Node[Asked]:
        operator = bound.operator
        one = Leaf(Asked(bound.field.kind, bound.field.name, operator.test, _values(bound, now)))
        return Not(one) if operator.denied else one

    return mapped(node, ask)


def _values(bound: Bound, now: datetime) -> tuple[Value, ...]:
    if bound.operator.input == "none":
        return ()
    if bound.operator.input != "days":
        is_day = bound.field.kind == "custom_date"
        return (instant(bound.value) if bound.operator.input == "date" and not is_day else bound.value,)
    assert isinstance(bound.value, int)  # noqa: S101 - `checked` made it
    ahead = bound.op == "next_days"
    other = now + timedelta(days=bound.value) if ahead else now - timedelta(days=bound.value)
    ends = (now, other) if ahead else (other, now)
    span = tuple(end.date().isoformat() for end in ends) if bound.field.kind == "custom_date" else ends
    return span if bound.operator.test == "between" else span[:1]


def definition(node: Node[Bound]) -> dict[str, Any]:
    """The JSON of *node*, with ids in place of names: what is stored, so that a renamed tag stays what it was."""
    match node:
        case Group(join=join, parts=parts):
            return {join: [definition(part) for part in parts]}
        case Not(part=part):
            return {"not": definition(part)}
        case Leaf(asks=bound):
            told = {"field": bound.field.name, "is": bound.op}
            return told if bound.value is None else {**told, "value": bound.value}


def mapped(node: Node[L], change: Callable[[L], Node[M]]) -> Node[M]:
    match node:
        case Group(join=join, parts=parts):
            return Group(join, tuple(mapped(part, change) for part in parts))
        case Not(part=part):
            return Not(mapped(part, change))
        case Leaf(asks=asks):
            return change(asks)


def leaves(node: Node[L]) -> Iterator[L]:
    match node:
        case Group(parts=parts):
            for part in parts:
                yield from leaves(part)
        case Not(part=part):
            yield from leaves(part)
        case Leaf(asks=asks):
            yield asks


def _join(at: str, step: str) -> str:
    return f"{at}.{step}" if at else step
