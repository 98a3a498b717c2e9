"""Decides what a filter may ask of a contact: the fields, their operators, and what an operator's value is.

An operator means a *test*, perhaps the opposite of one: "is not" is "is" denied, so a contact is always on one side.
Tests are what the store puts into SQL; operators are what people choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Input = Literal[
    "none", "text", "number", "days", "date", "choice", "phone", "digits", "area_code",
    "tag", "stage", "pipeline", "member", "our_number", "campaign",
]  # fmt: skip
CustomKind = Literal["text", "number", "date", "boolean", "choice"]

REFERENCES: Final[Mapping[Input, str]] = {
    "tag": "tag",
    "stage": "stage",
    "pipeline": "pipeline",
    "member": "member",
    "our_number": "number of ours",
    "campaign": "campaign",
}
"""Inputs whose value names a row of the workspace, and what people call it."""

SOURCES: Final = ("member", "inbound", "import", "api", "demo")
CUSTOM: Final = "custom."


@dataclass(frozen=True, slots=True)
class Operator:
    """`test` is what is asked, `denied` turns it round. `input` says what the value is."""

    label: str
    input: Input
    test: str
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` names the tests that the store has for it; several fields may share one."""

    name: str
    label: str
    group: str
    kind: str
    operators: Mapping[str, Operator]
    choices: tuple[str, ...] = ()


def _pair(names: tuple[str, str], labels: tuple[str, str], input_: Input, test: str) -> dict[str, Operator]:
    """An operator and its opposite."""
    return {name: Operator(labels[n], input_, test, denied=n == 1) for n, name in enumerate(names)}


_FILLED: Final = _pair(("filled", "empty"), ("is filled", "is empty"), "none", "filled")
_YES: Final = _pair(("yes", "no"), ("yes", "no"), "none", "yes")
_EVER: Final = _pair(("ever", "never"), ("ever", "never"), "none", "ever")
_SINCE: Final = {
    "within_days": Operator("in the last … days", "days", "since"),
    "older_days": Operator("more than … days ago", "days", "before"),
    "after": Operator("on or after", "date", "since"),
    "before": Operator("before", "date", "before"),
}
_AROUND: Final = {
    "next_days": Operator("in the next … days", "days", "between"),
    "within_days": Operator("in the last … days", "days", "between"),
}


def _is(input_: Input, **more: Operator) -> dict[str, Operator]:
    return {**_pair(("is", "is_not"), ("is", "is not"), input_, "is"), **more}


_TEXT: Final = _is(
    "text",
    **_pair(("contains", "contains_not"), ("contains", "does not contain"), "text", "contains"),
    begins=Operator("begins with", "text", "begins"),
    **_FILLED,
)
_NUMBER: Final = _is(
    "number",
    at_least=Operator("is at least", "number", "at_least"),
    at_most=Operator("is at most", "number", "at_most"),
    **_FILLED,
)
_DAY: Final = {
    "is": Operator("is", "date", "is"),
    "after": Operator("on or after", "date", "since"),
    "before": Operator("before", "date", "before"),
    **_AROUND,
    **_FILLED,
}
_PHONE: Final = _is(
    "phone",
    begins=Operator("begins with", "digits", "begins"),
    ends=Operator("ends with", "digits", "ends"),
    **_FILLED,
)
_TAG: Final = {**_pair(("has", "has_not"), ("has", "does not have"), "tag", "has"), **_FILLED}
_PIPELINE: Final = _pair(("has", "has_not"), ("is in", "is not in"), "pipeline", "has")
_CAMPAIGN: Final = _pair(("has", "has_not"), ("was sent", "was not sent"), "campaign", "has")

_LISTED: Final = (
    Field("name", "Name", "Person", "text", _TEXT),
    Field("first_name", "First name", "Person", "text", _TEXT),
    Field("last_name", "Last name", "Person", "text", _TEXT),
    Field("email", "E-mail", "Person", "text", _TEXT),
    Field("owner", "Owner", "Person", "owner", _is("member", **_FILLED)),
    Field("created", "Created", "Person", "created", _SINCE),
    Field("source", "Came from", "Person", "text", _is("choice"), SOURCES),
    Field("tag", "Tag", "Tags and stages", "tag", _TAG),
    Field("stage", "Stage", "Tags and stages", "stage", _is("stage")),
    Field("pipeline", "Pipeline", "Tags and stages", "pipeline", _PIPELINE),
    Field("phone", "Phone", "Phone", "phone", _PHONE),
    Field("area_code", "Area code", "Phone", "area_code", _is("area_code")),
    Field("our_number", "Texts with our number", "Phone", "our_number", _is("our_number")),
    Field("last_in", "Last text from them", "Activity", "last_in", {**_SINCE, **_EVER}),
    Field("last_out", "Last text to them", "Activity", "last_out", {**_SINCE, **_EVER}),
    Field("last_text", "Last text", "Activity", "last_text", {**_SINCE, **_EVER}),
    Field("replied", "Texts went both ways", "Activity", "replied", _YES),
    Field("waiting", "Waits for our answer", "Activity", "waiting", _YES),
    Field("showing", "Showing", "Activity", "showing", {**_AROUND, **_EVER}),
    Field("campaign", "Campaign or bulk text", "Activity", "campaign", _CAMPAIGN),
    Field("opted_out", "Opted out", "Consent", "opted_out", _YES),
    Field("held", "Held for review", "Consent", "held", _YES),
    Field("consented", "Consent on record", "Consent", "consented", _YES),
    Field("carrier_blocked", "Blocked by the carrier", "Consent", "carrier_blocked", _YES),
    Field("invalid", "Has an invalid number", "Consent", "invalid", _YES),
    Field("property_address", "Property address", "Address", "text", _TEXT),
    Field("street", "Street", "Address", "text", _TEXT),
    Field("city", "City", "Address", "text", _TEXT),
    Field("state", "State", "Address", "text", _TEXT),
    Field("zip", "ZIP", "Address", "text", _TEXT),
    Field("zone", "Time zone", "Address", "text", _TEXT),
)
FIELDS: Final[Mapping[str, Field]] = {field.name: field for field in _LISTED}

_CUSTOM: Final[Mapping[CustomKind, Mapping[str, Operator]]] = {
    "text": _TEXT,
    "number": _NUMBER,
    "date": _DAY,
    "boolean": {**_YES, **_FILLED},
    "choice": _is("choice", **_FILLED),
}


def custom_field(name: str, label: str, kind: CustomKind, choices: tuple[str, ...] = ()) -> Field:
    """A workspace's own field, asked for as ``custom.<name>``."""
    return Field(CUSTOM + name, label, "Custom fields", f"custom_{kind}", _CUSTOM[kind], choices)
