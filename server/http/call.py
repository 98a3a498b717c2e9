"""The one way into a route and out of it: host, origin, session and rule are settled before a handler sees anything."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError
from quart import Response, request

from server.config import Config
from server.domain.roles import RANKS
from server.http.addresses import client_address
from server.http.body import raw_body, whole_body
from server.http.deps import Deps
from server.http.errors import Problem, invalid
from server.http.rules import Route, Rule
from server.http.scopes import ANY, scope_of
from server.ports import Member, Workspace

SAFE: Final = frozenset({"GET", "HEAD"})


def cookie_name(config: Config) -> str:
    """`__Host-` makes browsers refuse the cookie from a sub-domain or over plain HTTP; it needs `Secure`."""
    return "__Host-threadline" if config.https else "threadline"


def token_hash(token: str) -> bytes:
    """What is stored of a session's token. It is random, 256 bits: it needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks. `token_id`: by an API token and not by a login of theirs; `token_hash` is of either."""

    member: Member
    workspace: Workspace
    token_hash: bytes
    token_id: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request that passed its rule. `member` and `workspace_id` may be asked only where the rule wants a login."""

    deps: Deps
    address: IPv4Address | IPv6Address | None
    agent: str
    session: Session | None = None

    @property
    def logged_in(self) -> Session:
        assert self.session is not None, "the rule of this route lets strangers in"  # noqa: S101 - a bug of ours
        return self.session

    @property
    def member(self) -> Member:
        return self.logged_in.member


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler gives: a model or a plain mapping, encoded once. `cookie` sets the session's, "" ends it."""

    told: BaseModel | Mapping[str, Any] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie: str | None = None


def bind(route: Route, deps: Deps) -> Callable[..., Awaitable[Response]]:
    """The view of *route*: everything that is the same for all of them, then its handler."""

    async def view(**path: Any) -> Response:
        call = await _admit(route, deps)
        if route.query is not None:
            path["query"] = _checked(route.query, request.args.to_dict())
        if route.raw_body_limit is not None:
            path["body"] = raw_body(route.raw_body_limit)
        elif route.body is not None:
            path["body"] = await _body(route.body, route.json_limit)
        answer = await route.handler(call, **path)
        return answer if isinstance(answer, Response) else _render(answer, deps.config)

    return view


async def _admit(route: Route, deps: Deps) -> Call:
    host = request.headers.get("Host")
    if request.path.startswith("/api/") and not deps.config.allows_host(host):
        raise Problem(421, "wrong_host", "This server is not known by that name.")
    bearer = _bearer() if route.rule.rank is not None else None
    if request.method not in SAFE and bearer is None:  # no page of another site can set that header for its visitors
        _refuse_forgery(deps.config, host)
    address = client_address(
        request.remote_addr or "", request.headers.getlist("X-Forwarded-For"), deps.config.trusted_proxies
    )
    if route.rule.this_machine:
        _refuse_elsewhere(address, deps.config)
    session = await (_session(route.rule, deps) if bearer is None else _program(route, deps, bearer))
    if session is not None and session.member.narrowed:
        deps = replace(deps, **deps.narrowed(session.member.member_id))
    call = Call(deps, address, request.headers.get("User-Agent", "")[:200], session)
    if route.rule.rank is not None and RANKS[call.member.role] < route.rule.rank:
        raise Problem(403, "role", f"Only {route.rule.who} may do this.")
    return call


def _refuse_forgery(config: Config, host: str | None) -> None:
    # SameSite=Lax alone does not keep a sibling domain's page or another port of this machine out
    if request.headers.get("X-CSRF") != "1" or not config.allows_origin(request.headers.get("Origin"), host):
        raise Problem(403, "forgery", "This request did not come from Threadline's own pages.")


def _refuse_elsewhere(address: IPv4Address | IPv6Address | None, config: Config) -> None:
    # a proxy on this machine that is not trusted would make the whole world look local
    forwarded = not config.trusted_proxies and ("X-Forwarded-For" in request.headers or "Forwarded" in request.headers)
    if forwarded or address is None or not address.is_loopback:
        raise Problem(403, "elsewhere", "Only this machine may ask for that.")


async def _session(rule: Rule, deps: Deps) -> Session | None:
    if rule.rank is None:
        return None
    token = request.cookies.get(cookie_name(deps.config))
    found = await deps.people.session(token_hash(token), deps.now()) if token else None
    if token is None or found is None:
        raise Problem(401, "not_logged_in", "Log in first.")
    return Session(*found, token_hash(token))


def _bearer() -> str | None:
    """The token of a program. Whoever shows one is taken for a program, whatever cookies came along."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def _program(route: Route, deps: Deps, token: str) -> Session:
    hashed = token_hash(token)
    found = await deps.tokens.bearer(hashed, deps.now())
    if found is None:
        challenge = {"WWW-Authenticate": "Bearer"}
        raise Problem(401, "bad_token", "This token is not valid, or was revoked.", headers=challenge)
    wait_s = deps.token_pace.take(found.token_id, found.per_minute)
    if wait_s is not None:
        sentence = f"This token may ask {found.per_minute} times a minute. Wait {wait_s} seconds."
        raise Problem(429, "too_often", sentence, headers={"Retry-After": str(wait_s)})
    scope = scope_of(route)
    if scope is None:
        raise Problem(403, "people_only", "Only a person who has logged in may do this, no token.")
    if scope != ANY and scope not in found.scopes:
        raise Problem(403, "scope", f"This token lacks the scope {scope}.")
    return Session(found.member, found.workspace, hashed, found.token_id)


def _checked(model: type[BaseModel], values: object) -> BaseModel:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(error) from None


async def _body(model: type[BaseModel], limit: int) -> BaseModel:
    if request.mimetype != "application/json":
        raise Problem(415, "not_json", "The body must be JSON (Content-Type: application/json).")
    try:
        return model.model_validate_json(await whole_body(limit))
    except ValidationError as error:
        raise invalid(error) from None


def _plain(value: object) -> str:
    if isinstance(value, UUID):  # the database driver's own subclass, which orjson does not take
        return str(value)
    raise TypeError(type(value).__name__)


def _render(answer: Answer, config: Config) -> Response:
    told = answer.told.model_dump() if isinstance(answer.told, BaseModel) else answer.told
    payload = b"" if told is None else orjson.dumps(told, default=_plain, option=orjson.OPT_UTC_Z)
    response = Response(payload, answer.status, content_type="application/json" if payload else None)
    response.headers.update(answer.headers)
    if answer.cookie is not None:
        response.set_cookie(
            cookie_name(config),
            answer.cookie,
            max_age=int(config.session_lifetime.total_seconds()) if answer.cookie else 0,
            secure=config.https,
            httponly=True,
            samesite="Lax",
            path="/",
        )
    return response
