"""The fixtures of the tests that run a whole server in this process."""

import pytest

from server.app import wiring
from server.http.passwords import Passwords
from tests.http.house import QUICK
from tests.http.parsed_routes import routes_are_parsed_once

__all__ = ["routes_are_parsed_once"]


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server hashes a password as it starts, which costs as much as most of these tests; processes do it in full."""
    monkeypatch.setattr(wiring, "Passwords", lambda: Passwords(QUICK))
