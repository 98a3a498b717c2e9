"""The API's page for people shows all that is described, loads nothing from elsewhere, and runs nothing."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.http.house import Browser, House


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids = Counter[str]()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags = Counter[str]()
        self.inline: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        self.ids.update([named["id"]] if "id" in named else [])
        self.inline += [name for name in named if name == "style" or name.startswith("on")]
        if tag == "a":
            self.links.append(named["href"])
        elif "href" in named or "src" in named:
            self.loads.append(named.get("href", named.get("src", "")))

    def handle_data(self, data: str) -> None:
        self.text += data


async def read(browser: Browser) -> Page:
    answer = await browser.get("/api/docs")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    found = Page()
    found.feed(answer.body.decode())
    return found


async def documents(browser: Browser) -> tuple[Any, Any]:
    return (await browser.get("/api/openapi.json")).json, (await browser.get("/api/asyncapi.json")).json


async def test_every_operation_frame_and_model_stands_on_the_page_once(house: House) -> None:
    browser = house.browser()
    found, (api, socket) = await read(browser), await documents(browser)
    operations = [operation["operationId"] for of in api["paths"].values() for operation in of.values()]
    expected = {f"op-{one}" for one in operations}
    expected |= {f"schema-{name}" for name in api["components"]["schemas"]}
    expected |= {f"frame-{name}" for name in socket["components"]["schemas"]}
    assert len(operations) == len(set(operations)), "an operation is known by its id"
    assert expected <= set(found.ids)
    assert [one for one, many in found.ids.items() if many > 1] == []
    assert all(path in found.text for path in api["paths"])


async def test_every_link_leads_somewhere_on_this_server(house: House) -> None:
    found = await read(house.browser())
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert {link for link in found.links if not link.startswith("#")} == {
        "/",
        "/api/openapi.json",
        "/api/asyncapi.json",
    }


async def test_nothing_is_run_or_fetched_from_elsewhere(house: House) -> None:
    browser = house.browser()
    found = await read(browser)
    assert found.tags["script"] == found.tags["style"] == 0
    assert found.inline == []
    assert found.loads == ["/icon.svg", "/api/docs/reference.css"]
    policy = (await browser.get("/api/docs")).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")
    sheet = await browser.get("/api/docs/reference.css")
    assert (sheet.status, b"url(" in sheet.body, b"@import" in sheet.body) == (200, False, False)


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/reference.css", "/api/asyncapi.json"])
async def test_whoever_looks_needs_no_login(house: House, path: str) -> None:
    assert (await house.browser().get(path)).status == 200
