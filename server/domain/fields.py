"""Decides what a custom field may be called and hold, and how its value reads in a text.

A field's name is its token, so it must not be one that the server knows already, nor a column that lists and files
have. Values are kept typed: a number is a number and a date is a day, however they were written.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from server.domain.tokens import KNOWN

LONGEST_TEXT: Final = 2000  # characters; a text message has at most 1,600
MOST_CHOICES: Final = 100
_LONGEST_NAME: Final = 40
_LARGEST: Final = 2**53  # beyond it a browser cannot tell neighbours apart

# What a contact has anyway, under the names that people give to columns; and the token that asks for "a custom field".
_COLUMNS: Final = frozenset({
    "id", "contact_id", "name", "full_name", "email", "phone", "phones", "number", "address", "street", "city", "state",
    "zip", "zone", "time_zone", "owner", "tag", "tags", "stage", "stages", "pipeline", "created_at", "version",
    "opted_out", "custom", "custom_field",
})  # fmt: skip
RESERVED: Final = KNOWN | _COLUMNS

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?", re.ASCII)
_AMERICAN_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_YES: Final = frozenset({"yes", "y", "true", "t", "1", "on", "x"})
_NO: Final = frozenset({"no", "n", "false", "f", "0", "off"})

Value = str | int | float | bool


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """A custom field of a workspace. `choices` are those of a CHOICE, and empty for the others."""

    name: str
    label: str
    kind: FieldKind
    choices: tuple[str, ...] = ()


class FieldFault(Exception):
    """A value or a name that cannot be; the text is a sentence for whoever wrote it."""


def name_for(label: str) -> str:
    """A name made of *label*, which may still be taken or reserved.

    >>> name_for("Budget (max.)"), name_for("Año de construcción"), name_for("2nd choice")
    ('budget_max', 'ano_de_construccion', 'field_2nd_choice')
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not name[:1].isalpha():
        name = f"field_{name}".rstrip("_")
    return name[:_LONGEST_NAME].rstrip("_")


def name_fault(name: str) -> str | None:
    """Why no custom field can be called *name*, or None.

    >>> name_fault("agent_name")
    '{{agent_name}} means something already. Choose another name.'
    """
    if not _NAME.fullmatch(name):
        return "A name has small letters, digits and underscores, begins with a letter, and has at most 40 characters."
    if name in RESERVED:
        return f"{{{{{name}}}}} means something already. Choose another name."
    return None


def checked_choices(kind: FieldKind, choices: Sequence[str]) -> tuple[str, ...]:
    """The choices as they are kept. Raises FieldFault where they do not fit the kind of the field."""
    kept = tuple(dict.fromkeys(" ".join(choice.split()) for choice in choices if choice.strip()))
    if kind is not FieldKind.CHOICE:
        if kept:
            raise FieldFault("Only a field of choices has choices.")
        return ()
    if not kept:
        raise FieldFault("Give at least one choice.")
    if len(kept) > MOST_CHOICES:
        raise FieldFault(f"A field has at most {MOST_CHOICES} choices.")
    if len({choice.casefold() for choice in kept}) < len(kept):
        raise FieldFault("Two choices differ by their capitals only.")
    return kept


def checked(field: Field, written: Value | None) -> Value | None:
    """What is kept of *written*; None for what says nothing. Raises FieldFault where it does not fit the field.

    Text is read as people write it, since files and forms bring nothing else.

    >>> checked(Field("budget", "Budget", FieldKind.NUMBER), "$450,000")
    450000
    >>> checked(Field("moving_on", "Moving on", FieldKind.DATE), "11/21/2026")
    '2026-11-21'
    """
    if written is None or (isinstance(written, str) and not written.strip()):
        return None
    match field.kind:
        case FieldKind.TEXT:
            return _text(field, written)
        case FieldKind.NUMBER:
            return _number(field, written)
        case FieldKind.DATE:
            return _date(field, written)
        case FieldKind.BOOLEAN:
            return _boolean(field, written)
        case FieldKind.CHOICE:
            return _choice(field, written)


def shown(field: Field, value: Value | None) -> str | None:
    """How a kept *value* reads in a text; None where there is none.

    >>> shown(Field("budget", "Budget", FieldKind.NUMBER), 450000)
    '450,000'
    >>> shown(Field("moving_on", "Moving on", FieldKind.DATE), "2026-11-21")
    'Nov 21, 2026'
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:,}" if isinstance(value, int) or not value.is_integer() else f"{int(value):,}"
    if field.kind is FieldKind.DATE and (day := _day(value)):
        return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"
    return value


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _text(field: Field, written: Value) -> str:
    if not isinstance(written, str):
        written = shown(field, written) or ""
    text = written.strip()
    if len(text) > LONGEST_TEXT:
        raise FieldFault(f"{field.label} has at most {LONGEST_TEXT:,} characters.")
    return text


def _number(field: Field, written: Value) -> int | float:
    if isinstance(written, str):
        plain = written.strip().removeprefix("$").strip()
        if not plain.strip("+-") or not _NUMBER.fullmatch(plain):
            raise FieldFault(f"{field.label} is a number.")
        written = float(plain.replace(",", ""))
    if isinstance(written, bool) or not math.isfinite(written):
        raise FieldFault(f"{field.label} is a number.")
    if abs(written) > _LARGEST:
        raise FieldFault(f"{field.label} is too large.")
    return int(written) if float(written).is_integer() else float(written)


def _date(field: Field, written: Value) -> str:
    day = _day(written.strip()) if isinstance(written, str) else None
    if day is None or not 1800 <= day.year <= 2200:
        raise FieldFault(f"{field.label} is a date, such as 2026-11-21 or 11/21/2026.")
    return day.isoformat()


def _day(text: str) -> date | None:
    american = _AMERICAN_DAY.fullmatch(text)
    try:
        if american:
            return date(int(american[3]), int(american[1]), int(american[2]))
        return date.fromisoformat(text) if len(text) == 10 and text[4] == "-" else None
    except ValueError:
        return None


def _boolean(field: Field, written: Value) -> bool:
    word = str(written).strip().casefold()
    if word in _YES | _NO:
        return word in _YES
    raise FieldFault(f"{field.label} is yes or no.")


def _choice(field: Field, written: Value) -> str:
    asked = " ".join(str(written).split()).casefold()
    for choice in field.choices:
        if choice.casefold() == asked:
            return choice
    raise FieldFault(f"{field.label} is one of: {', '.join(field.choices)}.")
