"""Decides whether what stands in a filter's condition is a value of the kind that its operator asks for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from server.domain.filter_fields import REFERENCES, Field, Input
from server.domain.phone import normalise

Given = Any
"""As it came: any JSON."""
Value = str | int | float | datetime | None

MOST_TEXT: Final = 200
MOST_DAYS: Final = 36_500
_YEARS: Final = range(1900, 2200)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_AREA: Final = re.compile(r"[2-9]\d\d", re.ASCII)
_NO_DIGIT: Final = re.compile(r"\D", re.ASCII)


class FilterFault(Exception):
    """What is wrong with a filter: one sentence, and `at`, its place in the JSON (`all.1.value`; empty: the whole)."""

    def __init__(self, at: str, sentence: str) -> None:
        super().__init__(f"{at}: {sentence}" if at else sentence)
        self.at = at
        self.sentence = sentence


def checked(input_: Input, given: Given, at: str, *, field: Field, rows: Mapping[int, str]) -> Value:
    """The value that *given* means. *rows* are those that a reference may name. Raises FilterFault."""
    if input_ in REFERENCES:
        return _reference(given, at, REFERENCES[input_], rows)
    if input_ == "choice":
        if not isinstance(given, str) or given not in field.choices:
            raise FilterFault(at, f"{field.label} is one of: {', '.join(field.choices)}.")
        return given
    if input_ == "date" and field.kind == "custom_date":
        return _day(given, at)
    return _CHECKS[input_](given, at)


def _reference(given: Given, at: str, what: str, rows: Mapping[int, str]) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        if given not in rows:
            raise FilterFault(at, f"There is no such {what}, or it is gone.")
        return given
    if not isinstance(given, str):
        raise FilterFault(at, f"The id or the name of a {what} is needed.")
    named = [id_ for id_, name in rows.items() if name.lower() == given.strip().lower()]
    if not named:
        raise FilterFault(at, f"There is no {what} of that name.")
    if len(named) > 1:
        raise FilterFault(at, f"More than one {what} has that name: give its id.")
    return named[0]


def _none(given: Given, at: str) -> None:
    if given is not None:
        raise FilterFault(at, "No value is taken here.")


def _text(given: Given, at: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise FilterFault(at, "A text is needed here.")
    if len(given) > MOST_TEXT:
        raise FilterFault(at, f"At most {MOST_TEXT} characters can be looked for.")
    if "\0" in given or any("\ud800" <= char <= "\udfff" for char in given):
        raise FilterFault(at, "A character that no text contains stands here.")
    return given.strip()


def _number(given: Given, at: str) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given) or abs(given) >= 1e15:
        raise FilterFault(at, "A number is needed here.")
    return given


def _days(given: Given, at: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MOST_DAYS:
        raise FilterFault(at, f"A whole number of days up to {MOST_DAYS:,} is needed here.")
    return given


def _day(given: Given, at: str) -> str:
    if isinstance(given, str) and _DAY.fullmatch(given) and _known(given):
        return given
    raise FilterFault(at, "A day is needed here, such as 2026-11-20.")


def _date(given: Given, at: str) -> str:
    if isinstance(given, str) and (_DAY.fullmatch(given) or _INSTANT.fullmatch(given)) and _known(given):
        return given
    raise FilterFault(at, "A day or an instant with its offset is needed here: 2026-11-20, 2026-11-20T09:00:00-05:00.")


def _known(written: str) -> bool:
    try:
        return instant(written).year in _YEARS
    except (ValueError, OverflowError):
        return False


def instant(written: Value) -> datetime:
    """The instant that a checked date means; a day begins at midnight UTC.

    >>> instant("2026-11-20T09:00:00-05:00").isoformat(), instant("2026-11-20").isoformat()
    ('2026-11-20T14:00:00+00:00', '2026-11-20T00:00:00+00:00')
    """
    text = str(written).upper()
    day = date.fromisoformat(text[:10])
    if len(text) == len("2026-11-20"):
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    return datetime.fromisoformat(text).astimezone(UTC)


def _phone(given: Given, at: str) -> str:
    address = normalise(given) if isinstance(given, str) else None
    if address is None:
        raise FilterFault(at, "This is not one phone number.")
    return address


def _digits(given: Given, at: str) -> str:
    digits = _NO_DIGIT.sub("", given) if isinstance(given, str) else ""
    if not 1 <= len(digits) <= 15:
        raise FilterFault(at, "Between 1 and 15 digits are needed here.")
    return digits


def _area_code(given: Given, at: str) -> str:
    written = str(given) if isinstance(given, int) else given
    if not isinstance(written, str) or not _AREA.fullmatch(written.strip(" ()")):
        raise FilterFault(at, "An area code has three digits.")
    return written.strip(" ()")


_CHECKS: Final[Mapping[Input, Callable[[Given, str], Value]]] = {
    "none": _none,
    "text": _text,
    "number": _number,
    "days": _days,
    "date": _date,
    "phone": _phone,
    "digits": _digits,
    "area_code": _area_code,
}
