"""Logging in and out, and who I am. A session is a random token in a cookie; its SHA-256 alone is stored."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from quart import request

from server.domain.roles import Deed, Role, deeds_of
from server.http.call import Answer, Call, cookie_name, token_hash
from server.http.errors import Problem
from server.http.rules import MEMBER, PUBLIC, Routes
from server.http.throttle import throttle_key
from server.ports import Member, Workspace

routes = Routes("auth")

_TOKEN_BYTES: Final = 32


class LoginIn(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: str = Field(min_length=3, max_length=254)
    password: str = Field(min_length=1, max_length=1024, repr=False)


class MemberOut(BaseModel):
    id: int
    name: str
    email: str
    role: Role


class WorkspaceOut(BaseModel):
    id: int
    name: str
    simulated: bool


class MeOut(BaseModel):
    member: MemberOut
    workspace: WorkspaceOut
    may: list[Deed]
    """What the role allows of what not everybody may do; pages offer nothing else."""
    now: datetime
    """What the server's wall clock shows: in a simulation it is not the browser's."""


def me_out(member: Member, workspace: Workspace, now: datetime) -> MeOut:
    return MeOut(
        now=now,
        may=deeds_of(member.role),
        member=MemberOut(id=member.member_id, name=member.name, email=member.email, role=member.role),
        workspace=WorkspaceOut(id=workspace.workspace_id, name=workspace.name, simulated=workspace.simulated),
    )


@routes.post("/api/v1/login", PUBLIC, body=LoginIn, answers={200: MeOut})
async def login(call: Call, body: LoginIn) -> Answer:
    """Log in; the session comes as a cookie."""
    email = body.email.strip().lower()
    address = throttle_key(str(call.address))
    wait_s = await call.deps.login_tries.take(address, email)
    if wait_s is not None:
        call.deps.count_login("too_often")
        raise _too_often(wait_s)
    found = await call.deps.people.credentials(email)
    if not await call.deps.passwords.fits(body.password, found[1] if found else None) or found is None:
        call.deps.count_login("wrong")
        raise Problem(401, "wrong_login", "The e-mail address or the password is wrong.")
    await call.deps.login_tries.give_back(address, email)
    return await _opened(call, found[0])


@routes.post("/api/v1/logout", PUBLIC, answers={204: None})
async def logout(call: Call) -> Answer:
    """Log out; without a session this does nothing."""
    token = request.cookies.get(cookie_name(call.deps.config))
    if token:
        await call.deps.people.close_session(token_hash(token))
        call.deps.session_ended(token_hash(token))
    return Answer(status=204, cookie="")


@routes.get("/api/v1/me", MEMBER, answers={200: MeOut})
async def me(call: Call) -> Answer:
    """Who is logged in, and where."""
    return Answer(me_out(call.member, call.logged_in.workspace, call.deps.clock.wall()))


async def _opened(call: Call, member: Member) -> Answer:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now, people = call.deps.now(), call.deps.people
    expires_at = now + call.deps.config.session_lifetime
    await people.open_session(member.member_id, token_hash(token), expires_at, str(call.address), call.agent)
    session = await people.session(token_hash(token), now)
    if session is None:  # the member was disabled in between
        raise Problem(401, "wrong_login", "The e-mail address or the password is wrong.")
    detail: dict[str, Any] = {"ip": str(call.address)}
    call.deps.count_login("right")
    await people.audit(member.workspace_id, member.member_id, "login", detail)
    return Answer(me_out(*session, call.deps.clock.wall()), cookie=token)


def _too_often(wait_s: int) -> Problem:
    sentence = f"Too many tries. Wait {wait_s} seconds and try again."
    return Problem(429, "too_often", sentence, headers={"Retry-After": str(wait_s)})
