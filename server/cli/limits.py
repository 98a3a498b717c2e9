"""The commands about what carriers allow, and about which server sends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from server.cli.command import DONE, data, of_workspace, threadline
from server.cli.parts import Parts
from server.cli.setup import account, number
from server.config import Config, load_config

rate = click.option("--rate", type=click.FloatRange(0, 1000), help="Segments/s; 0 pauses.")
burst = click.option("--burst", type=click.IntRange(1, 10_000), help="Segments that may leave at once after a rest.")


@number.command("set")
@click.argument("address", metavar="NUMBER")
@rate
@burst
@click.option("--registration", help="The registered 10DLC campaign that it belongs to; empty for none.")
@click.option("--account", metavar="SID", help="Not needed where only one account has the number.")
@data
@click.pass_obj
def set_number(parts: Parts, /, data_dir: Path | None, **asked: Any) -> int:
    """Change NUMBER's pace, or the registered campaign that it belongs to."""
    from server.admin import NumberChange

    click.echo(parts.set_number(_config(data_dir), NumberChange(**asked)))
    return DONE


@account.command("set")
@click.argument("sid")
@rate
@burst
@click.option("--no-limit", is_flag=True, help="Its numbers' limits are the only ones.")
@data
@click.pass_obj
def set_account(
    parts: Parts, sid: str, rate: float | None, burst: int | None, no_limit: bool, data_dir: Path | None
) -> int:
    """What the account SID may send over all its numbers."""
    if (rate is None) != no_limit:
        raise click.UsageError("Say either --rate or --no-limit.")
    click.echo(parts.set_account(_config(data_dir), sid, rate, burst))
    return DONE


@threadline.group()
def brand() -> None:
    """Brands as registered with the carriers. A running server takes changes up by itself."""


@brand.command("set")
@click.argument("name")
@click.option("--daily-cap", type=click.IntRange(100), help="Segments a day (of Los Angeles); none where not given.")
@click.option(
    "--capped",
    default="tmobile,unknown",
    show_default=True,
    help="Destination carriers that count towards it; unknown stands for those that nobody has looked up.",
)
@of_workspace
@data
@click.pass_obj
def set_brand(
    parts: Parts, name: str, daily_cap: int | None, capped: str, workspace: str | None, data_dir: Path | None
) -> int:
    """Add the brand NAME, or change its daily cap."""
    from server.admin import BrandCap

    carriers = tuple(filter(None, (one.strip().lower() for one in capped.split(","))))
    click.echo(parts.set_brand(_config(data_dir), BrandCap(name, daily_cap, carriers, workspace)))
    return DONE


@brand.command("list")
@data
@click.pass_obj
def list_limits(parts: Parts, data_dir: Path | None) -> int:
    """Every brand with its registered campaigns and what each carrier allows them."""
    click.echo(parts.list_limits(_config(data_dir)))
    return DONE


@threadline.group()
def registration() -> None:
    """Registered 10DLC campaigns. A running server takes changes up by itself."""


@registration.command("set")
@click.argument("name")
@click.option("--brand", help="The brand that it is registered for; needed for a new one.")
@click.option("--carrier", help="Whose allowance to set: att, tmobile, verizon …; other stands for all others.")
@rate
@burst
@click.option("--no-limit", is_flag=True, help="That carrier sets it none.")
@of_workspace
@data
@click.pass_obj
def set_registration(parts: Parts, /, data_dir: Path | None, no_limit: bool, **asked: Any) -> int:
    """Add the registered campaign NAME, or set what a destination carrier allows it.

    Texts whose carrier is not known are charged to the slowest of its carriers.
    """
    from server.admin import RegistrationRate

    if (asked["carrier"] is not None) != (no_limit or asked["rate"] is not None) or (no_limit and asked["rate"]):
        raise click.UsageError("Say --carrier with either --rate or --no-limit.")
    click.echo(parts.set_registration(_config(data_dir), RegistrationRate(**asked)))
    return DONE


@threadline.group()
def limiter() -> None:
    """Which of several servers on one database sends; the others serve pages and take webhooks."""


@limiter.command("show")
@data
@click.pass_obj
def list_servers(parts: Parts, data_dir: Path | None) -> int:
    """The servers that run, by generation."""
    click.echo(parts.list_servers(_config(data_dir)))
    return DONE


@limiter.command("hand-over")
@click.option(
    "--to", "gen", type=click.IntRange(1), required=True, help="The generation of the server that shall send."
)
@data
@click.pass_obj
def hand_over(parts: Parts, gen: int, data_dir: Path | None) -> int:
    """Let another server send. It begins three seconds later: what the first one allowed has left by then."""
    click.echo(parts.hand_over(_config(data_dir), gen))
    return DONE


def _config(data_dir: Path | None) -> Config:
    return load_config("serve", os.environ, embedded=data_dir is not None, data_dir=data_dir)
