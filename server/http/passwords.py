"""Decides how passwords are stored and compared: argon2id off the trio thread, equal effort for strangers."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 10
_AT_ONCE: Final = 2  # each takes 64 MiB and a core
_WAITING: Final = 32  # beyond it a flood of logins would only grow a queue that nobody waits for


class TooManyLogins(Exception):
    """More logins wait for their turn than will be patient."""


class Passwords:
    """Hashes and verifies. One for the whole process: it limits how many hashes are worked on at once."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher: Final = hasher or PasswordHasher()  # RFC 9106, low memory: 64 MiB, 3 passes, 4 lanes
        self._limiter: Final = trio.CapacityLimiter(_AT_ONCE)

    def hash(self, password: str) -> str:
        """An argon2id hash with its parameters and salt. Takes tens of milliseconds: not for the trio thread."""
        return self._hasher.hash(password)

    async def fits(self, password: str, stored: str | None) -> bool:
        """Whether *password* is the one of *stored*.

        None (nobody has this address) costs the same time as a wrong password, so that a stranger cannot find out who
        has an account. Raises TooManyLogins.
        """
        if self._limiter.statistics().tasks_waiting >= _WAITING:
            raise TooManyLogins
        right = await trio.to_thread.run_sync(self._compare, stored, password, limiter=self._limiter)
        return right and stored is not None

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("the hash of nobody's password")

    def _compare(self, stored: str | None, password: str) -> bool:
        nobody = self._nobody  # made by the first login, whoever's it is: made at the start it would delay each start
        return self._verify(stored or nobody, password)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
