"""What the documents say about the code is looked up in the code: settings, files, tests, commands, figures' places."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from server.cli.command import threadline
from server.config import SETTINGS, Config
from server.ws.protocol import CLOSE_CODES

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
DOCUMENTS = [README, ARCHITECTURE, *sorted((ROOT / "docs").rglob("*.md"))]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def shown(value: Any) -> str:
    """A setting's default as the README writes it."""
    if value is None or value == ():
        return ""
    if isinstance(value, tuple):
        value = ",".join(f"{part:g}" for part in value)
    return f"`{int(value) if isinstance(value, bool) else value}`"


def test_the_table_of_settings_is_the_one_that_is_read() -> None:
    rows = [
        f"| `{name}` | {shown(Config.model_fields[field].default)} | {purpose} |".replace("|  |", "| |")
        for name, (field, purpose) in SETTINGS.items()
    ]
    text = README.read_text(encoding="utf-8")
    assert re.findall(r"^\| `[A-Z_]+` \|.*$", text, re.MULTILINE) == rows


def test_the_table_of_close_codes_is_the_sockets() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = [f"| {code} | {meaning} |" for code, meaning in CLOSE_CODES.items()]
    assert re.findall(r"^\| \d+ \|.*$", text, re.MULTILINE) == rows


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [target for target in targets if not (document.parent / target).exists()] == []


@each_document
def test_every_file_that_is_named_is_there(document: Path) -> None:
    named = re.findall(r"`((?:server|tests|tools|web|bench|docs)/[\w./-]+)`", document.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@each_document
def test_every_test_that_is_named_exists(document: Path) -> None:
    known = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        known |= set(re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", document.read_text(encoding="utf-8")))
    assert named - known == set()


@each_document
def test_no_place_of_one_machine_and_no_mirror_is_named(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert re.findall(r"/(?:home|work|root|Users)/\S*|pypi\S*|registry\.\S+|artifactory\S*", text) == []


def test_every_command_of_the_readme_is_one() -> None:
    text = README.read_text(encoding="utf-8")
    asked = re.findall(r"^(?:threadline|\./run) ([a-z][a-z -]*[a-z])", text, re.MULTILINE)
    assert asked
    for words in asked:
        command: click.Command = threadline
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            assert word in command.commands, words
            command = command.commands[word]


def test_the_picture_is_small() -> None:
    assert (ROOT / "docs" / "img" / "inbox.png").stat().st_size < 200_000


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_folder_of_the_server_is_in_the_tree() -> None:
    folders = {path.parent.name for path in (ROOT / "server").glob("*/__init__.py")}
    text = ARCHITECTURE.read_text(encoding="utf-8")
    assert {folder for folder in folders if f"{folder}/" not in text} == set()
