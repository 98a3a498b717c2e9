"""Saved texts over the real store: whose they are, what is wrong with them, and what they become for somebody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.http.app import _routes
from server.ports import Member
from server.store.store import Store, open_store
from tests.http.house import NOW, PASSWORD, QUICK, Browser, House, Told

pytestmark = pytest.mark.integration

SEED = """
    INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Acme', true, 'A', 'a'), ('Other', true, 'O', 'o');
    INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
    VALUES (1, true, 'simulator', 'AC1', 's', 'http://127.0.0.1:9'),
           (2, true, 'simulator', 'AC2', 's', 'http://127.0.0.1:9');
    INSERT INTO number (workspace_id, account_id, address, rate)
    VALUES (1, 1, '+16175550199', 1), (2, 2, '+14045550199', 1);
    INSERT INTO contact (workspace_id, first_name, last_name, custom)
    VALUES (1, 'Ana', 'Ruiz', '{"lot_size": "2 acres"}'), (2, 'Zed', 'Else', '{}');
    INSERT INTO endpoint (workspace_id, address)
    VALUES (1, '+16175550101'), (1, '+16175550102'), (2, '+14045550101');
    INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id) VALUES (1, 1, 1), (2, 2, 3);
    INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at)
    VALUES (1, 1, 1, now()), (1, 2, 1, now()), (2, 3, 2, now());
    INSERT INTO custom_field (workspace_id, name, label, kind)
    VALUES (1, 'lot_size', 'Lot size', 'text'), (2, 'secret_of_theirs', 'Secret', 'text')
"""
THREAD_OF_ANA, THREAD_OF_A_STRANGER, THREAD_ELSEWHERE = 1, 2, 3
HELLO = {"name": "Hello", "body": "Hi {{first_name|there}}, it's {{agent_name}}."}


class Office:
    """Dana, Kim (agents) and Raj (a manager) work in one workspace, Eve in the other."""

    def __init__(self, house: House, store: Store) -> None:
        self.house, self.store = house, store

    async def enter(self, name: str) -> Browser:
        browser = self.house.browser()
        answer = await browser.post("/api/v1/login", {"email": f"{name}@acme.example", "password": PASSWORD})
        assert answer.status == 200, answer.body
        return browser

    async def member(self, workspace_id: int, name: str) -> Member:
        password, role = QUICK.hash(PASSWORD), "manager" if name == "raj" else "agent"
        return await self.store.people.add_member(workspace_id, f"{name}@acme.example", name.title(), role, password)


@pytest.fixture
async def office(house: House, dsn: str) -> AsyncIterator[Office]:
    async with open_store(dsn) as store:
        await store.call(lambda c: c.execute(SEED))
        office = Office(house, store)
        for workspace_id, name in ((1, "dana"), (1, "raj"), (2, "eve"), (1, "kim")):
            await office.member(workspace_id, name)
        house.clock.wall_time = NOW
        house.replace(people=store.people, templates=store.templates, token_values=store.values)
        yield office


async def added(browser: Browser, **more: Any) -> dict[str, Any]:
    answer = await browser.post("/api/v1/templates", HELLO | more)
    assert answer.status == 201, answer.body
    told: dict[str, Any] = answer.json
    return told


async def names(browser: Browser, query: str = "") -> list[str]:
    return [row["name"] for row in (await browser.get(f"/api/v1/templates{query}")).json["rows"]]


def refusal(answer: Told) -> tuple[int, str, str | None]:
    return answer.status, answer.json["code"], answer.json.get("field")


# Whose they are


async def test_a_shared_template_is_everybodys_and_ones_own_is_nobody_elses(office: Office) -> None:
    dana, raj = await office.enter("dana"), await office.enter("raj")
    await added(dana, name="For all")
    own = await added(dana, name="For me", shared=False)
    assert (await names(dana), await names(raj)) == (["For all", "For me"], ["For all"])
    path = f"/api/v1/templates/{own['template_id']}"
    for method, place in (("GET", path), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/used")):
        assert (await raj.ask(method, place, {"name": "Mine"})).status == 404
    assert (await dana.get(path)).json == own


async def test_every_route_is_blind_to_another_workspace(office: Office) -> None:
    dana, eve = await office.enter("dana"), await office.enter("eve")
    ours = await added(dana)
    folder = (await dana.post("/api/v1/template-folders", {"name": "Open house"})).json
    assert (await names(eve), (await eve.get("/api/v1/template-folders")).json["rows"]) == ([], [])
    api = [route for route in _routes(office.house.deps) if route.path.startswith("/api/v1/template")]
    named = [route for route in api if "_id>" in route.path]
    assert len(named) == 6
    for route in named:
        path = route.path.replace(f"<int(max={2**63 - 1}):template_id>", str(ours["template_id"]))
        path = path.replace(f"<int(max={2**63 - 1}):folder_id>", str(folder["folder_id"]))
        assert (await eve.ask(route.method, path, {"name": "Theirs"})).status == 404, route.endpoint
    assert (await dana.get(f"/api/v1/templates/{ours['template_id']}")).json == ours
    assert refusal(await eve.post("/api/v1/templates", HELLO | {"folder_id": folder["folder_id"]})) == (
        422, "no_such_folder", "folder_id"
    )  # fmt: skip
    for who in ({"contact_id": 1}, {"thread_id": THREAD_OF_ANA}, {"thread_id": THREAD_OF_A_STRANGER}):
        assert (await eve.post("/api/v1/templates/render", {"body": "Hi {{first_name}}"} | who)).status == 404
    assert "lot_size" not in str((await eve.get("/api/v1/templates/tokens")).json)
    assert (await eve.post("/api/v1/templates/check", {"body": "{{lot_size}}"})).json["faults"]


async def test_only_its_author_takes_a_shared_template_back(office: Office) -> None:
    dana, raj = await office.enter("dana"), await office.enter("raj")
    path = f"/api/v1/templates/{(await added(dana))['template_id']}"
    assert refusal(await raj.patch(path, {"shared": False})) == (403, "not_the_author", "shared")
    assert (await dana.patch(path, {"shared": False})).json["shared"] is False
    assert await names(raj) == []


# Changes


async def test_a_stale_change_is_told_how_the_template_stands_now(office: Office) -> None:
    dana, raj = await office.enter("dana"), await office.enter("raj")
    before = await added(dana)
    path = f"/api/v1/templates/{before['template_id']}"
    after = (await raj.patch(path, {"body": "Hello!", "version": before["version"]})).json
    assert (after["body"], after["name"], after["version"]) == ("Hello!", "Hello", before["version"] + 1)
    as_danas = after | {"mine": True}
    stale = await dana.patch(path, {"body": "Good day", "version": before["version"]})
    assert (refusal(stale), stale.json["template"]) == ((409, "stale", "version"), as_danas)
    gone = await dana.delete(f"{path}?version={before['version']}")
    assert (refusal(gone), gone.json["template"]) == ((409, "stale", "version"), as_danas)
    assert (await dana.delete(f"{path}?version={after['version']}")).status == 204
    assert (await dana.get(path)).status == 404


async def test_a_name_is_taken_once_among_everybodys_and_once_among_ones_own(office: Office) -> None:
    dana = await office.enter("dana")
    await added(dana)
    other = await added(dana, name="Other")
    taken = (409, "name_taken", "name")
    assert refusal(await dana.post("/api/v1/templates", HELLO | {"name": " HELLO "})) == taken
    assert refusal(await dana.patch(f"/api/v1/templates/{other['template_id']}", {"name": "hello"})) == taken
    await added(dana, shared=False)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        pytest.param({"name": "  "}, "name", id="a blank name"),
        pytest.param({"name": "\x00"}, "name", id="a name of nothing that can be stored"),
        pytest.param({"body": " \n"}, "body", id="a blank text"),
        pytest.param({"body": "a" * 1601}, "body", id="a text that is too long"),
        pytest.param({"more": 1}, "more", id="something unknown"),
    ],
)
async def test_what_cannot_be_saved_is_refused_by_its_field(office: Office, given: dict[str, Any], field: str) -> None:
    dana = await office.enter("dana")
    assert refusal(await dana.post("/api/v1/templates", HELLO | given)) == (422, "invalid", field)


async def test_a_template_with_faults_is_not_saved_and_each_is_told_with_its_place(office: Office) -> None:
    dana = await office.enter("dana")
    body = "👍 {{frist_name}} at {{custom_field}}"
    refused = await dana.post("/api/v1/templates", {"name": "x", "body": body})
    assert refusal(refused) == (422, "faults", "body")
    kept = await added(dana)
    path = f"/api/v1/templates/{kept['template_id']}"
    assert refusal(await dana.patch(path, {"body": body})) == (422, "faults", "body")
    faults = refused.json["faults"]
    assert [(one["kind"], one["at"], one["length"], one["instead"]) for one in faults] == [
        ("unknown", 2, 14, "{{first_name}}"), ("placeholder", 20, 16, None),
    ]  # fmt: skip
    assert (await dana.get(path)).json["body"] == HELLO["body"]


async def test_a_template_whose_field_was_removed_says_so_in_the_list(office: Office) -> None:
    dana = await office.enter("dana")
    await added(dana, body="{{lot_size}}")
    await office.store.call(lambda c: c.execute("DELETE FROM custom_field WHERE workspace_id = 1"))
    [row] = (await dana.get("/api/v1/templates")).json["rows"]
    assert [fault["sentence"] for fault in row["faults"]] == ['There is no token named "lot_size".']


async def test_uses_are_counted_and_are_no_change(office: Office) -> None:
    dana, raj = await office.enter("dana"), await office.enter("raj")
    template = await added(dana)
    path = f"/api/v1/templates/{template['template_id']}"
    assert [(await who.post(f"{path}/used")).json["used"] for who in (dana, raj, raj)] == [1, 2, 3]
    after = (await dana.get(path)).json
    assert (after["used"], after["version"]) == (3, template["version"])
    assert after["used_at"].startswith("2026-11-20T16:00:00")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("?q=open", ["Open house"], id="by its name"),
        pytest.param("?q=AGENT_name%20hi", ["Hello"], id="each word, anywhere in the text"),
        pytest.param("?whose=own", ["Mine"], id="ones own"),
        pytest.param("?whose=shared", ["Hello", "Open house"], id="everybodys"),
        pytest.param("?folder_id=0", ["Hello", "Mine"], id="in no folder"),
        pytest.param("?q=nothing", [], id="none"),
    ],
)
async def test_templates_are_found(office: Office, query: str, expected: list[str]) -> None:
    dana = await office.enter("dana")
    folder = (await dana.post("/api/v1/template-folders", {"name": "Visits"})).json["folder_id"]
    await added(dana)
    await added(dana, name="Open house", body="Come by on Sunday!", folder_id=folder)
    await added(dana, name="Mine", body="Sunday?", shared=False)
    assert await names(dana, query) == expected


async def test_there_is_a_most_of_templates(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.store.texts.templates.MOST_TEMPLATES", 1)
    dana = await office.enter("dana")
    await added(dana)
    assert refusal(await dana.post("/api/v1/templates", HELLO | {"name": "Another"})) == (409, "too_many", None)
    await added(dana, name="Another", shared=False)


# Folders


async def test_a_template_lies_in_a_folder_of_its_own_kind(office: Office) -> None:
    dana, raj = await office.enter("dana"), await office.enter("raj")
    for_all = (await dana.post("/api/v1/template-folders", {"name": "All"})).json["folder_id"]
    own = (await dana.post("/api/v1/template-folders", {"name": "Own", "shared": False})).json["folder_id"]
    wrong = (422, "no_such_folder", "folder_id")
    assert refusal(await dana.post("/api/v1/templates", HELLO | {"folder_id": own})) == wrong
    template = await added(dana, folder_id=for_all)
    path = f"/api/v1/templates/{template['template_id']}"
    assert refusal(await dana.patch(path, {"folder_id": own})) == wrong
    assert (await dana.patch(path, {"shared": False})).json["folder_id"] is None, "it cannot stay in everybody's"
    assert (await dana.patch(path, {"folder_id": own})).json["folder_id"] == own
    assert [folder["name"] for folder in (await raj.get("/api/v1/template-folders")).json["rows"]] == ["All"]
    assert (await raj.patch(f"/api/v1/template-folders/{own}", {"name": "Hm"})).status == 404
    assert (await raj.delete(f"/api/v1/template-folders/{own}")).status == 404


async def test_a_removed_folder_leaves_its_templates(office: Office) -> None:
    dana = await office.enter("dana")
    folder = (await dana.post("/api/v1/template-folders", {"name": "Visits"})).json
    await added(dana, folder_id=folder["folder_id"])
    path = f"/api/v1/template-folders/{folder['folder_id']}"
    renamed = (await dana.patch(path, {"name": "Tours"})).json
    assert renamed == folder | {"name": "Tours", "templates": 1}
    assert refusal(await dana.post("/api/v1/template-folders", {"name": "tours"})) == (409, "name_taken", "name")
    assert (await dana.delete(path)).status == 204
    assert (await dana.get("/api/v1/templates")).json["rows"][0]["folder_id"] is None


# What they become


async def rendered(browser: Browser, body: str, **more: Any) -> dict[str, Any]:
    answer = await browser.post("/api/v1/templates/render", {"body": body} | more)
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json
    return told


async def test_a_text_is_filled_in_for_a_contact_by_id_or_by_thread(office: Office) -> None:
    dana = await office.enter("dana")
    body = "Hi {{first_name}}, {{lot_size}}? {{agent_name}}"
    for who in ({"contact_id": 1}, {"thread_id": THREAD_OF_ANA}):
        told = await rendered(dana, body, **who)
        assert (told["text"], told["missing"]) == ("Hi Ana, 2 acres? Dana", [])
        assert told["values"] == {"first_name": "Ana", "lot_size": "2 acres", "agent_name": "Dana"}


async def test_what_a_stranger_lacks_is_asked_for_and_the_answer_fills_it(office: Office) -> None:
    dana = await office.enter("dana")
    body = "Hi {{first_name}}, about {{lot_size}} from {{agent_name}}"
    told = await rendered(dana, body, thread_id=THREAD_OF_A_STRANGER)
    assert [(one["name"], one["label"]) for one in told["missing"]] == [
        ("first_name", "First name"), ("lot_size", "Lot size")
    ]  # fmt: skip
    answers = {"first_name": "Bo", "lot_size": "{{agent_name}}"}
    told = await rendered(dana, body, thread_id=THREAD_OF_A_STRANGER, answers=answers)
    assert (told["text"], told["missing"]) == ("Hi Bo, about {{agent_name}} from Dana", [])


async def test_the_cost_is_that_of_the_filled_text_and_names_the_costly_character(office: Office) -> None:
    dana = await office.enter("dana")
    told = await rendered(dana, "“{{first_name}}” " + "a" * 100, contact_id=1)
    assert told["segments"] == {
        "count": 2, "encoding": "UCS-2", "units": 106, "units_left": 28, "plain_count": 1,
        "costly": [{"char": "“", "at": 0}, {"char": "”", "at": 4}],
    }  # fmt: skip
    assert (told["characters"], told["too_long"]) == (106, False)


async def test_a_text_with_faults_is_not_filled_in(office: Office) -> None:
    dana = await office.enter("dana")
    told = await rendered(dana, "Hi {{firstname}} {{first_name}}", contact_id=1)
    assert (told["text"], [fault["instead"] for fault in told["faults"]]) == (None, ["{{first_name}}"])
    checked = (await dana.post("/api/v1/templates/check", {"body": "Hi {{firstname}}{{first_name}}"})).json
    assert [(fault["at"], fault["length"]) for fault in checked["faults"]] == [(3, 13)]


async def test_the_tokens_are_those_of_every_workspace_and_its_own_fields(office: Office) -> None:
    told = (await (await office.enter("dana")).get("/api/v1/templates/tokens")).json["tokens"]
    assert [(one["name"], one["custom"]) for one in told] == [
        ("first_name", False), ("last_name", False), ("agent_name", False), ("property_address", False),
        ("showing_time", False), ("lot_size", True),
    ]  # fmt: skip


async def test_one_recipient_at_a_time(office: Office) -> None:
    dana = await office.enter("dana")
    both = {"body": "Hi", "contact_id": 1, "thread_id": THREAD_OF_ANA}
    assert (await dana.post("/api/v1/templates/render", both)).status == 422
    for who in ({"contact_id": 99}, {"contact_id": 2}, {"thread_id": THREAD_ELSEWHERE}):
        assert (await dana.post("/api/v1/templates/render", {"body": "Hi"} | who)).status == 404


async def test_what_somebody_else_shares_is_changed_by_managers_and_its_author_only(office: Office) -> None:
    dana, raj, kim = [await office.enter(name) for name in ("dana", "raj", "kim")]
    path = f"/api/v1/templates/{(await added(dana, shared=True))['template_id']}"
    for change in ({"name": "Mine"}, {"body": "Bye"}, {"shared": False}):
        assert refusal(await kim.patch(path, change)) == (403, "role", None)
    assert refusal(await kim.delete(path)) == (403, "role", None)
    assert (await kim.get(path)).json["version"] == 1
    assert (await kim.post(f"{path}/used")).status == 200
    assert (await raj.patch(path, {"body": "From Raj"})).status == 200
    assert (await dana.patch(path, {"body": "From Dana"})).status == 200
    assert (await raj.delete(path)).status == 204
