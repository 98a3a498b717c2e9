"""API tokens: made, shown once, listed and revoked; and the ticket by which the holder of one opens a socket."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from server.domain.roles import Deed
from server.domain.scopes import Scope
from server.http.call import Answer, Call, token_hash
from server.http.errors import not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes, whoever_may
from server.ports.tokens import NewToken, Token

PREFIX: Final = "tl_"  # so that a scanner of leaked secrets can know one
PER_MINUTE: Final = 1200
_RANDOM_BYTES: Final = 32
_TICKET_FOR: Final = timedelta(seconds=30)

PROGRAMS: Final = whoever_may(Deed.CONNECT_PROGRAMS)
routes: Final = Routes("tokens")
ticket_routes: Final = Routes("tickets")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class ApiTokenIn(BaseModel):
    """`per_minute`: how many requests; an eighth of them may come at once."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    scopes: set[Scope] = Field(min_length=1)
    per_minute: int = Field(default=PER_MINUTE, ge=1, le=60_000)


class ApiTokenOut(BaseModel):
    """`hint` is the token's end, by which people tell it from others. `member`: whom it acts for."""

    id: int
    name: str
    hint: str
    scopes: list[Scope]
    per_minute: int
    member: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewApiTokenOut(ApiTokenOut):
    """`token` is shown this once and is stored nowhere."""

    token: str


class ApiTokensOut(BaseModel):
    tokens: list[ApiTokenOut]


class TicketOut(BaseModel):
    """Open `/ws?ticket=…` with it, once, within `expires_in_s`."""

    ticket: str
    expires_in_s: int


def new_token(name: str, scopes: frozenset[Scope], per_minute: int = PER_MINUTE) -> tuple[str, NewToken]:
    """A token, and what is stored of it. It is random, 256 bits: it needs no slow hash."""
    token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    return token, NewToken(name, token_hash(token), token[-4:], scopes, per_minute)


@routes.get("/api/v1/tokens", PROGRAMS, answers={200: ApiTokensOut})
async def tokens(call: Call) -> Answer:
    """The workspace's API tokens, the newest first, revoked ones too."""
    found = await call.deps.tokens.all(call.member.workspace_id)
    return Answer(ApiTokensOut(tokens=[ApiTokenOut(**_told(token)) for token in found]))


@routes.post("/api/v1/tokens", PROGRAMS, body=ApiTokenIn, answers={201: NewApiTokenOut})
async def add_token(call: Call, body: ApiTokenIn) -> Answer:
    """Make a token that acts for you within its scopes. It is shown in this answer and never again."""
    token, new = new_token(body.name, frozenset(body.scopes), body.per_minute)
    added = await call.deps.tokens.add(call.member.workspace_id, call.member.member_id, new)
    return Answer(NewApiTokenOut(**_told(added), token=token), 201)


@routes.delete(f"/api/v1/tokens/{part('token_id')}", PROGRAMS, answers={204: None})
async def revoke_token(call: Call, token_id: int) -> Answer:
    """End a token for good. Its sockets are closed; safe to repeat."""
    member = call.member
    ended = await call.deps.tokens.revoke(member.workspace_id, token_id, member.member_id, call.deps.now())
    if ended is None:
        raise not_found()
    call.deps.session_ended(ended)
    return Answer(status=204)


@ticket_routes.post("/api/v1/tickets", MEMBER, answers={201: TicketOut})
async def open_ticket(call: Call) -> Answer:
    """A ticket that opens one socket for the holder of this token."""
    token_id, now = call.logged_in.token_id, call.deps.now()
    if token_id is None:
        raise not_found()  # who has logged in needs none
    ticket = secrets.token_urlsafe(_RANDOM_BYTES)
    await call.deps.tokens.open_ticket(token_id, token_hash(ticket), now, now + _TICKET_FOR)
    return Answer(TicketOut(ticket=ticket, expires_in_s=int(_TICKET_FOR.total_seconds())), 201)


def _told(token: Token) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "name": token.name,
        "hint": token.hint,
        "scopes": sorted(token.scopes),
        "per_minute": token.per_minute,
        "member": token.member,
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
