"""The command line: what can be asked of Threadline, and how what goes wrong is told.

Exit codes: 0 stopped by a signal or done, 1 a fault, 2 a wrong setting or option. What a person can mend is one
sentence on standard error; only a bug of ours shows a traceback.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from server.config import Config, ConfigError, load_config, without_real_credentials

if TYPE_CHECKING:
    from server.admin import NewMember

OnReady = Callable[[str], None]
"""Called with the server's URL once it listens."""

DONE: Final = 0
FAULT: Final = 1
USAGE: Final = 2


# The parts are imported when they are asked for: `--help` and a wrong option should not wait for a database driver.


def _run(config: Config, on_ready: OnReady) -> int:
    from server.app import run

    code: int = run(config, on_ready)
    return code


def _migrate(config: Config) -> str:
    from server.admin import migrate

    return migrate(config)


def _check(config: Config) -> list[str]:
    from server.admin import check

    return check(config)


def _add_member(config: Config, new: NewMember) -> str:
    from server.admin import add_member

    return add_member(config, new)


def _simulate(argv: list[str]) -> int:
    from server.carriers.simulator.command import main as simulate

    return simulate(argv)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the commands call."""

    run: Callable[[Config, OnReady], int] = _run
    migrate: Callable[[Config], str] = _migrate
    check: Callable[[Config], list[str]] = _check
    add_member: Callable[[Config, NewMember], str] = _add_member
    simulate: Callable[[list[str]], int] = _simulate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def threadline() -> None:
    """Threadline: a self-hosted, real-time SMS server for sales teams."""


_data = click.option(
    "--data", "data_dir", type=click.Path(file_okay=False, path_type=Path), help="Folder for everything that is kept."
)
_port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen at; 0 takes a free one.")


@threadline.command()
@_port
@_data
@click.option("--reset", is_flag=True, help="Begin the demo anew. Real data is never dropped.")
@click.option("--no-demo", is_flag=True, help="A real, empty server over a PostgreSQL of its own.")
@click.pass_obj
def demo(parts: Parts, port: int | None, data_dir: Path | None, reset: bool, no_demo: bool) -> int:
    """Everything at once, simulated: database, demo data, carrier, server and client."""
    if no_demo:
        config = load_config("serve", os.environ, embedded=True, port=port, data_dir=data_dir, reset=reset or None)
        return _start(parts, config, _say_ready)
    config = load_config("demo", os.environ, port=port, data_dir=data_dir, reset=reset or None)
    _leave_real_credentials_behind()
    return _start(parts, config, _greet)


@threadline.command()
@_port
@_data
@click.option("--host", help="Address to listen at; beyond this machine PUBLIC_URL must be https.")
@click.pass_obj
def serve(parts: Parts, port: int | None, data_dir: Path | None, host: str | None) -> int:
    """A real server. Settings come from the environment; DATABASE_URL and PUBLIC_URL matter most."""
    config = load_config("serve", os.environ, port=port, data_dir=data_dir, host=host)
    return _start(parts, config, _say_ready)


@threadline.command()
@_data
@click.pass_obj
def migrate(parts: Parts, data_dir: Path | None) -> int:
    """Put the schema into the database of DATABASE_URL, or check that it is the right one."""
    click.echo(parts.migrate(_database(data_dir)))
    return DONE


@threadline.command()
@_data
@click.pass_obj
def check(parts: Parts, data_dir: Path | None) -> int:
    """Say what would keep a server with these settings from working."""
    told = parts.check(_database(data_dir))
    for sentence in told:
        click.echo(sentence, err=True)
    if told:
        return FAULT
    click.echo("Everything is in order.")
    return DONE


@threadline.group()
def user() -> None:
    """The people who log in."""


@user.command("add")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(["owner", "manager", "agent"]), required=True)
@click.option("--workspace", help="Its name; not needed where there is only one. A new name makes a workspace.")
@_data
@click.pass_obj
def add_user(parts: Parts, /, data_dir: Path | None, **asked: Any) -> int:
    """Add a person. The password is asked for, or read as one line from standard input."""
    from server.admin import NewMember

    config = _database(data_dir)
    click.echo(parts.add_member(config, NewMember(password=_password(), **asked)))
    return DONE


@threadline.command(
    "simulate-carrier",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("argv", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def simulate_carrier(parts: Parts, argv: tuple[str, ...]) -> int:
    """A carrier that speaks Twilio's API on this machine and reaches nobody."""
    return parts.simulate(list(argv))


def main(argv: Sequence[str] | None = None, parts: Parts | None = None) -> int:
    """Run one command and give its exit code."""
    try:
        code = threadline.main(
            list(sys.argv[1:] if argv is None else argv),
            prog_name="threadline",
            standalone_mode=False,
            obj=parts or Parts(),
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return FAULT
    except ConfigError as error:
        return _tell(str(error), USAGE)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        return _tell(sentence, FAULT)
    return code if isinstance(code, int) else DONE


def explain(error: BaseException) -> str | None:
    """The sentence for a fault that a person can mend; None where it is a bug of ours."""
    if isinstance(error, BaseExceptionGroup):
        told = [explain(inner) for inner in error.exceptions]
        return told[0] if told and None not in told else None
    if isinstance(error, OSError):
        return _of_the_system(error)
    return str(error) if isinstance(error, _mendable()) else None


def _mendable() -> tuple[type[Exception], ...]:
    from server.admin import AdminError
    from server.app.simulation import SimulatorFailed
    from server.demo.seed import DemoRefused
    from server.ports import StoreUnavailable
    from server.store.embedded import EmbeddedError
    from server.store.store import UnfitDatabase

    return AdminError, SimulatorFailed, DemoRefused, StoreUnavailable, EmbeddedError, UnfitDatabase


def _of_the_system(error: OSError) -> str | None:
    if error.errno == errno.EADDRINUSE:
        return "The port is taken: stop what listens there, or choose another with --port."
    if error.errno == errno.EADDRNOTAVAIL:
        return "This machine does not have the address that --host names."
    if error.errno == errno.ENOSPC:
        return "The disk is full."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"Permission denied: {error.filename or 'the port or folder'} may not be used by this account."
    return None


def _start(parts: Parts, config: Config, on_ready: OnReady) -> int:
    from server.observe import configure_logging

    configure_logging(config.log_level, config.log_format)
    return parts.run(config, on_ready)


def _database(data_dir: Path | None) -> Config:
    return load_config("serve", os.environ, embedded=data_dir is not None, data_dir=data_dir)


def _leave_real_credentials_behind() -> None:
    """Not even a child of this process shall find them."""
    kept = without_real_credentials(os.environ)
    for name in set(os.environ) - set(kept):
        del os.environ[name]


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _greet(url: str) -> None:
    from server.demo.people import MEMBERS, PASSWORD

    click.echo("\nThis is a simulation: nothing leaves this machine. Its clock starts at a weekday's 11:00 Eastern.\n")
    click.echo(f"  Open      {url}/phone/sms")
    for member in MEMBERS:
        click.echo(f"  Log in    {member.email}  ({member.name}, {member.role})")
    click.echo(f"  Password  {PASSWORD}")
    click.echo("  Stop      Ctrl-C\n")
    _say_ready(url)


def _say_ready(url: str) -> None:
    click.echo(f"ready {url}")
    sys.stdout.flush()


def _tell(sentence: str, code: int) -> int:
    click.echo(sentence, err=True)
    return code
