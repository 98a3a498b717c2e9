"""The client's files, and the headers that guard its pages."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from server.config import load_config
from tests.http.house import House


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/login",
        "/phone/sms",
        "/phone/sms/",
        "/phone/sms/17",
        "/phone/sms/review",
        "/phone/sms/history",
        "/people",
        "/templates",
        "/templates/new",
        "/templates/17",
        "/system",
        "/system/sending",
    ],
)
async def test_the_clients_own_pages_are_the_client(house: House, path: str) -> None:
    answer = await house.browser().get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b'id="root"' in answer.body
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/phone", "/admin", "/assets/", "/assets/nothing.js", "/index.html", "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/phone//sms",
        "/assets/link.js", "/api/v1/nothing",
    ],
)  # fmt: skip
async def test_nothing_else_is_there(house: House, path: str) -> None:
    answer = await house.browser().get(path)
    assert answer.status == 404
    assert b"not for the world" not in answer.body


async def test_hashed_files_are_kept_for_ever_and_others_are_asked_for_again(house: House) -> None:
    browser = house.browser()
    script = await browser.get("/assets/index-4f1c.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in script.headers["Cache-Control"]
    icon = await browser.get("/favicon.svg")
    assert icon.headers["Cache-Control"] == "no-cache"
    again = await browser.get("/favicon.svg", If_None_Match=icon.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


async def test_a_browser_that_can_unpack_gets_less_to_load(house: House) -> None:
    browser = house.browser()
    plain = await browser.get("/assets/index-4f1c.js")
    packed = await browser.get("/assets/index-4f1c.js", Accept_Encoding="gzip, br")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    refused = await browser.get("/assets/index-4f1c.js", Accept_Encoding="gzip;q=0")
    assert "Content-Encoding" not in refused.headers


async def test_a_page_runs_its_own_scripts_only_and_is_framed_by_nobody(house: House) -> None:
    policy = (await house.browser().get("/phone/sms")).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["style-src"] == "'self'"
    assert "unsafe" not in policy


async def test_every_answer_bears_the_guards(house: House) -> None:
    browser = house.browser()
    for path in ("/phone/sms", "/favicon.svg", "/api/v1/me", "/nothing"):
        headers = (await browser.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Content-Security-Policy"], path
        assert "Strict-Transport-Security" not in headers, "plain HTTP on this machine must stay reachable"


async def test_over_https_browsers_are_told_to_stay_there(house: House) -> None:
    house.configure(load_config("serve", {"DATABASE_URL": "postgresql:///x", "PUBLIC_URL": "https://sms.example.com"}))
    assert (await house.browser().get("/api/v1/me")).headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_answers_of_the_api_are_kept_nowhere(house: House) -> None:
    assert (await (await house.logged_in()).get("/api/v1/me")).headers["Cache-Control"] == "no-store"


async def test_a_client_that_was_not_built_says_so(house: House, tmp_path: Path) -> None:
    house.replace(client_files=tmp_path / "absent")
    answer = await house.browser().get("/phone/sms")
    assert (answer.status, answer.json["code"]) == (503, "no_client")


async def test_a_wrong_method_is_told_which_are_right(house: House) -> None:
    answer = await house.browser().raw("DELETE", "/api/v1/me", {})
    assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
