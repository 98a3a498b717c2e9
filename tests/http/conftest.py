"""The fixtures of the HTTP tests: a built client's files, and the app over fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from tests.http.house import House
from tests.http.office import Office, open_office


@pytest.fixture(scope="session", autouse=True)
def _addresses_are_built_late() -> Iterator[None]:
    """What builds an address from a route is compiled when one is built. Nothing here builds any, and compiling it for
    each of 130 routes is half of what it takes to make an app, which each test does.
    """
    compile_now = Rule._compile_builder

    def compile_late(_: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compile_now(rule, append_unknown)(rule, **values)

        return build

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compile_late)
        yield


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
