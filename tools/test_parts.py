"""The parts of `./test`: what each runs, and how its output is counted."""

import os
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tools import chromium, web_build
from tools.children import Children
from tools.test_faults import Fault, faults_of

_WORLDS: Final = 200  # of the simulation; five thousand by name
_FEW_WORLDS: Final = 50
_KILLS: Final = 20
_FEW_KILLS: Final = 6
NOTHING_COLLECTED: Final = 5  # pytest's exit status
# CPU seconds that the slow tests of a part may cost in the short form, by tests/costs.json: with all else that runs
# they come to less than the 600 that two cores have in five minutes.
_BUDGETS_S: Final = {"ui": 24, "integration": 50, "servers": 14, "crash": 8, "races": 12}
_ELSE_S: Final = 20


@dataclass(frozen=True)
class Count:
    """What ran. A part without anything in the repository yet is neither passed nor failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""
    faults: tuple[Fault, ...] = ()  # of those that failed, where they are known one by one

    def __add__(self, other: "Count") -> "Count":
        note = "; ".join(filter(None, (self.note, other.note)))
        sums = self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        return Count(*sums, note, self.faults + other.faults)

    def __str__(self) -> str:
        if not (self.passed or self.failed or self.skipped):
            return self.note or "nothing to run yet"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}" + (f" ({self.note})" if self.note else "")


@dataclass
class Workshop:
    """Where the parts run, and how they call programs."""

    root: Path
    children: Children
    for_pytest: list[str] = field(default_factory=list)
    whole: bool = False  # what takes long, too
    broad: bool = False  # with that, but one form of each slow test

    def log(self, name: str) -> Path:
        """The file that holds all the part *name* said."""
        folder = self.root / ".cache" / "test"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}.log"

    def said(self, name: str) -> str:
        """All the part *name* said."""
        return self.log(name).read_text(encoding="utf-8", errors="replace")

    def run(self, name: str, *command: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
        """Run *command* for the part *name*; its status and what it said, which goes to the part's log too."""
        with self.log(name).open("ab") as log:
            before = log.tell()
            log.write(f"$ {' '.join(map(str, command))}\n".encode())
            log.flush()
            status = self.children.run(command, cwd=self.root, output=log, env={**self._plain(), **(env or {})})
        return status, self.log(name).read_bytes()[before:].decode(errors="replace")

    def sweep(self) -> None:
        """Forget what was compiled of copies of the tree that are gone."""
        for place in self._compiled().joinpath(*Path(tempfile.gettempdir()).parts[1:]).glob("threadline-*"):
            shutil.rmtree(place, ignore_errors=True)

    def _compiled(self) -> Path:
        return self.root / ".cache" / "python"

    def _plain(self) -> dict[str, str]:
        """The environment of all parts. Modules are compiled once, whatever the machine says: most of the hundreds of
        Python processes that the parts start would else do little but compile, and ours is no folder of the tree.
        """
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "NO_COLOR": "1", "PYTHONPYCACHEPREFIX": str(self._compiled())}


Part = Callable[[Workshop, str], Count]


# Python tests


def _pytest(workshop: Workshop, name: str, *arguments: str, env: dict[str, str] | None = None) -> Count:
    report = workshop.log(name).with_suffix(".xml")
    report.unlink(missing_ok=True)
    form = _form(workshop, name)
    command = (sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *form, *arguments, *workshop.for_pytest)
    status, said = workshop.run(name, *command, env=env)
    if status == NOTHING_COLLECTED:
        return Count()
    count = _count_of(report) if report.exists() else Count()
    told = re.findall(r"^(\d+ of \d+ run, drawn by \d+|\d+ CPU seconds)$", said, re.MULTILINE)
    count += Count(note=", ".join(told))
    # A crash of pytest itself, a warning at its end or a broken plug-in is a failure that no test case carries.
    if status and not count.failed:
        ended = f"pytest ended with {status}"
        return count + Count(failed=1, note=ended, faults=(Fault(name, ended, said),))
    return count


def _form(workshop: Workshop, name: str) -> tuple[str, ...]:
    if workshop.broad:
        return "--short=inf", "--whole-runs"
    return () if workshop.whole else (f"--short={_BUDGETS_S.get(name, _ELSE_S)}",)


def _count_of(report: Path) -> Count:
    suite = ElementTree.parse(report).getroot()[0].attrib  # noqa: S314  -- pytest wrote it a moment ago
    total, failed, errors, skipped = (int(suite[key]) for key in ("tests", "failures", "errors", "skipped"))
    return Count(total - failed - errors - skipped, failed + errors, skipped, faults=faults_of(report))


def unit(workshop: Workshop, name: str) -> Count:
    """Every test without a marker, and the doctests."""
    doctests = ["--doctest-modules", "server"] if (workshop.root / "server").exists() else []
    unmarked = "not integration and not ui and not crash"
    apart = ("--ignore=tests/ui", "--ignore=tests/integration", "--ignore=tests/tabs")  # not one of them is unmarked
    return _pytest(workshop, name, "tests", *apart, *doctests, "-m", unmarked)


def integration(workshop: Workshop, name: str) -> Count:
    """Tests against a real PostgreSQL."""
    apart = ("--ignore=tests/ui", "--ignore=tests/races", "--ignore=tests/integration", "--ignore=tests/tabs")
    return _pytest(workshop, name, "tests", *apart, "-m", "integration and not ui and not crash")


def servers(workshop: Workshop, name: str) -> Count:
    """Tests of whole servers and other real processes, which are mostly waited for."""
    return _pytest(workshop, name, "tests/integration", "-m", "integration and not ui and not crash")


def nodes(workshop: Workshop, name: str) -> Count:
    """Several servers on one database; these tests stand in other parts too."""
    return _pytest(workshop, name, "tests/nodes", "tests/faults", "tests/integration/test_hints_between_servers.py")


def races(workshop: Workshop, name: str) -> Count:
    """Transactions that race each other on a real PostgreSQL, and all orders of their statements; the short forms."""
    return _pytest(workshop, name, "tests/races", "-m", "integration")


def simulation(workshop: Workshop, name: str) -> Count:
    """The send path in worlds of chance; counted in worlds, of which each must keep every promise."""
    worlds = _WORLDS if workshop.whole else _FEW_WORLDS
    status, said = workshop.run(name, sys.executable, "-m", "tests.simulation", "--seeds", str(worlds))
    return Count(failed=1, note=_last_line(said)) if status else Count(passed=worlds, note=_last_line(said))


def guards(workshop: Workshop, name: str) -> Count:
    """Some guards taken out of a copy of the tree; counted in those whose tests saw it."""
    if not workshop.whole:
        return Count(note="left to --whole")
    status, said = workshop.run(name, sys.executable, "-m", "tests.guards", "--quick")
    killed = _number(r'"killed": (\d+)', said)
    return Count(
        passed=killed, failed=(_number(r'"survived": (\d+)', said) or 1) if status else 0, note=_last_line(said)
    )


def ui(workshop: Workshop, name: str) -> Count:
    """The browser's tests. Without Chromium it is installed where that can be done, else this part is red."""
    if not any((workshop.root / "tests" / "ui").glob("test_*.py")):
        return Count()
    executable = chromium.find() or _install_browser(workshop, name)
    if executable is None:
        return Count(failed=1, note="no Chromium: sudo apt-get install chromium, or leave the browser out with --no-ui")
    return _pytest(workshop, name, "tests/ui", env={chromium.VARIABLE: executable})


def tabs(workshop: Workshop, name: str) -> Count:
    """The client's own live code in tabs without a page, against whole servers. It leans on the client's packages."""
    return _pytest(workshop, name, "tests/tabs")


def _install_browser(workshop: Workshop, name: str) -> str | None:
    if not chromium.can_install():
        return None
    print("ui: installing Chromium with apt-get ...", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    installed = chromium.install(lambda *arguments: not workshop.run(name, "apt-get", *arguments, env=quiet)[0])
    return chromium.find() if installed else None


def crash(workshop: Workshop, name: str) -> Count:
    """Tests that kill processes, then the kill run itself, short."""
    marked = _with_the_mark(workshop.root, "crash")
    count = _pytest(workshop, name, *marked, "-m", "crash") if marked else Count()
    if not (workshop.root / "tests" / "crash" / "__main__.py").exists():
        return count
    kills = _KILLS if workshop.whole else _FEW_KILLS
    status, said = workshop.run(name, sys.executable, "-m", "tests.crash", "--kills", str(kills))
    faults = (Fault("the kill run", _last_line(said), said),) if status else ()
    return count + Count(passed=int(not status), failed=int(bool(status)), note=_last_line(said), faults=faults)


def _with_the_mark(root: Path, mark: str) -> list[str]:
    """The files of tests that name *mark*: collecting all takes longer than most parts."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return [str(path.relative_to(root)) for path in files if f"mark.{mark}" in path.read_text(encoding="utf-8")]


# Static checks


def lint(workshop: Workshop, name: str) -> Count:
    """ruff; counted in files, or in findings."""
    ruff = (sys.executable, "-m", "ruff", "check")
    status, said = workshop.run(name, *ruff, "--output-format=concise", ".")
    if status:
        return Count(failed=_number(r"Found (\d+) error", said) or 1)
    return Count(passed=workshop.run(name, *ruff, "--show-files", ".")[1].count(".py\n"))


def types(workshop: Workshop, name: str) -> Count:
    """mypy --strict; counted in files."""
    status, said = workshop.run(name, sys.executable, "-m", "mypy")
    checked = _number(r"(?:in|checked) (\d+) source file", said)
    wrong = _number(r"errors? in (\d+) file", said) or int(bool(status))
    return Count(passed=max(checked - wrong, 0), failed=wrong)


def imports(workshop: Workshop, name: str) -> Count:
    """The import directions; counted in contracts."""
    status, said = workshop.run(name, Path(sys.executable).with_name("lint-imports"))
    broken = _number(r"(\d+) broken", said)
    return Count(passed=_number(r"(\d+) kept", said), failed=broken or int(bool(status)))


def gen(workshop: Workshop, name: str) -> Count:
    """Whether the client's generated types are those of the models."""
    if not (workshop.root / "tools" / "gen_types.py").exists():
        return Count()
    return _one(workshop.run(name, sys.executable, "tools/gen_types.py", "--check")[0])


# The client


def client(workshop: Workshop, name: str) -> Count:
    """The client's type check, its own tests, and its build."""
    root = workshop.root
    if not web_build.has_web(root):
        return Count()
    if not web_build.find_npm(root):
        return Count(failed=1, note=f"no Node ^20.19 or >=22.12, and {web_build.NODE_WHEEL} could not be fetched")
    build = (sys.executable, root / "tools" / "web_build.py")
    count = _one(workshop.run(name, *build, "run", "types")[0])
    if any((root / "web" / "src").rglob("*.test.ts*")):
        status, said = workshop.run(name, *build, "run", "test")
        plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
        failed = _number(r"Tests .*?(\d+) failed", plain)
        count += Count(_number(r"Tests .*?(\d+) passed", plain), failed or int(bool(status)))
    return count + _one(workshop.run(name, *build)[0])


# Passed through


def passed_through(workshop: Workshop, what: str, arguments: list[str]) -> int:
    """`./test crash|bulk|campaign|races|… ARGUMENTS`: their output and status; crash is counted."""
    modules = (
        "tabs", "crash", "bulk", "campaign", "campaign_kills", "webhook_kills", "faults", "races", "simulation",
        "guards",
    )  # fmt: skip
    module = "tests.ui.screenshots" if what == "screenshots" else f"tests.{what}" if what in modules else None
    if what == "bench":
        known = sorted(path.stem for path in (workshop.root / "bench").glob("[a-z]*.py"))
        if not arguments or arguments[0] not in known:
            print(f"./test bench NAME, of: {', '.join(known) or 'none yet'}", file=sys.stderr)
            return 2
        module, arguments = f"bench.{arguments[0]}", arguments[1:]
    place = workshop.root / Path(*str(module).split("."))
    if not (place.with_suffix(".py").exists() or (place / "__main__.py").exists()):
        print(f"{what}: nothing to run yet\n0 passed, 0 failed")
        return 0
    executable = chromium.find() if what == "screenshots" else None
    env = {**os.environ, **({chromium.VARIABLE: executable} if executable else {})}
    status = workshop.children.run([sys.executable, "-m", str(module), *arguments], cwd=workshop.root, env=env)
    if what == "crash":
        print(f"crash: {_one(status)}\n{_one(status)}")
    return status


PARTS: Final[dict[str, Part]] = {
    "unit": unit, "integration": integration, "servers": servers, "lint": lint, "imports": imports, "gen": gen,
    "types": types, "client": client, "ui": ui, "tabs": tabs, "crash": crash, "races": races, "simulation": simulation,
    "guards": guards, "nodes": nodes,
}  # fmt: skip
BY_NAME: Final = frozenset({"nodes"})
"""Parts of parts, which run only where they are named."""


def _one(status: int) -> Count:
    return Count(failed=1) if status else Count(passed=1)


def _number(pattern: str, said: str) -> int:
    found = re.search(pattern, said)
    return int(found[1]) if found else 0


def _last_line(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1] if lines else ""
