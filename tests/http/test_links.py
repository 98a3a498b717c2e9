"""Short links in a browser: who is sent on, where to, and what is heard of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

import pytest
import trio

from server.domain.campaigns.clicks import Bot
from server.domain.campaigns.links import OURS
from server.http import links as links_module
from server.http.app import _routes
from server.ports import StoreUnavailable
from server.ports.links import TargetClicks, Visit, Visited
from tests.http.house import DANA, Browser, House, Told

TOKEN = "0123456789A"
URL = "https://acme.example/tour?a=1&b=%20#top"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"


@dataclass
class FakeLinks:
    urls: dict[str, str] = field(default_factory=lambda: {TOKEN: URL})
    failure: Exception | None = None
    asleep: bool = False
    asked: list[str] = field(default_factory=list)

    async def target(self, token: str) -> str | None:
        self.asked.append(token)
        if self.failure:
            raise self.failure
        if self.asleep:
            await trio.sleep_forever()
        return self.urls.get(token)

    async def sent_at(self, tokens: Sequence[str]) -> Mapping[str, datetime]:
        raise NotImplementedError

    async def record(self, visits: Sequence[Visit]) -> None:
        raise NotImplementedError

    async def clicks(self, workspace_id: int, campaign_id: int, limit: int) -> Sequence[TargetClicks] | None:
        one = TargetClicks(URL, 9, 2, 3, {Bot.KNOWN_BOT: 4, Bot.METHOD: 1})
        return [one] if (workspace_id, campaign_id) == (1, 7) else None


@dataclass
class Links:
    """What visitors and the server see. `visits`: what was heard of them."""

    house: House
    stored: FakeLinks = field(default_factory=FakeLinks)
    visits: list[Visited] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.house.replace(links=self.stored, visited=self.visits.append)

    async def visit(
        self, path: str = f"/l/{TOKEN}", method: str = "GET", peer: str = "203.0.113.7", **more: str
    ) -> Told:
        headers = {"Host": "go.acme.example", "User-Agent": PHONE}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return await self.house.browser(peer).raw(method, path, headers)


@pytest.fixture
def links(house: House) -> Links:
    return Links(house)


async def test_a_link_sends_whoever_has_it_on_to_its_target(links: Links) -> None:
    answer = await links.visit()
    assert (answer.status, answer.headers["Location"], answer.body) == (302, URL, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"/{TOKEN}", id="a base without a path"),
        pytest.param(f"/go/for/it/{TOKEN}", id="a base with a long one"),
        pytest.param("/l/" + quote(f"{TOKEN}👈"), id="a picture right behind it"),
        pytest.param(f"/l/{TOKEN}?utm=1", id="a query that somebody added"),
        pytest.param(f"/l/{TOKEN}.", id="the full stop of its sentence"),
    ],
)
async def test_it_is_found_under_every_base_and_with_what_phones_add(links: Links, path: str) -> None:
    assert (await links.visit(path)).headers["Location"] == URL


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/l/0123456789B", id="a token that nobody made"),
        pytest.param("/l/0123456789B?url=https://evil.example", id="with a target of the visitor's own"),
    ],
)
async def test_an_unknown_token_is_a_page_in_words(links: Links, path: str) -> None:
    answer = await links.visit(path)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"This link leads nowhere." in answer.body
    assert "Location" not in answer.headers
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert links.visits == []


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/l/0123456789AB", id="too long"),
        pytest.param("/l/0123456789", id="too short"),
        pytest.param("/l/", id="none"),
        pytest.param("/l/0123456789\udcff".encode("utf-8", "replace").decode(), id="no letters"),
        pytest.param("/api/v1/0123456789A", id="under the API"),
    ],
)
async def test_what_can_be_no_token_is_not_looked_up(links: Links, path: str) -> None:
    assert (await links.visit(path)).status == 404
    assert links.stored.asked == []


async def test_what_is_declared_by_name_comes_before_links(links: Links) -> None:
    """The list of campaigns is no link, though its page may be called like one."""
    browser = await links.house.logged_in(DANA)
    assert (await browser.get("/sms/campaigns")).body.startswith(b"<!doctype html><div")
    assert (await browser.get("/people/import")).status == 200
    assert (await links.visit("/l/0123456789A", method="DELETE", X_CSRF="1")).status in {403, 405}
    assert links.stored.asked == []


def test_no_workspaces_base_is_where_the_server_has_something_of_its_own(house: House) -> None:
    first = {route.path.split("/")[1] for route in _routes(house.deps)}
    assert {one for one in first if re.fullmatch(r"[\w-]+", one)} <= OURS


async def test_head_is_answered_alike_and_heard_of_as_what_it_is(links: Links) -> None:
    answer = await links.visit(method="HEAD")
    assert (answer.status, answer.headers["Location"]) == (302, URL)
    assert [one.hit.method for one in links.visits] == ["HEAD"]


async def test_of_a_visitor_the_agent_and_what_tells_bots_are_kept_and_no_address(links: Links) -> None:
    await links.visit(Sec_Purpose="prefetch", Accept_Language="es", X_Forwarded_For="198.51.100.9")
    [one] = links.visits
    assert (one.token, one.agent, one.hit.at, one.hit.sent_at) == (TOKEN, PHONE, links.house.clock.wall_time, None)
    assert {name: value for name, value in one.hit.headers.items() if value} == {
        "user-agent": PHONE,
        "sec-purpose": "prefetch",
    }
    assert "203.0.113" not in repr(one)


async def test_long_headers_are_cut(links: Links) -> None:
    assert (await links.visit(User_Agent="x" * 60_000, Sec_Purpose="y" * 60_000)).status == 302
    [one] = links.visits
    assert len(one.agent) == len(one.hit.headers["user-agent"]) == len(one.hit.headers["sec-purpose"]) == 200


async def test_who_was_sent_on_before_is_so_while_the_database_is_away(links: Links) -> None:
    assert (await links.visit()).status == 302
    links.stored.failure = StoreUnavailable("away")
    assert (await links.visit()).headers["Location"] == URL
    assert len(links.visits) == 2
    answer = await links.visit("/l/0123456789B")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert b"cannot be looked up at the moment" in answer.body


async def test_a_database_that_does_not_answer_is_waited_for_no_longer_than_people_wait(
    links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links_module, "LOOKUP_S", 0.0)
    links.stored.asleep = True
    assert (await links.visit()).status == 503


async def test_those_that_were_followed_last_are_known(links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links_module, "KNOWN", 2)
    links.stored.urls = {f"0123456789{last}": URL for last in "ABC"}
    for last in "ABACAB":
        assert (await links.visit(f"/l/0123456789{last}")).status == 302
    assert [token[-1] for token in links.stored.asked] == ["A", "B", "C", "B"]


async def test_a_flood_of_guesses_from_one_address_is_slowed_and_others_are_not(links: Links) -> None:
    statuses = [(await links.visit("/l/0123456789B", method=method)).status for method in ("GET", "HEAD") * 101]
    assert statuses == [404] * 200 + [429] * 2
    answer = await links.visit()
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    assert b"Try again in a moment" in answer.body
    assert (await links.visit(peer="203.0.113.8")).status == 302
    links.house.later(seconds=1)
    assert (await links.visit()).status == 302
    assert len(links.stored.asked) == 201, "who is refused costs the database nothing"


async def test_of_one_who_asks_again_and_again_every_visit_is_sent_on_and_some_are_kept(links: Links) -> None:
    for _ in range(250):
        assert (await links.visit(method="HEAD")).status == 302
    assert len(links.visits) == 20
    await links.visit()
    await links.visit(peer="203.0.113.8", method="HEAD")
    assert [one.hit.method for one in links.visits[20:]] == ["GET", "HEAD"], "that hides no person and no other visitor"


async def test_clicks_of_a_campaign_are_told_with_bots_in_words(links: Links) -> None:
    browser: Browser = await links.house.logged_in(DANA)
    answer = await browser.get("/api/v1/campaigns/7/clicks")
    assert answer.json == {
        "rows": [
            {
                "url": URL,
                "links": 9,
                "people": 2,
                "visits": 3,
                "bots": [
                    {"reason": "method", "told": "Asked about the link without opening it", "visits": 1},
                    {"reason": "known_bot", "told": "A known bot", "visits": 4},
                ],
            }
        ]
    }
    assert (await browser.get("/api/v1/campaigns/8/clicks")).status == 404
