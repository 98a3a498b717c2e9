"""What the HTTP layer needs from the rest of the server, as ports; the composition root fills it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from server.config import Config
from server.domain.messages import ReadMark
from server.http.passwords import Passwords
from server.http.rules import Role
from server.observe import Metrics
from server.ports import Clock, EnqueueResult, Inbox, Member, People
from server.ws.encode import Explain
from server.ws.protocol import Send


class CommandsBusy(Exception):
    """The thread cannot take a command now (its mailbox is full, or no answer came in time). Try the same id again."""


class ThreadCommands(Protocol):
    """What a member may do in a thread. Each checks the member's workspace and is safe to repeat.

    Each may raise CommandsBusy or StoreUnavailable; then it may or may not have taken effect.
    """

    async def send(self, member: Member, cmd_id: UUID, send: Send) -> EnqueueResult: ...

    async def mark_read(self, member: Member, thread_id: int, up_to: int) -> ReadMark | None:
        """None where the thread is not there for this member."""

    async def mark_unread(self, member: Member, thread_id: int, from_ord: int) -> ReadMark | None:
        """None where the thread is not there for this member."""

    async def release(self, member: Member, thread_id: int, seq: int, send: bool) -> bool:
        """False where no held message is there under that number."""

    async def typing(self, member: Member, thread_id: int, typing: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A member of the demo with the password that everybody may know; never of a real workspace."""

    email: str
    password: str = field(repr=False)
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class DemoFacts:
    logins: tuple[DemoLogin, ...]
    simulator_url: str


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything that the routes use.

    `unready` gives None once all parts work, else a sentence. `session_ended` hears the token's hash after a log-out,
    to close that session's sockets. `explain` puts an error's class and code into words. `demo` is None on a real
    server. A login ends by the clock's real time: a simulated wall clock neither ends nor prolongs it.
    """

    config: Config
    clock: Clock
    people: People
    inbox: Inbox
    commands: ThreadCommands
    passwords: Passwords
    metrics: Metrics
    client_files: Path
    actor_tree: Callable[[], Mapping[str, Any]]
    pace: Callable[[], Mapping[str, Any]]
    unready: Callable[[], str | None]
    session_ended: Callable[[bytes], None]
    explain: Explain
    demo: DemoFacts | None = None
