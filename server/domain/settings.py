"""Decides what a workspace may set for itself, and what of it a change changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from server.domain.campaigns.links import base_fault
from server.domain.caps import Cap
from server.domain.quiet_rules import Rule
from server.domain.sending_hours import fault as hours_fault

Mode = Literal["off", "offline", "model"]

MOST_NAME: Final = 80
MOST_CONTACT: Final = 160  # it stands in a text of its own, the answer to HELP


@dataclass(frozen=True, slots=True)
class Settings:
    """All of one workspace. `sending_hours`: seven days from Monday as `09:00-18:00`, None where nothing leaves; None
    as a whole: the law's. `link_base` None: the server's own address. The `ai` ones are of suggested replies.
    """

    name: str
    brand: str
    contact: str
    sending_hours: tuple[str | None, ...] | None
    opt_in_required: bool
    bulk_cap: Cap | None
    link_base: str | None
    ai_mode: Mode
    ai_tone: str
    ai_day_requests: int
    ai_day_tokens: int


@dataclass(frozen=True, slots=True)
class Fault:
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Difference:
    """As the audit log keeps it: what JSON can hold."""

    setting: str
    was: Any
    now: Any


def fault(wanted: Mapping[str, Any], law: Rule) -> Fault | None:
    """The first thing that is wrong with these settings, by their names; the lengths of texts are checked by the edge.

    >>> fault({"brand": " "}, None)
    Fault(field='brand', sentence='This cannot be empty: texts to your contacts name it.')
    """
    for name in ("name", "brand", "contact"):
        if name in wanted and not wanted[name].strip():
            return Fault(name, "This cannot be empty: texts to your contacts name it.")
    base = wanted.get("link_base")
    if base is not None and (sentence := base_fault(base)):
        return Fault("link_base", sentence)
    days: Sequence[str | None] | None = wanted.get("sending_hours")
    if days is not None and (sentence := hours_fault(days, law)):
        return Fault("sending_hours", sentence)
    return None


def differences(before: Settings, after: Settings) -> list[Difference]:
    """What is not as it was, one for each setting."""
    pairs = ((one.name, getattr(before, one.name), getattr(after, one.name)) for one in fields(Settings))
    return [Difference(name, _plain(was), _plain(now)) for name, was, now in pairs if was != now]


def _plain(value: Any) -> Any:
    if isinstance(value, Cap):
        return {"texts": value.texts, "window_h": int(value.window.total_seconds()) // 3600}
    return list(value) if isinstance(value, tuple) else value
