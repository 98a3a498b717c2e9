"""Whose a number is: everybody's, or one member's own (domain.sight)."""

from __future__ import annotations

from typing import Literal, Protocol

Gave = Literal["given", "again", "stale", "no_number", "no_member"]
"""`again`: it is theirs already. `stale`: it has changed hands since the version that was named."""


class Numbers(Protocol):
    async def give(
        self, workspace_id: int, number_id: int, owner_id: int | None, *, by: int, version: int | None
    ) -> Gave:
        """Make a number a member's own, or everybody's again (None), audited. *version*: the one that was seen; None:
        whoever has it now. Safe to repeat.
        """
