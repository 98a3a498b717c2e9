"""What `./run` and `./test` do once they found Python: listen for signals, install what is missing, become the program.

Nothing but the standard library is here yet. When everything is installed this takes a few hundredths of a second and
writes nothing.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.children import Children, Stopped  # noqa: E402  -- started by its path, so the root must be added first
from tools.install import Installation  # noqa: E402  -- the same
from tools.install_faults import InstallError  # noqa: E402  -- the same

COMMANDS = ("demo", "serve", "user", "check", "migrate", "workspace", "account", "number", "simulate-carrier")


def main(kind: str, arguments: list[str]) -> int:
    """Start as *kind*, `run` or `test`. Returns only if that fails."""
    children = Children()
    try:
        installation = Installation(ROOT, kind, children)
        if not installation.is_complete():
            installation.complete()
        children.become(program(kind, arguments), cwd=ROOT)
    except Stopped as stopped:
        print("Stopped.", file=sys.stderr)
        return 128 + stopped.number
    except InstallError as error:
        print(error, file=sys.stderr)
    return 1


def program(kind: str, arguments: list[str]) -> list[str]:
    """The command line to become. It runs in the repository's folder, so paths given from elsewhere become absolute."""
    python = str(ROOT / ".venv" / "bin" / "python")
    if kind == "test":
        return [python, str(ROOT / "tools" / "test.py"), *with_absolute(arguments, "--out")]
    if arguments and arguments[0] in COMMANDS:
        return [python, "-m", "server", arguments[0], *with_absolute(arguments[1:], "--data")]
    return [python, "-m", "server", "demo", *with_absolute(arguments, "--data")]


def with_absolute(arguments: list[str], option: str) -> list[str]:
    """*arguments* with the path after *option* (`--data DIR`, `--data=DIR`) made absolute."""
    absolute = list(arguments)
    for place, argument in enumerate(arguments):
        if argument.startswith(option + "="):
            absolute[place] = f"{option}={Path(argument.partition('=')[2]).absolute()}"
        elif place and arguments[place - 1] == option:
            absolute[place] = str(Path(argument).absolute())
    return absolute


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
