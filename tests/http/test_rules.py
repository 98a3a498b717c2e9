"""Every route says who may call it, and nobody else can."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest

from server.config import load_config
from server.http.app import _routes, create_app
from server.http.call import Answer, Call
from server.http.rules import MANAGER, MEMBER, OWNER, PUBLIC, Route, Routes, RouteWithoutRule, Rule, check_rules
from server.ports import Member
from tests.http.house import DANA, EVE, RAJ, House

UNKNOWN = 2**63 - 1
BODIES = {
    "/api/v1/threads/200/messages": {"cmd_id": "0198c1a2-0000-7000-8000-000000000001", "body": "Hello"},
    "/api/v1/threads/200/read": {"up_to": 1},
    "/api/v1/review/20": {"decision": "wrong_number"},
}


def every_route(house: House) -> list[Route]:
    return list(_routes(house.deps))


def path_of(route: Route, thread_id: int) -> str:
    """Review 10 goes with thread 100, review 20 with thread 200."""
    path = route.path.replace(f"<int(max={UNKNOWN}):thread_id>", str(thread_id))
    path = path.replace(f"<int(max={UNKNOWN}):review_id>", str(thread_id // 10))
    return re.sub(r"<[^>]*>", "7", path)


def test_an_app_with_a_route_that_declares_no_rule_does_not_start(house: House) -> None:
    app = create_app(house.deps)
    declared = {route.endpoint: route for route in every_route(house)}
    check_rules(app, declared)

    async def forgotten() -> str:
        return "anybody can read this"

    app.add_url_rule("/api/v1/forgotten", view_func=forgotten)
    with pytest.raises(RouteWithoutRule, match="/api/v1/forgotten does not say who may call it"):
        check_rules(app, declared)


async def test_a_route_added_after_the_app_was_made_is_found_when_it_starts(house: House) -> None:
    app = house.app

    async def forgotten() -> str:
        return "anybody can read this"

    app.add_url_rule("/api/v1/forgotten", view_func=forgotten)
    with pytest.raises(RouteWithoutRule):
        await app.startup()


async def test_no_route_that_wants_a_login_answers_a_stranger(house: House) -> None:
    browser = house.browser()
    closed = [route for route in every_route(house) if route.rule.rank is not None]
    assert len(closed) >= 7
    for route in closed:
        path = path_of(route, 100)
        answer = await browser.ask(route.method, path, {})
        assert (answer.status, answer.json["code"]) == (401, "not_logged_in"), route.endpoint


async def test_no_route_shows_or_changes_anything_of_another_workspace(house: House) -> None:
    """Thread 200 and its review are there, in the other workspace; every route that names either is tried."""
    browser = await house.logged_in(DANA)
    here = {"threads", "review"}  # the other parts are tried over the real store, each beside its own tests
    named = [route for route in every_route(house) if route.tag in here and "_id>" in route.path]
    assert len(named) >= 3
    for route in named:
        path = path_of(route, 200)
        answer = await browser.ask(route.method, path, BODIES.get(path))
        assert (answer.status, answer.json["code"]) == (404, "not_found"), route.endpoint
        theirs = await house.logged_in(EVE)
        answer = await theirs.ask(route.method, path, BODIES.get(path))
        assert answer.status < 300, "the same is there for those it belongs to"
    assert 200 not in [row["thread_id"] for row in (await browser.get("/api/v1/threads")).json["rows"]]


@pytest.mark.parametrize(
    ("rule", "member", "allowed"),
    [
        pytest.param(MEMBER, RAJ, True, id="an agent where members may"),
        pytest.param(MANAGER, RAJ, False, id="an agent where managers may"),
        pytest.param(OWNER, RAJ, False, id="an agent where owners may"),
        pytest.param(OWNER, DANA, True, id="an owner where owners may"),
    ],
)
async def test_a_role_is_enough_or_it_is_not(
    house: House, monkeypatch: pytest.MonkeyPatch, rule: Rule, member: Member, allowed: bool
) -> None:
    routes = Routes("threads")

    @routes.get("/api/v1/extra", rule)
    async def extra(call: Call) -> Answer:
        return Answer({"name": call.member.name})

    known = every_route(house)
    monkeypatch.setattr("server.http.app._routes", lambda deps: [*known, *routes.declared])
    browser = await house.logged_in(member)
    answer = await browser.get("/api/v1/extra")
    assert answer.status == (200 if allowed else 403)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X_CSRF": ""}, id="without the header that only scripts can set"),
        pytest.param({"Origin": ""}, id="without an origin"),
        pytest.param({"Origin": "https://evil.example"}, id="from another site"),
        pytest.param({"Origin": "http://127.0.0.1:3000"}, id="from another port of this machine"),
        pytest.param({"Origin": "null"}, id="from a sandboxed frame"),
    ],
)
async def test_a_change_must_come_from_our_own_pages(house: House, headers: dict[str, str]) -> None:
    browser = await house.logged_in()
    answer = await browser.post("/api/v1/threads/100/read", {"up_to": 1}, **headers)
    assert (answer.status, answer.json["code"]) == (403, "forgery")
    assert (await browser.post("/api/v1/threads/100/read", {"up_to": 1})).status == 200


async def test_a_rebound_dns_name_reaches_nothing_of_the_api(house: House) -> None:
    answer = await house.browser().get("/api/v1/demo", Host="evil.example:8765")
    assert (answer.status, answer.json["code"]) == (421, "wrong_host")


async def test_a_forwarded_host_is_never_believed(house: House) -> None:
    browser = await house.logged_in()
    answer = await browser.post(
        "/api/v1/threads/100/read", {"up_to": 1}, Origin="https://evil.example", X_Forwarded_Host="evil.example"
    )
    assert answer.status == 403


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        pytest.param("127.0.0.1", {}, 200, id="this machine"),
        pytest.param("198.51.100.7", {}, 403, id="another machine"),
        pytest.param("127.0.0.1", {"X_Forwarded_For": "198.51.100.7"}, 403, id="the world through a proxy not named"),
        pytest.param("127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}, 403, id="a liar through a proxy not named"),
    ],
)
async def test_the_figures_are_for_this_machine(house: House, peer: str, headers: dict[str, str], status: int) -> None:
    assert (await house.browser(peer).get("/metrics", **headers)).status == status


async def test_the_figures_stay_closed_to_the_world_behind_a_trusted_proxy(house: House) -> None:
    house.configure(house.deps.config.model_copy(update={"trusted_proxies": (ip_network("127.0.0.1/32"),)}))
    assert (await house.browser().get("/metrics", X_Forwarded_For="198.51.100.7")).status == 403
    assert (await house.browser().get("/metrics")).status == 200


def test_every_rule_of_the_real_app_is_one_of_the_known(house: House) -> None:
    assert {route.rule for route in every_route(house)} >= {PUBLIC, MEMBER}


def test_a_real_server_is_made_as_well(house: House) -> None:
    house.configure(load_config("serve", {"DATABASE_URL": "postgresql:///x", "PUBLIC_URL": "https://sms.example.com"}))
    assert house.app
