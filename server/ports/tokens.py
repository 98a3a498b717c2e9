"""API tokens: who a program acts for, and what it may. Of a token and a ticket only the SHA-256 is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.domain.scopes import Scope
from server.ports import Member, Workspace


@dataclass(frozen=True, slots=True)
class NewToken:
    """`hint` is what may be shown of it for ever: its last characters."""

    name: str
    token_hash: bytes
    hint: str
    scopes: frozenset[Scope]
    per_minute: int


@dataclass(frozen=True, slots=True)
class Token:
    token_id: int
    name: str
    hint: str
    scopes: frozenset[Scope]
    per_minute: int
    member_id: int
    member: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a valid token acts for."""

    token_id: int
    member: Member
    workspace: Workspace
    scopes: frozenset[Scope]
    per_minute: int


class Tokens(Protocol):
    async def add(self, workspace_id: int, member_id: int, new: NewToken) -> Token:
        """Audited in the same transaction."""

    async def all(self, workspace_id: int) -> Sequence[Token]:
        """The newest first, revoked ones too."""

    async def revoke(self, workspace_id: int, token_id: int, member_id: int | None, now: datetime) -> bytes | None:
        """The hash of the token, to end what it has open; None where there is none. Safe to repeat; audited once."""

    async def bearer(self, token_hash: bytes, now: datetime) -> Bearer | None:
        """Notes the use, once a minute."""

    async def open_ticket(self, token_id: int, ticket_hash: bytes, now: datetime, expires_at: datetime) -> None: ...

    async def redeem(self, ticket_hash: bytes, now: datetime) -> tuple[Bearer, bytes] | None:
        """Who opens a socket, and the hash of their token. A second time there is nobody."""
