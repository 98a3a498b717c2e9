"""The fixtures of the tests that run the client's own live code against a whole server."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.app import wiring
from server.http.passwords import Passwords
from server.store.conversations import inbox
from server.ws import channels
from tests.http.house import QUICK
from tests.http.parsed_routes import routes_are_parsed_once
from tests.tabs.browsers import bundled
from tests.tabs.desks import PAGE, REPLAY

__all__ = ["routes_are_parsed_once"]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tabs' program, made of the client's sources as they are."""
    return bundled(tmp_path_factory.mktemp("tabs"))


@pytest.fixture
def few_to_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and replays so short that a handful of threads and texts goes beyond them."""
    monkeypatch.setattr(channels, "PAGE", PAGE)
    monkeypatch.setattr(channels, "REPLAY_LIMIT", REPLAY)
    monkeypatch.setattr(inbox, "MOST_CHANGED", PAGE)


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server hashes a password as it starts, which would cost as much as all else here."""
    monkeypatch.setattr(wiring, "Passwords", lambda: Passwords(QUICK))
