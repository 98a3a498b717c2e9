"""The fixtures of the HTTP tests: a built client's files, and the app over fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.demo_databases import demo_dsn, seeded_at
from tests.http.house import House
from tests.http.office import Office, open_office
from tests.http.parsed_routes import routes_are_parsed_once

__all__ = ["demo_dsn", "routes_are_parsed_once", "seeded_at"]


@pytest.fixture
def client_files(tmp_path: Path) -> Path:
    folder = tmp_path / "web_static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text('<!doctype html><div id="root"></div>')
    (folder / "assets" / "index-4f1c.js").write_text("export const threads = 1;\n" * 100)
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("not for the world")
    (folder / "assets" / "link.js").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def house(client_files: Path) -> House:
    return House(client_files)


@pytest.fixture
async def office(house: House, dsn: str) -> AsyncIterator[Office]:
    """The house over a real store, with people in two workspaces."""
    async with open_office(house, dsn) as opened:
        yield opened
