"""What the commands call. Imported when it is asked for: `--help` should not wait for a database driver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.config import Config

if TYPE_CHECKING:
    from server.admin import NewAccount, NewMember, NewNumber, NewWorkspace

OnReady = Callable[[str], None]
"""Called with the server's URL once it listens."""


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


def _add_workspace(config: Config, new: NewWorkspace) -> str:
    from server.admin import add_workspace

    return add_workspace(config, new)


def _add_account(config: Config, new: NewAccount) -> str:
    from server.admin import add_account

    return add_account(config, new)


def _add_number(config: Config, new: NewNumber) -> str:
    from server.admin import add_number

    return add_number(config, new)


def _list_numbers(config: Config) -> str:
    from server.admin import list_numbers

    return list_numbers(config)


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
    add_workspace: Callable[[Config, NewWorkspace], str] = _add_workspace
    add_account: Callable[[Config, NewAccount], str] = _add_account
    add_number: Callable[[Config, NewNumber], str] = _add_number
    list_numbers: Callable[[Config], str] = _list_numbers
    simulate: Callable[[list[str]], int] = _simulate
