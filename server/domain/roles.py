"""Decides what a member's role allows beyond what everybody in the workspace may do. One table; the routes ask it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

Role = Literal["owner", "manager", "agent"]

RANKS: Final[Mapping[str, int]] = MappingProxyType({"agent": 0, "manager": 1, "owner": 2})


class Deed(StrEnum):
    """What not everybody may do."""

    CHANGE_OTHERS_TEMPLATES = "change_others_templates"  # shared ones that somebody else has made
    CHANGE_FIELDS = "change_fields"  # the workspace's custom fields, also those that an import would add
    CHANGE_SETTINGS = "change_settings"  # what the workspace sets for itself
    READ_AUDIT = "read_audit"  # who did what
    CONNECT_PROGRAMS = "connect_programs"  # API tokens, and webhooks with their log
    GIVE_NUMBERS = "give_numbers"  # to a member, and back to everybody
    HAND_OVER_SENDING = "hand_over_sending"  # to another server


LOWEST: Final[Mapping[Deed, Role]] = MappingProxyType(
    {
        Deed.CHANGE_OTHERS_TEMPLATES: "manager",
        Deed.CHANGE_FIELDS: "manager",
        Deed.CHANGE_SETTINGS: "manager",
        Deed.READ_AUDIT: "manager",
        Deed.CONNECT_PROGRAMS: "manager",
        Deed.GIVE_NUMBERS: "manager",
        Deed.HAND_OVER_SENDING: "owner",
    }
)
"""The lowest role that may do it."""


def deeds_of(role: str) -> list[Deed]:
    """All that *role* allows of what not everybody may do.

    >>> [str(deed) for deed in deeds_of("owner")] == list(LOWEST), deeds_of("agent")
    (True, [])
    """
    return [deed for deed in Deed if may(role, deed)]


def may(role: str, deed: Deed) -> bool:
    """Whether *role* allows it. A role that nobody knows allows nothing.

    >>> may("manager", Deed.CHANGE_FIELDS), may("agent", Deed.CHANGE_FIELDS), may("guest", Deed.CHANGE_FIELDS)
    (True, False, False)
    """
    return RANKS.get(role, -1) >= RANKS[LOWEST[deed]]
