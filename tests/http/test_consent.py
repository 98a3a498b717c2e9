"""The API of consent, over the real store: entries with their evidence, files, the proof as a whole, the setting."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import trio

from server.domain.carrier import InboundText
from server.domain.proof_files import MOST_BYTES
from server.http.consent.models import ConsentOut
from server.ports import MoArrival
from tests.http.house import NOW, Browser, Told
from tests.http.office import Office

pytestmark = pytest.mark.integration

PATH = "/api/v1/endpoints/1/consent"
SETTINGS = "/api/v1/settings/consent"
WORDS = "Yes, Harbor & Pine may text me about homes."
OPT_IN = {"kind": "opted_in", "channel": "form", "statement": WORDS, "url": "https://harbor.example/form"}
REVOKED = {"kind": "revoked", "channel": "verbal", "statement": "Told Raj on the phone: please stop"}


async def texts(office: Office, body: str, minutes: float = 0) -> None:
    """Maya, whose number is endpoint 1, writes."""
    at = NOW + timedelta(minutes=minutes)
    text = InboundText(f"SM{body}{minutes}", "+16175550142", "+16175550100", body, received_at=at)
    await office.store.ledger.record_mo(MoArrival.of(1, text))


def undo(epoch: int = 1, minutes: float = -1, **more: Any) -> dict[str, Any]:
    at = (NOW + timedelta(minutes=minutes)).isoformat()
    return {"kind": "undo", "channel": "written", "statement": "Text me again", "at": at, "epoch": epoch, **more}


async def upload(browser: Browser, name: str, content: bytes) -> Told:
    return await browser.post(f"/api/v1/proofs?name={name}", content)


async def audited(office: Office) -> list[str]:
    return [row["action"] for row in await office.sql("SELECT action FROM audit ORDER BY id")]


async def test_an_opt_in_is_written_down_with_its_evidence_and_shown_in_words(office: Office) -> None:
    await texts(office, "Hello")
    browser = await office.raj()
    before = (await browser.get(PATH)).json
    assert (before["state"], before["entries"], before["epoch"]) == ("none", [], 0)
    at = (NOW - timedelta(days=1)).isoformat()
    told = await browser.post(PATH, {**OPT_IN, "at": at, "zone": "America/New_York", "note": "At the open house"})
    assert told.status == 200
    ConsentOut.model_validate(told.json)
    assert (told.json["state"], told.json["sentence"]) == ("consented", "Opted in. Bulk texts may go to this number.")
    [one] = told.json["entries"]
    assert (one["title"], one["source_words"], one["recorded_by"]) == (
        "Opted in",
        "written down by a member",
        "Raj Patel",
    )
    assert (one["text"], one["channel_words"]) == (WORDS, "a form")
    assert one["text_sha256"] == hashlib.sha256(WORDS.encode()).hexdigest()
    assert one["evidence"] == {
        "channel": "form",
        "url": "https://harbor.example/form",
        "zone": "America/New_York",
        "note": "At the open house",
    }
    assert (await browser.get(PATH)).json == told.json
    assert (await browser.get("/api/v1/threads/1/consent")).json == told.json
    assert await audited(office) == ["consent_consent_given"]


async def test_a_revocation_counts_at_once_and_an_opt_in_does_not_lift_it(office: Office) -> None:
    await texts(office, "Hello")
    browser = await office.raj()
    told = await browser.post(PATH, REVOKED)
    assert (told.json["state"], told.json["epoch"], told.json["entries"][0]["title"]) == (
        "opted_out",
        1,
        "Consent taken back",
    )
    refused = await browser.post(PATH, OPT_IN)
    assert (refused.status, refused.json["code"]) == (409, "opted_out")
    assert refused.json["consent"]["state"] == "opted_out"


async def test_an_opt_out_is_undone_with_evidence_only(office: Office) -> None:
    await texts(office, "STOP", minutes=-60)
    browser = await office.raj()
    for body, status, code, field in (
        (undo(statement=""), 422, "no_words", "statement"),
        ({**undo(), "at": None}, 422, "no_time", "at"),
        ({**undo(), "epoch": None}, 422, "no_epoch", "epoch"),
        (undo(channel="import"), 422, "channel", "channel"),
        (undo(minutes=-90), 422, "older", "at"),
        (undo(minutes=90), 422, "in_future", "at"),
        (undo(epoch=0), 409, "changed_meanwhile", None),
    ):
        refused = await browser.post(PATH, body)
        assert (refused.status, refused.json["code"], refused.json.get("field")) == (status, code, field)
    told = await browser.post(PATH, undo())
    assert (told.status, told.json["state"], told.json["epoch"]) == (200, "consented", 2)
    again = await browser.post(PATH, undo())
    assert (again.status, again.json["code"]) == (409, "changed_meanwhile")


async def test_the_carriers_block_is_not_undone(office: Office) -> None:
    await texts(office, "Hello")
    await office.sql("UPDATE endpoint SET opted_out = true, carrier_blocked = true, consent_epoch = 1")
    refused = await (await office.dana()).post(PATH, undo())
    assert (refused.status, refused.json["code"]) == (409, "carrier_blocked")
    assert refused.json["detail"] == "The carrier blocks this number; only the contact's START lifts that."


async def test_a_file_is_kept_named_in_an_entry_and_given_back(office: Office) -> None:
    await texts(office, "Hello")
    browser = await office.raj()
    kept = await upload(browser, "form%20Zo%C3%AB.pdf", b"%PDF-1.7 signed")
    assert (kept.status, kept.json["name"], kept.json["content_type"]) == (201, "form Zoë.pdf", "application/pdf")
    assert (kept.json["size"], kept.json["sha256"]) == (15, hashlib.sha256(b"%PDF-1.7 signed").hexdigest())
    proof_id = kept.json["proof_id"]
    told = await browser.post(PATH, {**OPT_IN, "statement": "", "proof_id": proof_id})
    assert told.json["entries"][0]["proof"]["proof_id"] == proof_id
    given = await browser.get(f"/api/v1/proofs/{proof_id}")
    assert (given.status, given.body, given.headers["Content-Type"]) == (200, b"%PDF-1.7 signed", "application/pdf")
    assert given.headers["Content-Disposition"] == "attachment; filename*=UTF-8''form%20Zo%C3%AB.pdf"
    unknown = await browser.post(PATH, {**OPT_IN, "proof_id": 99})
    assert (unknown.status, unknown.json["field"]) == (422, "proof_id")


async def test_what_is_no_proof_or_too_large_is_refused_in_a_sentence(office: Office) -> None:
    browser = await office.raj()
    page = await upload(browser, "form.html", b"<script>alert(1)</script>")
    assert (page.status, page.json["code"]) == (415, "not_a_proof")
    large = await upload(browser, "form.pdf", b"%PDF-" + b"x" * MOST_BYTES)
    assert (large.status, large.json["detail"]) == (413, "This is too big: at most 5 MB are taken here.")
    assert (await browser.post("/api/v1/proofs", b"%PDF-1.7")).status == 422
    assert await office.sql("SELECT FROM proof") == []


async def proven(browser: Browser) -> tuple[bytes, dict[str, bytes]]:
    answer = await browser.get(f"{PATH}/proof")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    assert "consent-16175550142.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        return answer.body, {name: archive.read(name) for name in archive.namelist()}


async def a_history(office: Office) -> Browser:
    """An opt-in with a file and markup in its words, a STOP by text, its undoing."""
    await texts(office, "Hello", minutes=-120)
    browser = await office.raj()
    proof_id = (await upload(browser, "form.pdf", b"%PDF-1.7 signed")).json["proof_id"]
    at = (NOW - timedelta(minutes=100)).isoformat()
    said = {"statement": "<b>I agree</b> & “sign”", "proof_id": proof_id, "at": at, "zone": "America/New_York"}
    assert (await browser.post(PATH, {**OPT_IN, **said})).status == 200
    await texts(office, "STOP", minutes=-60)
    assert (await browser.post(PATH, undo())).status == 200
    return browser


async def test_the_proof_of_a_number_has_every_event_the_files_and_all_hashes(office: Office) -> None:
    browser = await a_history(office)
    _, files = await proven(browser)
    assert set(files) == {"consent.html", "consent.json", "proofs/1-form.pdf", "SHA256SUMS"}
    assert files["proofs/1-form.pdf"] == b"%PDF-1.7 signed"
    sums = {name: digest for digest, name in (line.split("  ") for line in files["SHA256SUMS"].decode().splitlines())}
    assert sums == {n: hashlib.sha256(body).hexdigest() for n, body in files.items() if n != "SHA256SUMS"}
    told = json.loads(files["consent.json"])
    assert (told["number"], told["state"]["consent_epoch"]) == ("+16175550142", 2)
    assert [event["kind"] for event in told["events"]] == ["consent_given", "opted_out", "undone"]
    assert told["events"][0]["proof"]["file"] == "proofs/1-form.pdf"
    assert told["events"][0]["at"].endswith("+00:00")
    before = "0" * 64
    for event in told["events"]:
        assert event["previous"] == before
        before = event.pop("sha256")
        canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(canonical.encode()).hexdigest() == before
    assert (await audited(office))[-1] == "consent_proof_downloaded"


async def test_the_page_of_the_proof_can_be_read_by_people_and_runs_nothing(office: Office) -> None:
    _, files = await proven(await a_history(office))
    page = files["consent.html"].decode()
    assert "&lt;b&gt;I agree&lt;/b&gt; &amp; “sign”" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert "Consent of (617) 555-0142" in page
    assert "UTC (" in page
    assert "America/New_York)" in page


async def test_the_same_ledger_gives_the_same_bytes(office: Office) -> None:
    browser = await a_history(office)
    first, _ = await proven(browser)
    office.house.later(hours=1)
    assert (await proven(browser))[0] == first
    await browser.post(PATH, REVOKED)
    assert (await proven(browser))[0] != first


async def test_a_long_ledger_comes_in_pages(office: Office) -> None:
    await texts(office, "Hello")
    browser = await office.raj()
    for n in range(3):
        await browser.post(PATH, {**OPT_IN, "statement": str(n)})
    first = (await browser.get(f"{PATH}?limit=2")).json
    rest = (await browser.get(f"{PATH}?limit=2&before={first['next_before']}")).json
    assert [one["text"] for one in (*first["entries"], *rest["entries"])] == ["2", "1", "0"]
    assert rest["next_before"] is None


async def test_whether_an_opt_in_is_required_is_said_by_owners_and_managers(office: Office) -> None:
    raj, dana = await office.raj(), await office.dana()
    assert (await raj.get(SETTINGS)).json == {"opt_in_required": False}
    assert (await raj.patch(SETTINGS, {"opt_in_required": True})).status == 403
    assert (await dana.patch(SETTINGS, {"opt_in_required": True})).json == {"opt_in_required": True}
    await texts(office, "Hello")
    told = (await raj.get(PATH)).json
    assert (told["opt_in_required"], told["state"]) == (True, "none")
    assert "requires one" in told["sentence"]
    assert await audited(office) == ["setting_changed"]
    assert (await dana.patch(SETTINGS, {})).status == 422


async def test_nothing_of_another_workspace_is_there(office: Office) -> None:
    browser = await a_history(office)
    eve = await office.eve()
    for answer in (
        await eve.get(PATH),
        await eve.get("/api/v1/threads/1/consent"),
        await eve.get(f"{PATH}/proof"),
        await eve.post(PATH, REVOKED),
        await eve.get("/api/v1/proofs/1"),
    ):
        assert answer.status == 404
    assert (await eve.get(SETTINGS)).json == {"opt_in_required": False}
    assert (await browser.get(PATH)).json["state"] == "consented"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**OPT_IN, "channel": "telepathy"}, "channel"),
        ({**OPT_IN, "kind": "opted_out"}, "kind"),
        ({**OPT_IN, "url": "javascript:alert(1)"}, "url"),
        ({**OPT_IN, "zone": "Mars/Olympus"}, "zone"),
        ({**OPT_IN, "at": "2026-03-10T16:00:00"}, "at"),
        ({**OPT_IN, "more": 1}, "more"),
    ],
)
async def test_an_entry_that_is_none_is_refused_by_its_field(office: Office, body: dict[str, Any], field: str) -> None:
    await texts(office, "Hello")
    refused = await (await office.raj()).post(PATH, body)
    assert (refused.status, refused.json["field"]) == (422, field)


async def test_a_number_that_is_not_there_is_not_found(office: Office) -> None:
    browser = await office.raj()
    assert (await browser.get(PATH)).status == 404
    assert (await browser.post(PATH, OPT_IN)).status == 404
    assert (await browser.get(f"{PATH}/proof")).status == 404


async def test_one_command_is_written_down_once_however_often_it_is_said(office: Office) -> None:
    await texts(office, "STOP", minutes=-60)
    browser, said = await office.raj(), undo() | {"cmd_id": str(uuid4())}
    first = await browser.post(PATH, said)
    again = await browser.post(PATH, said)
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert len(await office.sql("SELECT FROM consent_event WHERE kind = 'undone'")) == 1
    other = await browser.post(PATH, REVOKED | {"cmd_id": said["cmd_id"]})
    assert (other.status, other.json["code"], other.json["field"]) == (409, "command_conflict", "cmd_id")
    assert (await browser.get(PATH)).json["state"] == "consented"


async def test_ten_equal_commands_at_once_write_one_line_and_elsewhere_none(office: Office) -> None:
    await texts(office, "Hello")
    await office.sql("INSERT INTO endpoint (workspace_id, address) VALUES (1, '+16175550143')")
    browser, said, statuses = await office.raj(), OPT_IN | {"cmd_id": str(uuid4())}, list[int]()

    async def say(path: str) -> None:
        statuses.append((await browser.post(path, said)).status)

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(say, PATH)
    assert statuses == [200] * 10
    await say("/api/v1/endpoints/2/consent")
    assert statuses[-1] == 409
    assert len(await office.sql("SELECT FROM consent_event")) == 1


async def test_of_one_command_for_two_numbers_at_once_one_is_written(office: Office) -> None:
    await office.sql("INSERT INTO endpoint (workspace_id, address) VALUES (1, '+16175550142'), (1, '+16175550143')")
    browser, said, statuses = await office.raj(), OPT_IN | {"cmd_id": str(uuid4())}, list[int]()

    async def say(endpoint_id: int) -> None:
        statuses.append((await browser.post(f"/api/v1/endpoints/{endpoint_id}/consent", said)).status)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(say, 1)
        nursery.start_soon(say, 2)
    assert sorted(statuses) == [200, 409]
