"""Decides what a member sees where a number may be one member's own.

A number is shared, or owned by one member. What went over it concerns its owner and whoever runs the workspace. A
thread is everybody's as long as it only ever went over shared numbers; a text over an owned one makes the whole of it
that owner's. `hidden_from` in schema.sql is the same rule for rows; a test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from server.domain.roles import RANKS

_SEES_ALL: Final = RANKS["manager"]


def sees_all(role: str) -> bool:
    """Whether everybody's own numbers are seen in this role."""
    return RANKS.get(role, -1) >= _SEES_ALL


def sees(member_id: int, role: str, owners: Iterable[int | None]) -> bool:
    """Whether a member sees what ever went over numbers of these *owners* (None: a shared one), and may use them.

    >>> sees(7, "agent", [None, 7]), sees(8, "agent", [None, 7]), sees(8, "manager", [7]), sees(8, "agent", [])
    (True, False, True, True)
    """
    return sees_all(role) or all(owner in (None, member_id) for owner in owners)
