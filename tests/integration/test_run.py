"""`./run` from the outside, its installer a shell script: signals, stamps, what is passed on, what is told."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Answers as uv does. `pip sync` leaves a child behind it and lasts while the file `slow` is there.
INSTALLER = """#!/bin/sh
here={here}
[ "$1" = --version ] && {{ echo "uv 9.9.9"; exit 0; }}
echo "$*" >> "$here/calls"
case "$1 $2" in
venv*) for last; do :; done; mkdir -p "$last/bin"; ln -s {python} "$last/bin/python" ;;
"pip sync")
    if [ -f "$here/says" ]; then cat "$here/says"; exit 2; fi
    if [ -f "$here/slow" ]; then
        sh -c 'trap "" TERM INT HUP; echo $$ > "$1/child"; exec sleep 300' sh "$here" &
        while :; do sleep 300; done
    fi ;;
esac
"""


@dataclass
class Checkout:
    """A folder with the two commands, an installer of its own, and a server that prints how it was called."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {**os.environ, "PATH": os.environ["PATH"]})

    def run(self, *arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        command = [str(self.root / "run"), *arguments]
        return subprocess.run(command, cwd=cwd, env=self.env, capture_output=True, text=True, timeout=60, check=False)

    def calls(self) -> list[str]:
        """What the installer was asked for, one call a line."""
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "clone"
    for folder in ("tools", "server", ".uv/bin"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "run", root)
    for path in (ROOT / "tools").iterdir():
        if path.suffix in {".py", ".sh"}:
            shutil.copy(path, root / "tools")
    for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        (root / name).write_text("one==1\n")
    (root / "server" / "__init__.py").touch()
    (root / "server" / "__main__.py").write_text("import os, sys\nprint(os.getcwd(), *sys.argv[1:], sep='|')\n")
    uv = root / ".uv" / "bin" / "uv"
    uv.write_text(INSTALLER.format(here=root, python=Path(sys.executable).resolve()))
    uv.chmod(0o755)
    return Checkout(root)


def waits_for(path: Path) -> str:
    give_up_at = time.monotonic() + 30
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < give_up_at, f"{path} never came"
        time.sleep(0.02)
    return path.read_text().strip()


def is_running(pid: str) -> bool:
    """Whether *pid* is there and no zombie. (The command line tells neither: it is empty for a moment in an exec.)"""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def test_the_first_start_installs_and_the_next_runs_no_installer(checkout: Checkout) -> None:
    first = checkout.run()
    assert first.stdout == f"{checkout.root}|demo\n"
    assert "Installing 1 Python packages ..." in first.stderr
    assert [" ".join(call.split()[:2]) for call in checkout.calls()] == ["venv --python", "pip sync", "pip install"]
    assert all("--require-hashes" in call for call in checkout.calls() if call.startswith("pip sync"))
    second = checkout.run()
    assert (second.stdout, second.stderr, len(checkout.calls())) == (first.stdout, "", 3)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param("requirements.lock", ["pip sync", "pip install"], id="the lock file: a sync drops ours"),
        pytest.param("pyproject.toml", ["pip install"], id="the project"),
        pytest.param("requirements-dev.lock", [], id="what only tests need"),
    ],
)
def test_a_start_installs_only_what_changed(checkout: Checkout, changed: str, expected: list[str]) -> None:
    checkout.run()
    before = len(checkout.calls())
    (checkout.root / changed).write_text("one==2\n")
    checkout.run()
    assert [" ".join(call.split()[:2]) for call in checkout.calls()[before:]] == expected


def test_a_moved_checkout_is_installed_again(checkout: Checkout) -> None:
    checkout.run()
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    assert checkout.run().stdout == f"{checkout.root}|demo\n"


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        pytest.param(["--port", "8080", "--reset"], ["demo", "--port", "8080", "--reset"], id="options are the demo's"),
        pytest.param(["serve", "--port", "1"], ["serve", "--port", "1"], id="a command"),
        pytest.param(["simulate-carrier"], ["simulate-carrier"], id="the carrier"),
        pytest.param(["--data", "here"], ["demo", "--data", "{cwd}/here"], id="a path is the caller's"),
        pytest.param(["demo", "--data=a b"], ["demo", "--data={cwd}/a b"], id="also with an equals sign and a space"),
    ],
)
def test_arguments_are_passed_on(checkout: Checkout, tmp_path: Path, given: list[str], passed_on: list[str]) -> None:
    told = checkout.run(*given, cwd=tmp_path).stdout
    assert told == "|".join([str(checkout.root), *(part.format(cwd=tmp_path) for part in passed_on)]) + "\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_install_ends_it_and_all_its_children_even_if_ignored_on_entry(
    checkout: Checkout, number: signal.Signals
) -> None:
    (checkout.root / "slow").touch()
    ignoring = ["/bin/sh", "-c", 'trap "" INT TERM HUP; exec "$0"', str(checkout.root / "run")]
    with subprocess.Popen(ignoring, env=checkout.env, stderr=subprocess.PIPE, text=True) as process:
        child = waits_for(checkout.root / "child")
        assert is_running(child)
        process.send_signal(number)
        _, told = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert told.endswith("Stopped.\n")
    assert not is_running(child)
    (checkout.root / "slow").unlink()
    assert checkout.run().stdout.endswith("|demo\n")


def test_two_starts_at_once_wait_for_each_other(checkout: Checkout) -> None:
    (checkout.root / "slow").touch()
    with subprocess.Popen([str(checkout.root / "run")], env=checkout.env, stderr=subprocess.DEVNULL) as first:
        waits_for(checkout.root / "child")
        with subprocess.Popen([str(checkout.root / "run")], env=checkout.env, stderr=subprocess.PIPE) as second:
            assert second.stderr
            assert second.stderr.readline().startswith(b"Waiting for another ./run or ./test")
            second.terminate()
        first.terminate()
    assert sum(call.startswith("pip sync") for call in checkout.calls()) == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param("No space left on device (os error 28)", "The disk is full: {root} needs 1 GB.", id="full"),
        pytest.param(
            "error sending request for url", "The package index could not be reached (see ",
            id="no network",
        ),
        pytest.param("ensurepip is not available", "This Python has no venv module. On Debian", id="no venv"),
        pytest.param("something new", "something new\nInstalling 1 Python packages failed; all", id="anything else"),
    ],
)  # fmt: skip
def test_a_failed_install_is_told(checkout: Checkout, said: str, told: str) -> None:
    (checkout.root / "says").write_text(said + "\n")
    result = checkout.run()
    assert result.returncode == 1
    assert told.format(root=checkout.root) in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_and_does_not_matter_once_installed(checkout: Checkout) -> None:
    checkout.root.chmod(0o500)
    try:
        (checkout.root / ".uv").chmod(0o500)
        result = checkout.run()
        assert "cannot be written, and not all is installed yet" in result.stderr
        assert result.returncode == 1
    finally:
        (checkout.root / ".uv").chmod(0o700)
        checkout.root.chmod(0o700)


@pytest.mark.parametrize(
    "home", [pytest.param({"HOME": "/proc/nowhere"}, id="not writable"), pytest.param({"HOME": ""}, id="not set")]
)
def test_without_a_writable_home_caches_go_into_the_checkout(checkout: Checkout, home: Mapping[str, str]) -> None:
    uv = checkout.root / ".uv" / "bin" / "uv"
    note = 'echo "$UV_CACHE_DIR $UV_PYTHON_DOWNLOADS" > "$here/saw"\n'
    uv.write_text(uv.read_text().replace('case "$1', note + 'case "$1'))
    for name in ("XDG_CACHE_HOME", "UV_CACHE_DIR"):
        checkout.env.pop(name, None)
    checkout.env.update(home)
    checkout.run()
    assert (checkout.root / "saw").read_text() == f"{checkout.root}/.uv/cache never\n"


def test_a_python_that_is_too_old_is_told(checkout: Checkout, tmp_path: Path) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    (old / "python3").write_text('#!/bin/sh\n[ "$1" = -V ] || exit 1\necho Python 3.9.2\n')
    (old / "python3").chmod(0o755)
    (old / "dirname").symlink_to(str(shutil.which("dirname")))
    checkout.env["PATH"] = str(old)
    result = checkout.run()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "Threadline needs Python 3.11 or newer; here python3 is Python 3.9.2.\n"
