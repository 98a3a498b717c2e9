"""Decides what is missing in .venv and installs it: uv, the locked packages, Threadline itself with its client.

A stamp in .venv tells what is there: the lock files and the project's own files by their hash, and the folder, since
programs in a virtual environment carry their path. While all is as stamped, nothing is run, fetched or written.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from tools import web_build
from tools.children import Children
from tools.install_environment import installers_environment
from tools.install_faults import InstallError, sentence_of_error, sentence_of_log

_UV_AT_LEAST = (0, 5)  # older ones lack options used below
_LOCKS = {"run": ("requirements.lock",), "test": ("requirements-dev.lock", "requirements.lock")}
_PROJECT_FILES = ("pyproject.toml", "tools/hatch_build.py", "tools/web_build.py")
_BUILD_LOCK = "tools/build.lock"
_STILL_EVERY_S = 10.0


class Installation:
    """The virtual environment of this checkout, for `run` or with the development packages for `test`."""

    def __init__(self, root: Path, kind: str, children: Children) -> None:
        self._root = root
        self._kind = kind
        self._children = children
        self._venv = root / ".venv"
        self._python = self._venv / "bin" / "python"
        self._own_uv = root / ".uv" / "bin" / "uv"
        self._log = root / ".uv" / "install.log"
        self._stamp = self._venv / "threadline.json"

    def is_complete(self) -> bool:
        """Whether everything is as stamped. The packages of `test` include those of `run`."""
        return self._has_packages() and self._has_project() and web_build.is_current(self._root)

    def complete(self) -> None:
        """Install what is missing, telling what is done. Raises InstallError and Stopped."""
        try:
            self._log.parent.mkdir(exist_ok=True)
            with (self._log.parent / "lock").open("a") as lock:
                self._wait_for(lock)
                self._log.write_bytes(b"")
                self._install()
        except OSError as error:
            raise InstallError(sentence_of_error(error, self._root)) from error

    def _install(self) -> None:
        if not self._has_packages():
            self._install_packages()
        if self._kind == "test":
            self._install_for_tests()
        elif not self._has_project() or not (web_build.is_current(self._root) or web_build.find_npm(self._root)):
            self._install_project("Building the browser client and installing Threadline", without_client=False)
        elif not web_build.is_current(self._root):
            self._build_client()

    def _install_for_tests(self) -> None:
        """A client that does not build is one red part of the tests, not the end of all others."""
        if not self._has_project():
            self._install_project("Installing Threadline", without_client=True)
        if web_build.is_current(self._root):
            return
        try:
            if not web_build.find_npm(self._root):
                self._fetch_node()
            self._build_client()
        except InstallError as error:
            _tell(f"{str(error).splitlines()[-1]}\n  The tests run all the same.")

    # What is there

    def _has_packages(self) -> bool:
        stamp = self._read_stamp()
        held = stamp.get("kind", "")
        return held in {self._kind, "test"} and stamp.get("packages") == self._hash(_LOCKS[held])

    def _has_project(self) -> bool:
        return self._read_stamp().get("project") == self._hash(_PROJECT_FILES)

    def _hash(self, names: Iterable[str]) -> str:
        return hashlib.sha256(b"\0".join((self._root / name).read_bytes() for name in names)).hexdigest()

    def _read_stamp(self) -> dict[str, str]:
        try:
            stamp: dict[str, str] = json.loads(self._stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        usable = stamp.get("root") == str(self._root) and os.access(self._python, os.X_OK)
        return stamp if usable else {}

    def _write_stamp(self, **changed: str) -> None:
        stamp = {**self._read_stamp(), "root": str(self._root), **changed}
        scratch = self._stamp.with_suffix(".new")
        scratch.write_text(json.dumps(stamp), encoding="utf-8")
        scratch.replace(self._stamp)

    # How it gets there

    def _install_packages(self) -> None:
        uv = self._uv()
        if not self._read_stamp():
            shutil.rmtree(self._venv, ignore_errors=True)
            self._step("Making .venv", [uv, "venv", "--python", _base_python(), self._venv])
        self._stamp.unlink(missing_ok=True)
        lock = self._root / _LOCKS[self._kind][0]
        command: list[str | Path] = [uv, "pip", "sync", "--python", self._python, "--require-hashes", lock]
        self._step(f"Installing {_packages_in(lock)} Python packages", command)
        self._write_stamp(kind=self._kind, packages=self._hash(_LOCKS[self._kind]))

    def _install_project(self, name: str, *, without_client: bool) -> None:
        command: list[str | Path] = [self._uv(), "pip", "install", "--python", self._python, "--no-deps", "--reinstall"]
        command += ["--build-constraint", self._root / _BUILD_LOCK, "--editable", self._root]
        self._step(name, command, {web_build.WITHOUT_CLIENT: str(int(without_client))})
        self._write_stamp(project=self._hash(_PROJECT_FILES))

    def _fetch_node(self) -> None:
        target, node = self._root / web_build.NODE_FOLDER, web_build.NODE_WHEEL
        command: list[str | Path] = [self._uv(), "pip", "install", "--python", self._python, "--target", target]
        self._step("Fetching Node", [*command, "--constraint", self._root / _BUILD_LOCK, node])

    def _build_client(self) -> None:
        self._step("Building the browser client", [self._python, self._root / "tools" / "web_build.py"])

    def _uv(self) -> Path:
        """uv of .uv/, else a recent one of PATH, else put into .uv/ with pip."""
        for found in (self._own_uv, Path(shutil.which("uv") or self._own_uv)):
            if found.exists() and self._version_of(found) >= _UV_AT_LEAST:
                return found
        folder = self._log.parent
        self._step("Fetching uv, the installer", [_base_python(), "-m", "venv", "--clear", folder / "venv"])
        python = folder / "venv" / "bin" / "python"
        self._step("", [python, "-m", "pip", "install", "--disable-pip-version-check", "uv>=0.9"])
        self._own_uv.parent.mkdir(exist_ok=True)
        shutil.copy2(folder / "venv" / "bin" / "uv", self._own_uv)
        shutil.rmtree(folder / "venv")
        return self._own_uv

    def _version_of(self, uv: Path) -> tuple[int, ...]:
        with tempfile.TemporaryFile() as told:
            if self._children.run([uv, "--version"], cwd=self._root, output=told):
                return ()
            told.seek(0)
            words = told.read().decode(errors="replace").split()
        return tuple(int(part) for part in words[1].split(".")[:2] if part.isdigit()) if len(words) > 1 else ()

    def _step(self, name: str, command: list[str | Path], variables: Mapping[str, str] | None = None) -> None:
        """Run *command*, saying its *name* before it, that it goes on every ten seconds, and how long it took."""
        told_at = 0.0

        def still(elapsed_s: float) -> None:
            nonlocal told_at
            if elapsed_s - told_at >= _STILL_EVERY_S:
                told_at = elapsed_s
                _tell(f"  still at it, {elapsed_s:.0f} s")

        if name:
            _tell(f"{name} ...")
        began = time.monotonic()
        with self._log.open("ab") as log:
            status = self._children.run(
                command,
                cwd=self._root,
                env={**installers_environment(self._root), **(variables or {})},
                output=log,
                while_waiting=still,
            )
        if status:
            said = self._log.read_text(encoding="utf-8", errors="replace")
            raise InstallError(sentence_of_log(said, name or "Fetching uv", self._log))
        if time.monotonic() - began > 1:
            _tell(f"  done in {time.monotonic() - began:.0f} s")

    def _wait_for(self, lock: IO[str]) -> None:
        """Two of us in one folder would undo each other's work."""
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    _tell("Waiting for another ./run or ./test that is installing here ...")
                    told = True
                self._children.check()
                time.sleep(0.1)
            else:
                return


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _packages_in(lock: Path) -> int:
    return sum("==" in line and not line.startswith((" ", "#")) for line in lock.read_text("utf-8").splitlines())


def _base_python() -> str:
    """The interpreter outside of any virtual environment: ours may be the .venv that is about to be replaced."""
    return str(getattr(sys, "_base_executable", sys.executable))
