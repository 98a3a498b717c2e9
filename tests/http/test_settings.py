"""The settings' API over the real store: who may, what is refused in which words, and what a change does at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from server.domain.scopes import Scope
from server.http.settings import SettingsOut
from tests.http.house import NOW, RAJ, Browser, Told
from tests.http.office import Office

pytestmark = pytest.mark.integration

PATH = "/api/v1/settings"
MANY = """
INSERT INTO audit (workspace_id, action, at)
SELECT 1, 'campaign_begun', now() - g * interval '1 s' FROM generate_series(1, 1200) g
"""
OFFICE = ["09:00-18:00"] * 5 + [None, None]


async def change(browser: Browser, **wanted: Any) -> Told:
    version = (await browser.get(PATH)).json["version"]
    return await browser.patch(PATH, {"version": version, **wanted})


async def test_everybody_reads_them_and_managers_and_owners_change_them(office: Office) -> None:
    dana, raj = await office.dana(), await office.raj()
    told = await raj.get(PATH)
    SettingsOut.model_validate(told.json)
    assert (told.json["brand"], told.json["law_hours"]) == ("H", ["08:00-21:00"] * 7)
    refused = await raj.patch(PATH, {"version": 1, "brand": "Mine"})
    assert (refused.status, refused.json["code"]) == (403, "role")
    done = await change(dana, brand=" Harbor ", sending_hours=OFFICE, bulk_cap={"texts": 2, "window_h": 168})
    assert (done.status, done.json["brand"], done.json["sending_hours"]) == (200, "Harbor", OFFICE)
    assert done.json["bulk_cap"] == {"texts": 2, "window_h": 168}
    assert (await raj.get(PATH)).json == done.json
    assert (await (await office.eve()).get(PATH)).json["brand"] == "O"


async def test_no_program_changes_them(office: Office) -> None:
    dana = await office.dana()
    body = {"name": "All", "scopes": [scope.value for scope in Scope]}
    token = (await dana.post("/api/v1/tokens", body)).json["token"]
    program, bearer = office.house.browser(), {"Authorization": f"Bearer {token}"}
    assert (await program.get(PATH, **bearer)).status == 200
    refused = await program.patch(PATH, {"version": 1, "brand": "Mine"}, **bearer)
    assert (refused.status, refused.json["code"]) == (403, "people_only")
    assert (await program.get("/api/v1/audit", **bearer)).json["code"] == "people_only"


async def test_of_two_pages_with_one_version_the_second_is_refused_with_the_newer_values(office: Office) -> None:
    dana = await office.dana()
    version = (await dana.get(PATH)).json["version"]
    first = await dana.patch(PATH, {"version": version, "brand": "Harbor"})
    second = await dana.patch(PATH, {"version": version, "contact": "help"})
    assert (second.status, second.json["code"], second.json["settings"]) == (409, "outdated", first.json)


@pytest.mark.parametrize(
    ("wanted", "field", "sentence"),
    [
        ({"brand": "  "}, "brand", "This cannot be empty: texts to your contacts name it."),
        (
            {"sending_hours": ["07:30-18:00", *OFFICE[1:]]},
            "sending_hours",
            "Monday's hours would begin before the law's, which are 08:00 to 21:00: they can only be narrower.",
        ),
        (
            {"sending_hours": [*OFFICE[:6], "12:00-22:00"]},
            "sending_hours",
            "Sunday's hours would end after the law's, which are 08:00 to 21:00: they can only be narrower.",
        ),
        (
            {"sending_hours": [None] * 7},
            "sending_hours",
            "Leave at least one day of the week open: nothing in bulk would ever leave.",
        ),
        ({"sending_hours": ["9-18", *OFFICE[1:]]}, "sending_hours", "Monday's hours must be such as 09:00-18:00."),
        ({"sending_hours": OFFICE[:6]}, "sending_hours", None),
        ({"bulk_cap": {"texts": 0, "window_h": 24}}, "bulk_cap.texts", None),
        (
            {"link_base": "http://go.acme.com"},
            "link_base",
            "The address of short links must begin with https://, such as https://go.acme.com/l.",
        ),
        ({"ai_mode": "loud"}, "ai_mode", None),
        ({"ai_day_requests": -1}, "ai_day_requests", None),
        ({"colour": "red"}, "colour", None),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence_that_names_the_field(
    office: Office, wanted: dict[str, Any], field: str, sentence: str | None
) -> None:
    refused = await change(await office.dana(), **wanted)
    assert (refused.status, refused.json["field"]) == (422, field)
    assert sentence in (None, refused.json["detail"])
    assert await office.sql("SELECT 1 FROM audit WHERE action = 'setting_changed'") == []


async def test_a_null_takes_hours_cap_and_links_back_and_leaves_the_others(office: Office) -> None:
    dana = await office.dana()
    links = "https://go.acme.com/l"
    await change(dana, sending_hours=OFFICE, bulk_cap={"texts": 2, "window_h": 24}, link_base=links)
    done = await change(dana, sending_hours=None, bulk_cap=None, link_base=None, brand=None)
    assert [done.json[name] for name in ("sending_hours", "bulk_cap", "link_base", "brand")] == [None, None, None, "H"]


async def test_a_name_that_another_workspace_has_is_refused(office: Office) -> None:
    refused = await change(await office.dana(), name="Other Side Realty")
    assert (refused.status, refused.json["code"], refused.json["field"]) == (409, "taken", "name")


async def test_the_pages_of_single_settings_change_the_same_row(office: Office) -> None:
    office.house.replace(suggestions=office.store.suggestions)
    dana = await office.dana()
    before = (await dana.get(PATH)).json
    await dana.patch("/api/v1/settings/consent", {"opt_in_required": True})
    wanted = {"mode": "off", "tone": "warm", "day_requests": 5, "day_tokens": 6}
    assert (await dana.put("/api/v1/settings/suggestions", wanted)).status == 200
    after = (await dana.get(PATH)).json
    assert (after["version"], after["opt_in_required"]) == (before["version"] + 2, True)
    assert (after["ai_mode"], after["ai_tone"], after["ai_day_requests"], after["ai_day_tokens"]) == (
        "off",
        "warm",
        5,
        6,
    )
    assert (await (await office.raj()).put("/api/v1/settings/suggestions", wanted)).status == 403


async def test_a_text_for_later_is_announced_by_the_hours_as_they_are_by_now(office: Office) -> None:
    """NOW is a Friday, 11 AM in Boston; the text is for 7 PM there."""
    office.house.replace(compose=office.store.compose)
    dana = await office.dana()
    text = {"to": "+16175550142", "body": "Hi", "send_at": (NOW + timedelta(hours=8)).isoformat()}
    assert (await dana.post("/api/v1/messages/check", text)).json["warnings"] == []
    await change(dana, sending_hours=OFFICE)
    [warned] = (await dana.post("/api/v1/messages/check", text)).json["warnings"]
    assert warned["kind"] == "quiet_hours"
    now = await dana.post("/api/v1/messages/check", {"to": "+16175550142", "body": "Hi"})
    assert now.json["warnings"] == []


# The audit log


async def test_what_was_changed_is_read_as_sentences_by_managers_and_owners_alone(office: Office) -> None:
    dana = await office.dana()
    await change(dana, bulk_cap={"texts": 500, "window_h": 24})
    await change(dana, bulk_cap={"texts": 1000, "window_h": 24})
    told = (await dana.get("/api/v1/audit?group=settings")).json
    assert [entry["sentence"] for entry in told["entries"]] == [
        "Dana Whitfield raised the bulk cap from 500 texts in 24 hours to 1,000 texts in 24 hours.",
        "Dana Whitfield set a bulk cap of 500 texts in 24 hours to one number.",
    ]
    assert {"group": "settings", "label": "Settings"} in told["groups"]
    assert (await (await office.eve()).get("/api/v1/audit?group=settings")).json["entries"] == []
    for path in ("/api/v1/audit", "/api/v1/audit/export"):
        assert (await (await office.raj()).get(path)).status == 403


async def test_it_is_narrowed_and_paged(office: Office) -> None:
    dana = await office.dana()
    for brand in ("A", "B", "C"):
        await change(dana, brand=brand)
    first = (await dana.get("/api/v1/audit?limit=2")).json
    rest = (await dana.get(f"/api/v1/audit?limit=2&before={first['next']}")).json
    assert (len(first["entries"]), len(rest["entries"]), rest["next"]) == (2, 1, None)
    assert (await dana.get(f"/api/v1/audit?member_id={RAJ.member_id}")).json["entries"] == []
    assert (await dana.get("/api/v1/audit?group=people")).json["entries"] == []
    assert (await dana.get("/api/v1/audit?until=2020-01-01T00:00:00Z")).json["entries"] == []
    for query, field in (
        ("before=x", "before"),
        ("group=secrets", "group"),
        ("since=today", "since"),
        ("limit=0", "limit"),
    ):
        refused = await dana.get(f"/api/v1/audit?{query}")
        assert (refused.status, refused.json["field"]) == (422, field)


async def test_it_is_taken_away_whole_as_a_file_and_that_is_written_down(office: Office) -> None:
    office.house.people.audit = office.store.people.audit  # type: ignore[method-assign]  # the store's own
    dana = await office.dana()
    await change(dana, brand="=cmd()")
    await office.sql(MANY)
    file = await dana.get("/api/v1/audit/export?group=settings")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = file.body.decode("utf-8-sig").splitlines()
    assert lines[0] == "When (UTC),Who,What,Kind"
    assert len(lines) == 2
    assert "Dana Whitfield changed the brand from “H” to “=cmd()”." in lines[1]
    whole = (await dana.get("/api/v1/audit/export")).body.decode("utf-8-sig").splitlines()
    exports = [line for line in whole if "took the audit log away as a file" in line]
    assert (len(whole), len(exports)) == (1 + 1200 + 1 + 1 + 1, 1)  # the login, the brand, the export before


async def test_an_entry_leads_to_what_it_is_about(office: Office) -> None:
    dana = await office.dana()
    made = (await dana.post("/api/v1/contacts", {"first_name": "Maya", "phones": [{"phone": "+16175550142"}]})).json
    told = (await dana.get("/api/v1/audit?group=people")).json["entries"]
    assert (told[0]["contact_id"], told[0]["sentence"]) == (made["contact_id"], "Dana Whitfield added Maya.")
