"""What the login asks the store before it looks at a password."""

from __future__ import annotations

from typing import Protocol


class LoginTries(Protocol):
    """Tries to log in, by `domain.logins`; servers on one database count together."""

    async def take(self, address: str, email: str) -> int | None:
        """None where the try is allowed; else whole seconds until the next one is. A refused try costs nothing."""
        ...

    async def give_back(self, address: str, email: str) -> None:
        """A try that turned out right does not count."""
        ...
