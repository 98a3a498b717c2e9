"""What a member's own telephone needs from the store: a code to ask for, the text that brings it, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from server.domain.own_number import OwnNumber


@dataclass(frozen=True, slots=True)
class Asked:
    """`code` is to be texted from the telephone; it is told here once. None: the number is proven already."""

    number: OwnNumber
    code: str | None


@dataclass(frozen=True, slots=True)
class CannotBeOwn:
    """`taken`: a colleague has proven it to be theirs. `ours`: the workspace itself writes from it. `not_simulated`: a
    simulation reaches nobody there. `no_number`: there is none here that a code could be texted to.
    """

    why: Literal["taken", "ours", "not_simulated", "no_number"]


class OwnNumbers(Protocol):
    """Every method that names a member checks the workspace."""

    async def of(self, workspace_id: int, member_id: int, now: datetime) -> OwnNumber: ...

    async def ask(self, workspace_id: int, member_id: int, address: str, now: datetime) -> Asked | CannotBeOwn:
        """Wait for a new code from *address*; what was asked for or proven before, of another number, is over."""

    async def remove(self, workspace_id: int, member_id: int, now: datetime) -> bool:
        """After this has returned no test is authorised to it. False: there was none."""

    async def look(self, now: datetime) -> int:
        """Look at what was texted from numbers whose codes are waited for; how many are still waited for.

        Safe to repeat, at any time and by any number of servers: each text counts once.
        """
