"""Decides what the tokens of a text stand for, for one contact and one member.

A showing is told in the contact's own zone and names it, so that nobody comes an hour late who reads it elsewhere.
Where a contact's zone is not known, it is the one of the area code; where that may lie in several, the workspace's own
if it is among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from server.domain.fields import Field, Value, shown
from server.domain.places import Places, is_zone, zone
from server.domain.tokens import KNOWN

HOME: Final = "America/New_York"  # where not even the workspace's own number names a zone

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a contact. `address` is the first number's; the showing is the next one in the future."""

    first_name: str = ""
    last_name: str = ""
    property_address: str = ""
    zone: str | None = None
    address: str | None = None
    showing_at: datetime | None = None
    showing_address: str = ""
    custom: Mapping[str, Value] = field(default_factory=dict)


def known_names(fields: Iterable[Field]) -> frozenset[str]:
    """The tokens that have a meaning in a workspace with these fields."""
    return KNOWN | {one.name for one in fields}


def values_of(
    known: Known, agent_name: str, fields: Sequence[Field], places: Places, home: str = HOME
) -> dict[str, str | None]:
    """By token, each that has a meaning; None where there is no value."""
    values = {one.name: shown(one, known.custom.get(one.name)) for one in fields}
    return values | {
        "first_name": known.first_name.strip() or None,
        "last_name": known.last_name.strip() or None,
        "agent_name": agent_name.strip() or None,
        "property_address": known.property_address.strip() or known.showing_address.strip() or None,
        "showing_time": None if known.showing_at is None else _when(known.showing_at, known, places, home),
    }


def showing_time(at: datetime, zone_name: str) -> str:
    """How a showing is told.

    >>> from datetime import UTC
    >>> showing_time(datetime(2026, 11, 21, 20, 0, tzinfo=UTC), "America/New_York")
    'Sat, Nov 21 at 3:00 PM EST'
    """
    there = at.astimezone(zone(zone_name))
    name = there.tzname() or ""
    if not name[:1].isalpha():  # zones without letters of their own are called by their offset
        name = f"UTC{name}"
    clock = f"{there.hour % 12 or 12}:{there.minute:02} {'AM' if there.hour < 12 else 'PM'}"
    return f"{_DAYS[there.weekday()]}, {_MONTHS[there.month - 1]} {there.day} at {clock} {name}"


def home_of(address: str | None, places: Places) -> str:
    """The zone of a workspace, by its own first number."""
    zones = places.candidates(address).zones if address else frozenset()
    return next(iter(zones)) if len(zones) == 1 else HOME


def _when(at: datetime, known: Known, places: Places, home: str) -> str:
    if known.zone and is_zone(known.zone):
        return showing_time(at, known.zone)
    zones = places.candidates(known.address).zones if known.address else frozenset()
    told = sorted({showing_time(at, name) for name in zones})
    at_home = showing_time(at, home)
    return told[0] if told and at_home not in told else at_home if len(told) != 1 else told[0]
