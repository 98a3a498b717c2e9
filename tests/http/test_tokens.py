"""API tokens: shown once, held to their scopes and their pace, and ended for good."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from server.app.identity import SocketIdentity
from server.domain.scopes import Scope
from server.http.app import _routes, create_app
from server.http.call import Answer, Call, token_hash
from server.http.rules import MEMBER, Routes
from server.http.scopes import OF_ROUTE, RouteWithoutScope, scope_of
from server.ws.handshake import Upgrade
from tests.http.house import NOW, House, Told
from tests.http.office import Office


async def made(office: Office, *scopes: str, per_minute: int = 1200) -> Any:
    dana = await office.dana()
    told = await dana.post("/api/v1/tokens", {"name": "Dialer", "scopes": list(scopes), "per_minute": per_minute})
    assert told.status == 201, told.body
    return told.json


async def asked(office: Office, token: str, method: str, path: str, body: bytes = b"", **more: str) -> Told:
    """As a program asks: no cookie, no origin, no header of ours."""
    headers = {"Host": "127.0.0.1:8765", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return await office.house.browser().raw(method, path, headers | more, body)


def upgrade(target: str) -> Any:
    no_socket: Any = None
    return Upgrade(no_socket, target.encode(), [(b"host", b"127.0.0.1:8765")], b"", "127.0.0.1")


async def test_a_token_acts_for_its_maker_without_a_cookie(office: Office) -> None:
    token = await made(office, "read")
    answer = await asked(office, token["token"], "GET", "/api/v1/me")
    assert (answer.status, answer.json["member"]["name"]) == (200, "Dana Whitfield")


async def test_a_token_is_shown_once_and_stored_as_its_hash(office: Office) -> None:
    token = await made(office, "read", "send")
    assert token["token"].startswith("tl_")
    [row] = await office.sql("SELECT to_jsonb(t) AS whole, token_hash FROM api_token t")
    assert row["token_hash"] == token_hash(token["token"])
    assert token["token"] not in row["whole"]
    [listed] = (await (await office.dana()).get("/api/v1/tokens")).json["tokens"]
    assert "token" not in listed
    assert (listed["name"], listed["scopes"], listed["last_used_at"]) == ("Dialer", ["read", "send"], None)
    [audit] = await office.sql("SELECT action, detail::text FROM audit WHERE action = 'token_made'")
    assert token["token"] not in audit["detail"]


async def test_when_a_token_was_used_last_is_shown(office: Office) -> None:
    token = await made(office, "read")
    await asked(office, token["token"], "GET", "/api/v1/me")
    [listed] = (await (await office.dana()).get("/api/v1/tokens")).json["tokens"]
    assert listed["last_used_at"] == NOW.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        pytest.param("GET", "/api/v1/threads", "read", id="reading"),
        pytest.param("POST", "/api/v1/messages", "send", id="a text to one"),
        pytest.param("POST", "/api/v1/messages/batch", "campaigns", id="texts to several"),
        pytest.param("POST", "/api/v1/contacts", "people", id="a contact"),
        pytest.param("POST", "/api/v1/calls", "dialer", id="a call"),
    ],
)
async def test_a_token_reaches_what_its_scopes_name_and_nothing_else(
    office: Office, method: str, path: str, scope: str
) -> None:
    without = await made(office, *[one for one in Scope if one != scope])
    answer = await asked(office, without["token"], method, path, b"{}")
    assert (answer.status, answer.json["code"]) == (403, "scope")
    allowed = await made(office, scope)
    answer = await asked(office, allowed["token"], method, path, b"{}")
    assert answer.status in {200, 422}, "let in, whatever it thinks of the body"


async def test_no_token_makes_or_revokes_tokens(office: Office) -> None:
    token = await made(office, *Scope)
    for method, path in (("GET", "/api/v1/tokens"), ("POST", "/api/v1/tokens"), ("DELETE", "/api/v1/tokens/1")):
        answer = await asked(office, token["token"], method, path, b"{}")
        assert (answer.status, answer.json["code"]) == (403, "people_only")


async def test_a_revoked_token_is_worth_nothing_and_its_sockets_are_ended(office: Office) -> None:
    token, dana = await made(office, "read"), await office.dana()
    for _ in range(2):
        assert (await dana.delete(f"/api/v1/tokens/{token['id']}")).status == 204
    answer = await asked(office, token["token"], "GET", "/api/v1/me")
    assert (answer.status, answer.json["code"]) == (401, "bad_token")
    assert token_hash(token["token"]) in office.house.ended
    [audits] = await office.sql("SELECT count(*) AS n FROM audit WHERE action = 'token_revoked'")
    assert audits["n"] == 1


async def test_a_token_ends_with_its_member(office: Office) -> None:
    token = await made(office, "read")
    await office.sql("UPDATE member SET disabled_at = now() WHERE name = 'Dana Whitfield'")
    assert (await asked(office, token["token"], "GET", "/api/v1/me")).status == 401


async def test_who_shows_a_token_is_not_taken_for_whoever_has_the_cookie(office: Office) -> None:
    dana = await office.dana()
    assert (await dana.get("/api/v1/me", Authorization="Bearer tl_wrong")).status == 401


async def test_another_site_gains_nothing_by_claiming_to_have_a_token(office: Office) -> None:
    """Where no login is needed nothing is excused: the log-in of a visitor cannot be swapped."""
    headers = {"Host": "127.0.0.1:8765", "Authorization": "Bearer x", "Origin": "https://evil.example"}
    answer = await office.house.browser().raw("POST", "/api/v1/login", headers, b"{}")
    assert (answer.status, answer.json["code"]) == (403, "forgery")


async def test_a_token_may_ask_only_so_often(office: Office) -> None:
    token, other = await made(office, "read", per_minute=60), await made(office, "read", per_minute=60)
    answers = [await asked(office, token["token"], "GET", "/api/v1/me") for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) == 1
    assert (await asked(office, other["token"], "GET", "/api/v1/me")).status == 200, "another one has its own"
    office.house.clock.time += 1
    assert (await asked(office, token["token"], "GET", "/api/v1/me")).status == 200


async def test_tokens_of_another_workspace_are_not_there(office: Office) -> None:
    token, eve = await made(office, "read"), await office.eve()
    assert (await eve.get("/api/v1/tokens")).json["tokens"] == []
    assert (await eve.delete(f"/api/v1/tokens/{token['id']}")).status == 404
    assert (await asked(office, token["token"], "GET", "/api/v1/me")).status == 200


async def test_an_agent_makes_no_tokens(office: Office) -> None:
    raj = await office.raj()
    assert (await raj.post("/api/v1/tokens", {"name": "x", "scopes": ["read"]})).status == 403


# Tickets


async def ticket_of(office: Office, token: str) -> str:
    answer = await asked(office, token, "POST", "/api/v1/tickets")
    assert (answer.status, answer.json["expires_in_s"]) == (201, 30)
    ticket: str = answer.json["ticket"]
    return ticket


def identity(office: Office) -> SocketIdentity:
    deps = office.house.deps
    return SocketIdentity(deps.config, deps.people, deps.tokens, office.house.clock)


async def test_a_ticket_opens_one_socket_with_the_scopes_of_its_token(office: Office) -> None:
    token = await made(office, "read", "dialer")
    wanted = upgrade(f"/ws?ticket={await ticket_of(office, token['token'])}")
    assert identity(office).origin_allowed(wanted)
    login = await identity(office).authenticate(wanted)
    assert login is not None
    assert login.member.name == "Dana Whitfield"
    assert login.scopes == frozenset({Scope.READ, Scope.DIALER})
    assert login.token_hash == token_hash(token["token"]), "so that revoking it closes the socket"
    assert await identity(office).authenticate(wanted) is None, "once"


async def test_a_ticket_is_worth_nothing_after_half_a_minute_or_a_revocation(office: Office) -> None:
    token = await made(office, "read")
    late, revoked = [await ticket_of(office, token["token"]) for _ in range(2)]
    office.house.clock.real_time += timedelta(seconds=31)
    assert await identity(office).authenticate(upgrade(f"/ws?ticket={late}")) is None
    office.house.clock.real_time -= timedelta(seconds=31)
    await (await office.dana()).delete(f"/api/v1/tokens/{token['id']}")
    assert await identity(office).authenticate(upgrade(f"/ws?ticket={revoked}")) is None


async def test_a_wrong_ticket_does_not_fall_back_to_the_cookie(office: Office) -> None:
    """A ticket excuses the look at the origin: with a cookie it would let another site's page in."""
    await office.house.logged_in()
    [hashed] = office.house.people.sessions
    office.house.people.sessions[token_hash("known")] = office.house.people.sessions[hashed]
    wanted = upgrade("/ws?ticket=")
    wanted.headers.append((b"cookie", b"threadline=known"))
    assert await identity(office).authenticate(wanted) is None
    assert await identity(office).authenticate(upgrade("/ws")) is None


# The build


def test_every_route_that_wants_a_login_says_which_scope_it_needs(house: House) -> None:
    routes = list(_routes(house.deps))
    scopes = {scope_of(route) for route in routes if route.rule.rank is not None}
    assert scopes >= {None, Scope.READ, Scope.SEND, Scope.PEOPLE, Scope.CAMPAIGNS}
    assert set(OF_ROUTE) <= {route.endpoint for route in routes}, "an exception names a route that is there"


def test_an_app_with_a_resource_that_names_no_scope_does_not_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = Routes("novelty")

    @routes.get("/api/v1/novelty", MEMBER)
    async def novelty(call: Call) -> Answer:
        return Answer()

    known = list(_routes(house.deps))

    def more(_: object) -> Iterable[Any]:
        return [*known, *routes.declared]

    monkeypatch.setattr("server.http.app._routes", more)
    with pytest.raises(RouteWithoutScope, match="/api/v1/novelty"):
        create_app(house.deps)
