"""The commands that set a real server up: its database, its people, its accounts and numbers. No SQL by hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Literal

import click

from server.cli.command import DONE, FAULT, data, of_workspace, threadline
from server.cli.parts import Parts
from server.config import Config, load_config
from server.domain.scopes import Scope

Carrier = Literal["twilio", "telnyx"]


@threadline.command()
@data
@click.pass_obj
def migrate(parts: Parts, data_dir: Path | None) -> int:
    """Put the schema into the database of DATABASE_URL, or check that it is the right one."""
    click.echo(parts.migrate(_database(data_dir)))
    return DONE


@threadline.command()
@data
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
@data
@click.pass_obj
def add_user(parts: Parts, /, data_dir: Path | None, **asked: Any) -> int:
    """Add a person. The password is asked for, or read as one line from standard input."""
    from server.admin import NewMember

    config = _database(data_dir)
    password = _secret("Password", confirm=True)
    click.echo(parts.add_member(config, NewMember(password=password, **asked)))
    return DONE


@threadline.group()
def workspace() -> None:
    """The teams; each sees nothing of the others."""


@workspace.command("add")
@click.option("--name", required=True)
@click.option("--contact", required=True, help="How people reach the team; the answer to HELP names it.")
@click.option("--brand", help="Named in the answers to STOP, START and HELP; the name where it is not given.")
@data
@click.pass_obj
def add_workspace(parts: Parts, /, data_dir: Path | None, **asked: Any) -> int:
    """Add a team. Its first person comes by `threadline user add`."""
    from server.admin import NewWorkspace

    click.echo(parts.add_workspace(_database(data_dir), NewWorkspace(**asked)))
    return DONE


@workspace.command("set")
@click.option(
    "--links", required=True, metavar="URL", help='Such as https://go.acme.com/l; "own" is the server\'s own address.'
)
@of_workspace
@data
@click.pass_obj
def set_workspace(parts: Parts, data_dir: Path | None, workspace: str | None, links: str) -> int:
    """Say what the short links in campaigns' texts begin with."""
    from server.admin import LinkBase

    asked = LinkBase(None if links == "own" else links, workspace)
    click.echo(parts.set_link_base(_database(data_dir), asked))
    return DONE


@threadline.group()
def account() -> None:
    """The accounts at carriers. A running server takes new ones up by itself."""


@account.command("add")
@click.argument("carrier", type=click.Choice(["twilio", "telnyx"]))
@click.option("--sid", required=True, help="Twilio: the account's SID, AC…; Telnyx: the messaging profile's ID.")
@of_workspace
@click.option("--base-url", help="Where the carrier's API is spoken; its own address where it is not given.")
@click.option("--public-key", help="Telnyx: what its webhooks are signed with, from the portal.")
@data
@click.pass_obj
def add_account(parts: Parts, /, carrier: Carrier, data_dir: Path | None, **asked: Any) -> int:
    """Add an account. Its auth token (Telnyx: API key) is asked for, or read as one line from standard input."""
    from server.admin import NewAccount

    config = _database(data_dir)
    token = _secret("API key" if carrier == "telnyx" else "Auth token").strip()
    click.echo(parts.add_account(config, NewAccount(token=token, carrier=carrier, **asked)))
    return DONE


@threadline.group()
def number() -> None:
    """The numbers that texts come to and leave from. A running server takes new ones up by itself."""


@number.command("add")
@click.argument("address", metavar="NUMBER")
@of_workspace
@click.option("--account", metavar="SID", help="Not needed where the workspace has only one.")
@click.option(
    "--rate", type=click.FloatRange(0, 1000), default=1.0, show_default=True, help="Segments/s; 0 pauses the number."
)
@click.option(
    "--burst",
    type=click.IntRange(1, 10_000),
    help="Segments that may leave at once after a rest. With 1, wake-ups that come late cost rate (at 100/s only 86 % "
    "was reached): take 2 or more from 10/s on, and above that about rate × 50 ms, as is done where it is not given.",
)
@click.option("--label", default="", help="What people call it.")
@data
@click.pass_obj
def add_number(parts: Parts, /, data_dir: Path | None, **asked: Any) -> int:
    """Add NUMBER, in any spelling, at the pace that the carrier allows it."""
    from server.admin import NewNumber

    click.echo(parts.add_number(_database(data_dir), NewNumber(**asked)))
    return DONE


@number.command("list")
@data
@click.pass_obj
def list_numbers(parts: Parts, data_dir: Path | None) -> int:
    """Every number with its workspace, account and pace."""
    click.echo(parts.list_numbers(_database(data_dir)))
    return DONE


@threadline.group()
def token() -> None:
    """API tokens: what programs log in with."""


@token.command("add")
@click.option("--name", required=True, help="What people know it by, such as the program's name.")
@click.option("--email", required=True, help="Of the person for whom it acts; it never may more than they.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice([*Scope]), help="Once for each.")
@click.option("--per-minute", type=click.IntRange(1, 60_000), default=1200, show_default=True, help="Requests.")
@data
@click.pass_obj
def add_token(
    parts: Parts, data_dir: Path | None, name: str, email: str, scopes: tuple[str, ...], per_minute: int
) -> int:
    """Make a token and print it, this once: it is stored nowhere."""
    from server.admin import TokenWish

    wish = TokenWish(name, email, frozenset(map(Scope, scopes)), per_minute)
    click.echo(parts.add_token(_database(data_dir), wish))
    return DONE


def _database(data_dir: Path | None) -> Config:
    return load_config("serve", os.environ, embedded=data_dir is not None, data_dir=data_dir)


def _secret(what: str, *, confirm: bool = False) -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt(what, hide_input=True, confirmation_prompt=confirm)
        return asked
    return sys.stdin.readline().rstrip("\r\n")
