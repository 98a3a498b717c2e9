"""What the commands call. Imported when it is asked for: `--help` should not wait for a database driver."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.config import Config

if TYPE_CHECKING:
    from server.admin import (
        BrandCap,
        LinkBase,
        NewAccount,
        NewMember,
        NewNumber,
        NewWorkspace,
        NumberChange,
        RegistrationRate,
        TokenWish,
    )

OnReady = Callable[[str], None]
"""Called with the server's URL once it listens."""


def _run(config: Config, on_ready: OnReady) -> int:
    gc.disable()  # nothing that is imported goes away again: looking for it is a tenth of the start
    from server.app import run, run_parent

    gc.enable()
    code: int = run(config, on_ready) if config.nodes is None else run_parent(config, on_ready)
    return code


def _node(on_ready: OnReady) -> int:
    gc.disable()
    from server.app import read_plan, run_node
    from server.observe import configure_logging

    gc.enable()
    plan = read_plan(sys.stdin.buffer)
    configure_logging(plan.settings.log_level, plan.settings.log_format)
    code: int = run_node(plan, on_ready)
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


def _add_workspace(config: Config, new: NewWorkspace) -> str:
    from server.admin import add_workspace

    return add_workspace(config, new)


def _set_link_base(config: Config, asked: LinkBase) -> str:
    from server.admin import set_link_base

    return set_link_base(config, asked)


def _add_account(config: Config, new: NewAccount) -> str:
    from server.admin import add_account

    return add_account(config, new)


def _add_number(config: Config, new: NewNumber) -> str:
    from server.admin import add_number

    return add_number(config, new)


def _add_token(config: Config, wish: TokenWish) -> str:
    from server.admin import add_token

    return add_token(config, wish)


def _list_numbers(config: Config) -> str:
    from server.admin import list_numbers

    return list_numbers(config)


def _set_number(config: Config, change: NumberChange) -> str:
    from server.admin import set_number

    return set_number(config, change)


def _set_account(config: Config, sid: str, rate: float | None, burst: int | None) -> str:
    from server.admin import set_account

    return set_account(config, sid, rate, burst)


def _set_brand(config: Config, brand: BrandCap) -> str:
    from server.admin import set_brand

    return set_brand(config, brand)


def _set_registration(config: Config, asked: RegistrationRate) -> str:
    from server.admin import set_registration

    return set_registration(config, asked)


def _list_limits(config: Config) -> str:
    from server.admin import list_limits

    return list_limits(config)


def _list_servers(config: Config) -> str:
    from server.admin import list_servers

    return list_servers(config)


def _hand_over(config: Config, gen: int) -> str:
    from server.admin import hand_over

    return hand_over(config, gen)


def _simulate(argv: list[str]) -> int:
    from server.carriers.simulator.command import main as simulate

    return simulate(argv)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the commands call."""

    run: Callable[[Config, OnReady], int] = _run
    node: Callable[[OnReady], int] = _node
    migrate: Callable[[Config], str] = _migrate
    check: Callable[[Config], list[str]] = _check
    add_member: Callable[[Config, NewMember], str] = _add_member
    add_workspace: Callable[[Config, NewWorkspace], str] = _add_workspace
    set_link_base: Callable[[Config, LinkBase], str] = _set_link_base
    add_account: Callable[[Config, NewAccount], str] = _add_account
    add_number: Callable[[Config, NewNumber], str] = _add_number
    add_token: Callable[[Config, TokenWish], str] = _add_token
    list_numbers: Callable[[Config], str] = _list_numbers
    set_number: Callable[[Config, NumberChange], str] = _set_number
    set_account: Callable[[Config, str, float | None, int | None], str] = _set_account
    set_brand: Callable[[Config, BrandCap], str] = _set_brand
    set_registration: Callable[[Config, RegistrationRate], str] = _set_registration
    list_limits: Callable[[Config], str] = _list_limits
    list_servers: Callable[[Config], str] = _list_servers
    hand_over: Callable[[Config, int], str] = _hand_over
    simulate: Callable[[list[str]], int] = _simulate
