"""The commands that run something: the demo, a real server, the simulated carrier."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from server.cli.command import data, nodes, port, threadline
from server.cli.parts import OnReady, Parts
from server.config import Config, load_config, without_real_credentials


@threadline.command()
@port
@data
@nodes
@click.option("--reset", is_flag=True, help="Begin the demo anew. Real data is never dropped.")
@click.option("--no-demo", is_flag=True, help="A real, empty server over a PostgreSQL of its own.")
@click.pass_obj
def demo(parts: Parts, port: int | None, data_dir: Path | None, nodes: int | None, reset: bool, no_demo: bool) -> int:
    """Everything at once, simulated: database, demo data, carrier, server and client."""
    if no_demo:
        given = {"port": port, "data_dir": data_dir, "nodes": nodes, "reset": reset or None}
        config = load_config("serve", os.environ, embedded=True, **given)
        return _start(parts, config, _say_ready)
    config = load_config("demo", os.environ, port=port, data_dir=data_dir, nodes=nodes, reset=reset or None)
    _leave_real_credentials_behind()
    return _start(parts, config, _greet)


@threadline.command()
@port
@data
@nodes
@click.option("--host", help="Address to listen at; beyond this machine PUBLIC_URL must be https.")
@click.pass_obj
def serve(parts: Parts, port: int | None, data_dir: Path | None, nodes: int | None, host: str | None) -> int:
    """A real server. Settings come from the environment; DATABASE_URL and PUBLIC_URL matter most."""
    config = load_config("serve", os.environ, port=port, data_dir=data_dir, nodes=nodes, host=host)
    return _start(parts, config, _say_ready)


@threadline.command(hidden=True)
@click.pass_obj
def node(parts: Parts) -> int:
    """One of several, started by `serve --nodes`, which says the rest on our standard input."""
    return parts.node(_say_ready)


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


def _start(parts: Parts, config: Config, on_ready: OnReady) -> int:
    from server.observe import configure_logging

    configure_logging(config.log_level, config.log_format)
    return parts.run(config, on_ready)


def _leave_real_credentials_behind() -> None:
    """Not even a child of this process shall find them."""
    kept = without_real_credentials(os.environ)
    for name in set(os.environ) - set(kept):
        del os.environ[name]


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
