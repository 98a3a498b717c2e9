"""Tries a guard: takes it out of a copy of the tree, runs its tests there, and reads from their report what failed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.guards.guard import Edit, Guard

ROOT: Final = Path(__file__).resolve().parents[2]
_COPIED: Final = ("server", "tests", "tools", "schema.sql", "pyproject.toml")
_NOT_COPIED: Final = shutil.ignore_patterns("__pycache__", "web_static", ".hypothesis")
_TIMEOUT_S: Final = 1_800.0  # a safety net on a busy machine
_BROKEN: Final = (2, 3, 4, 5)  # of pytest's exit codes: interrupted, internal error, usage, nothing collected


class Stale(Exception):
    """The table does not fit the tree any more; the text says where."""


@dataclass(frozen=True, slots=True)
class Report:
    """Test ids without parameters, by what became of them. `asserted`: failed by an assertion of the test."""

    passed: frozenset[str]
    asserted: frozenset[str]
    broken: frozenset[str]
    said: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`faults` is empty where the tests see that the guard is gone, and only they."""

    guard: str
    faults: Sequence[str]


def copied(tree: Path) -> Path:
    """A copy of what the tests need at *tree*, which is not there yet."""
    tree.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=_NOT_COPIED)
        else:
            shutil.copy2(source, tree / name)
    return tree


def run(tree: Path, ids: Collection[str], without: Collection[str] = ()) -> Report:
    """pytest over *ids* in *tree*, *without* some. Raises Stale where nothing could be run."""
    report = tree / "report.xml"
    report.unlink(missing_ok=True)
    leave_out = [f"--deselect={one}" for one in without]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", f"--junitxml={report}", "-o", "junit_family=xunit1"]
    command += ["-p", "no:cacheprovider", *_unshrunk(tree), *leave_out, *ids]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    if done.returncode in _BROKEN or not report.exists():
        raise Stale(f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return _read(report, done.stdout)


def _unshrunk(tree: Path) -> list[str]:
    return ["-p", "tests.guards.unshrunk"] if (tree / "tests" / "guards" / "unshrunk.py").exists() else []


def try_without(tree: Path, guard: Guard) -> Verdict:
    """The guard's tests in a tree without it. Raises Stale; leaves the tree as it was."""
    with _edited(tree, guard.without):
        report = run(tree, whole_files((*guard.named, *guard.near)), without=guard.also)
    return Verdict(guard.name, list(_faults(guard, report)))


def _faults(guard: Guard, report: Report) -> Iterator[str]:
    named = frozenset(guard.named)
    for name in guard.named:
        if name in report.broken:
            yield f"{name} does not fail by an assertion:\n{report.said[-1500:]}"
        elif name not in report.asserted:
            yield f"{name} passes without it" if name in report.passed else f"{name} was not run"
    for name in sorted((report.asserted | report.broken) - named):
        yield f"{name} fails too:\n{report.said[-1500:]}"


def whole_files(ids: Collection[str]) -> list[str]:
    """*ids* without the single tests of files that are there as a whole."""
    files = {one for one in ids if "::" not in one}
    return sorted({one for one in ids if "::" not in one or one.partition("::")[0] not in files})


@contextmanager
def _edited(tree: Path, edits: Sequence[Edit]) -> Iterator[None]:
    before = {tree / edit.file: (tree / edit.file).read_text(encoding="utf-8") for edit in edits}
    try:
        for edit in edits:
            path = tree / edit.file
            path.write_text(edited(edit, path.read_text(encoding="utf-8")), encoding="utf-8")
        yield
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")


def edited(edit: Edit, text: str) -> str:
    """*text* after *edit*. Raises Stale where what it replaces does not stand there exactly once."""
    if (times := text.count(edit.old)) != 1:
        raise Stale(f"{edit.file} has this {times} times instead of once:\n{edit.old}")
    return text.replace(edit.old, edit.new)


def _read(report: Path, said: str) -> Report:
    passed, asserted, broken = set[str](), set[str](), set[str]()
    for case in ElementTree.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        id_ = f"{case.get('file')}::{(case.get('name') or '').partition('[')[0]}"
        failure, error = case.find("failure"), case.find("error")
        if failure is None and error is None:
            passed.add(id_)
        elif failure is not None and _is_assertion(failure):
            asserted.add(id_)
        else:
            broken.add(id_)
    return Report(frozenset(passed), frozenset(asserted), frozenset(broken), said)


def _is_assertion(failure: ElementTree.Element) -> bool:
    """Of the test itself, or within a nursery's group."""
    return (failure.get("message") or "").startswith("assert ") or "AssertionError" in (failure.text or "")
