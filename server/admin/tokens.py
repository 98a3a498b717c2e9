"""API tokens for programs, made at the command line."""

from __future__ import annotations

from dataclasses import dataclass

from server.admin.database import AdminError, in_store
from server.config import Config
from server.domain.scopes import Scope
from server.http.tokens import PER_MINUTE, new_token
from server.store.store import Store


@dataclass(frozen=True, slots=True)
class TokenWish:
    """`email` is that of the member whom the token acts for."""

    name: str
    email: str
    scopes: frozenset[Scope]
    per_minute: int = PER_MINUTE


def add_token(config: Config, wish: TokenWish) -> str:
    """The token itself, which is stored nowhere. Raises AdminError and as `migrate`."""

    async def work(store: Store) -> str:
        found = await store.people.credentials(wish.email.strip().lower())
        if found is None:
            raise AdminError(f"Nobody with the address {wish.email} can log in.")
        token, new = new_token(wish.name, wish.scopes, wish.per_minute)
        await store.tokens.add(found[0].workspace_id, found[0].member_id, new)
        return token

    return in_store(config, work)
