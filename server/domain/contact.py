"""Decides how what people write about a contact is kept: names, e-mail, address, zone. The same for forms and files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from server.domain.fields import FieldFault
from server.domain.places import is_zone
from server.domain.zips import zip_places

LONGEST: Final[Mapping[str, int]] = {
    "first_name": 100,
    "last_name": 100,
    "email": 254,
    "street": 200,
    "city": 100,
    "state": 100,
    "zip": 20,
    "zone": 60,
    "property_address": 300,
}
"""The texts of a contact, with the characters that each may have."""

_LABELS: Final[Mapping[str, str]] = {
    "first_name": "A first name",
    "last_name": "A last name",
    "email": "An e-mail address",
    "street": "A street",
    "city": "A city",
    "state": "A state",
    "zip": "A ZIP code",
    "zone": "A time zone",
    "property_address": "A property address",
}
_EMAIL: Final = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>().]+(\.[^@\s,;<>().]+)+")
_ZIP_NUMBER: Final = re.compile(r"\d{5}(-?\d{4})?", re.ASCII)


def checked_text(name: str, written: str | None) -> str:
    """What is kept of *written* in the contact's field *name*; empty for nothing. Raises FieldFault.

    >>> checked_text("first_name", "  Mary   Ann "), checked_text("state", "ma"), checked_text("zip", "021341234")
    ('Mary Ann', 'MA', '02134-1234')
    """
    text = " ".join((written or "").split())
    if not text:
        return ""
    if len(text) > LONGEST[name]:
        raise FieldFault(f"{_LABELS[name]} has at most {LONGEST[name]} characters.")
    if name == "email" and not _EMAIL.fullmatch(text):
        raise FieldFault("This is not an e-mail address.")
    if name == "zone" and not is_zone(text):
        raise FieldFault("This is not a time zone, such as America/New_York.")
    if name == "state" and len(text) == 2:
        return text.upper()
    if name == "zip" and _ZIP_NUMBER.fullmatch(text):
        return text if len(text) != 9 else f"{text[:5]}-{text[5:]}"
    return text


def full_name(first: str, last: str) -> str | None:
    """None for somebody whom nobody has named yet."""
    return f"{first} {last}".strip() or None


def places_of(address: str, zone: str | None, zip_code: str) -> list[str]:
    """The zones, and states as US-FL, that what is known of a contact adds to the candidates of its number *address*.

    Five digits are a postal code in many countries: they count as a ZIP code for numbers of +1 alone. A ZIP code that
    contradicts the zone adds to it: one of the two is old, and nobody knows which.
    """
    american = zip_places(zip_code) if address.startswith("+1") else frozenset()
    return sorted(american | ({zone} if zone else set()))
