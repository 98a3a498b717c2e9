"""Which browser the tests drive, of those that a machine has, and what is installed where it has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import chromium


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all the programs that there are."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    return tmp_path


def has(machine: Path, *names: str) -> None:
    for name in names:
        (machine / name).touch(mode=0o755)


@pytest.mark.parametrize(
    ("there", "found"),
    [
        pytest.param((), None, id="none"),
        pytest.param(("chromium",), "chromium", id="a developer's Chromium alone"),
        pytest.param(("google-chrome",), "google-chrome", id="Chrome alone"),
        pytest.param(("chromium-headless-shell",), "chromium-headless-shell", id="the headless shell alone"),
        pytest.param(("chromium", "chromium-headless-shell"), "chromium-headless-shell", id="both"),
    ],
)
def test_any_chromium_does_and_the_headless_shell_is_preferred(
    machine: Path, there: tuple[str, ...], found: str | None
) -> None:
    has(machine, *there)
    assert chromium.find() == (found and str(machine / found))


def test_the_one_that_is_named_goes_before_all(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has(machine, *chromium.NAMES)
    monkeypatch.setenv(chromium.VARIABLE, "/elsewhere/chrome")
    assert chromium.find() == "/elsewhere/chrome"


@pytest.mark.parametrize(
    ("known", "installed"),
    [
        pytest.param({"chromium", "chromium-headless-shell"}, ["chromium-headless-shell"], id="both"),
        pytest.param({"chromium"}, ["chromium"], id="a Debian from before the headless shell"),
        pytest.param(set(), [], id="neither"),
    ],
)
def test_the_cheaper_of_the_packages_is_installed_with_a_font(known: set[str], installed: list[str]) -> None:
    got: list[str] = []

    def apt_get(*arguments: str) -> bool:
        if arguments == ("update",):
            return True
        *_, package, font = arguments
        assert font == "fonts-dejavu-core"
        got.extend({package} & known)
        return package in known

    assert chromium.install(apt_get) is bool(installed)
    assert got == installed


def test_nothing_is_installed_of_lists_that_could_not_be_had() -> None:
    asked: list[str] = []

    def apt_get(*arguments: str) -> bool:
        asked.append(arguments[0])
        return False

    assert not chromium.install(apt_get)
    assert asked == ["update"]
