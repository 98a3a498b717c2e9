"""PAINS 20: however a number is written, and whichever way it comes in: one contact, one recipient, one thread."""

from __future__ import annotations

from uuid import uuid4

import pytest

from server.ports import MoArrival
from tests.http.office import Office
from tests.http.test_contacts import made
from tests.http.test_real_store import DirectCommands
from tests.store.world import mo

pytestmark = pytest.mark.integration

SPELLINGS = ("(202) 555-0123", "+12025550123", "1-202-555-0123", "202.555.0123", "tel:+1 202 555 0123")


async def test_every_spelling_is_one_contact_one_recipient_and_one_thread(office: Office) -> None:
    office.house.replace(compose=office.store.compose, commands=DirectCommands(office.store))
    browser = await office.raj()
    text = mo("Is it still free?", from_="+12025550123", to="+16175550100").text
    await office.store.ledger.record_mo(MoArrival.of(1, text))
    threads = set()
    for spelling in SPELLINGS:
        sent = await browser.post("/api/v1/messages", {"cmd_id": str(uuid4()), "to": spelling, "body": "Hi"})
        assert sent.status == 202, sent.body
        threads.add(sent.json["thread_id"])
        refused = await browser.post("/api/v1/contacts", {"first_name": "Twin", "phones": [{"phone": spelling}]})
        assert (refused.status, refused.json["contact_id"]) == (409, 1)
        call = {"call_id": spelling, "phone": spelling}
        assert (await browser.post("/api/v1/calls", call)).json["contact_id"] == 1
    audience = {"audience": {"addresses": list(SPELLINGS)}, "body": "An open house on Sunday?"}
    preview = (await browser.post("/api/v1/bulk/preview", audience)).json
    assert preview["recipients"] == 1
    assert len(threads) == 1
    [row] = await office.sql(
        "SELECT (SELECT count(*) FROM contact) AS contacts, (SELECT count(*) FROM endpoint) AS numbers"
    )
    assert (row["contacts"], row["numbers"]) == (1, 1)
    named = await browser.patch("/api/v1/contacts/1", {"first_name": "Maya"})
    assert [phone["thread_id"] for phone in named.json["phones"]] == [*threads]
    other = await made(browser, phones=[])
    joined = await browser.post(f"/api/v1/contacts/{other['contact_id']}/phones", {"phone": SPELLINGS[0]})
    assert (joined.status, joined.json["name"]) == (409, "Maya")
