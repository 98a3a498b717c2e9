"""Demo, health, figures, the tree, and the API's description."""

from __future__ import annotations

from server.config import load_config
from tests.http.house import House


async def test_a_newcomer_is_told_how_to_log_in_to_the_demo(house: House) -> None:
    answer = await house.browser().get("/api/v1/demo")
    assert answer.json == {
        "simulated": True,
        "logins": [{"email": "dana@harbor.example", "password": "shown", "name": "Dana Whitfield", "role": "owner"}],
        "simulator": "http://127.0.0.1:1",
    }


async def test_a_real_server_has_no_demo_even_where_somebody_wired_its_facts(house: House) -> None:
    house.configure(load_config("serve", {"DATABASE_URL": "postgresql:///x"}))
    assert (await house.browser().get("/api/v1/demo")).status == 404


async def test_alive_is_not_ready(house: House) -> None:
    house.unready = "The database is starting."
    browser = house.browser()
    assert (await browser.get("/healthz")).status == 200
    answer = await browser.get("/readyz")
    assert (answer.status, answer.json["detail"]) == (503, "The database is starting.")
    house.unready = None
    assert (await browser.get("/readyz")).status == 200


async def test_the_figures_are_prometheus_text(house: House) -> None:
    answer = await house.browser().get("/metrics")
    assert b'threadline_webhooks_total{kind="inbound",status="200"} 1.0' in answer.body


async def test_members_see_the_tree_and_the_pace(house: House) -> None:
    browser = await house.logged_in()
    assert (await browser.get("/api/v1/system/actors")).json["name"] == "root"
    assert (await browser.get("/api/v1/system/servers")).json == {"servers": [{"gen": 1, "here": True}]}
    assert (await browser.get("/api/v1/system/pace")).json == {"numbers": [], "asked_for": 1}


async def test_an_owner_lets_another_server_send(house: House) -> None:
    browser = await house.logged_in(house.member_of_role("owner"))
    assert (await browser.post("/api/v1/system/hand-over", {"gen": 7})).status == 200
    assert house.people.audits[-1] == (1, house.member_of_role("owner").member_id, "limiter_handed_over")
    answer = await browser.post("/api/v1/system/hand-over", {"gen": 8})
    assert (answer.status, answer.json["code"]) == (409, "not_handed_over")


async def test_nobody_else_does(house: House) -> None:
    browser = await house.logged_in(house.member_of_role("agent"))
    assert (await browser.post("/api/v1/system/hand-over", {"gen": 7})).status == 403


async def test_the_description_is_made_from_what_is_declared(house: House) -> None:
    document = (await house.browser().get("/api/openapi.json")).json
    assert document["openapi"] == "3.1.0"
    send = document["paths"]["/api/v1/threads/{thread_id}/messages"]["post"]
    assert send["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/SendIn"}
    assert send["security"] == [{"session": []}, {"token": []}]
    assert document["components"]["schemas"]["SendIn"]["required"] == ["cmd_id", "body"]
    query = document["paths"]["/api/v1/threads"]["get"]["parameters"]
    assert [parameter["name"] for parameter in query] == ["cursor", "limit", "show", "campaign_id"]


async def test_every_reference_of_the_description_leads_somewhere(house: House) -> None:
    answer = await house.browser().get("/api/openapi.json")
    known = answer.json["components"]["schemas"]
    references = answer.body.decode().split('"$ref":"#/components/schemas/')[1:]
    assert references
    assert {reference.partition('"')[0] for reference in references} <= set(known)


async def test_every_answer_says_what_its_body_is_and_only_a_204_has_none(house: House) -> None:
    paths = (await house.browser().get("/api/openapi.json")).json["paths"]
    for path, of in paths.items():
        for method, operation in of.items():
            told = {status: set(answer.get("content", ())) for status, answer in operation["responses"].items()}
            assert all(bool(kinds) == (status != "204") for status, kinds in told.items()), (method, path, told)


async def test_files_and_probes_are_not_described(house: House) -> None:
    paths = (await house.browser().get("/api/openapi.json")).json["paths"]
    assert all(path.startswith("/api/v1/") for path in paths)
