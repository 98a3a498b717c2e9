"""Lists of people through the API: what is taken, what is refused and in which words, and how far they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from server.actors.imports import Importer
from tests.http.house import Browser
from tests.http.office import Office

pytestmark = pytest.mark.integration

SAID = {
    "who": "Dana Whitfield, open house",
    "at": "2026-03-01T12:00:00Z",
    "wording": "I agree to get texts from Harbor.",
}
LIST = b"First name,Last name,Phone,Budget\r\nMaya,Torres,(617) 555-0142,450000\r\nBo,Lee,617-555-0143,\r\n,,12,\r\n"


async def send(browser: Browser, content: bytes, name: str = "list.csv") -> Any:
    return await browser.post(f"/api/v1/imports?name={quote(name)}", content)


async def run(office: Office) -> None:
    importer = Importer(office.store.imports, office.house.clock, uuid4())
    while await importer.work():
        pass


async def stored(office: Office) -> tuple[int, int, int]:
    """Contacts, files in pieces, imports that are still open."""
    rows = await office.sql(
        "SELECT (SELECT count(*) FROM contact), (SELECT count(*) FROM import_chunk), "
        "(SELECT count(*) FROM import WHERE state IN ('uploading', 'uploaded'))"
    )
    return tuple(rows[0])


async def test_a_list_is_sent_looked_at_confirmed_and_taken_back(office: Office) -> None:
    browser = await office.dana()
    sent = await send(browser, LIST, "Open house.csv")
    assert sent.status == 201, sent.json
    view = sent.json
    assert (view["name"], view["state"], view["rows_total"]) == ("Open house.csv", "uploaded", 3)
    assert view["dialect"] == {"encoding": "UTF-8", "separator": ",", "header": True}
    assert [(c["name"], c["place"]) for c in view["columns"]] == [
        ("First name", "first_name"), ("Last name", "last_name"), ("Phone", "phone"), ("Budget", "skip"),
    ]  # fmt: skip
    assert [(row["name"], row["phones"], row["sentence"]) for row in view["preview"]] == [
        ("Maya Torres", ["(617) 555-0142"], None),
        ("Bo Lee", ["(617) 555-0143"], None),
        ("", [], "“12” is no phone number that can get texts."),
    ]
    assert await stored(office) == (0, 1, 1)

    at = f"/api/v1/imports/{view['import_id']}"
    places = ["first_name", "last_name", "phone", "new:budget"]
    described = await browser.patch(at, {"places": places, "tags": ["March"]})
    assert (described.status, described.json["fault"]) == (200, None)
    rung: list[int] = []
    office.house.replace(ring_importer=lambda: rung.append(1))
    confirmed = await browser.post(f"{at}/confirm", {"consent": SAID})
    assert (confirmed.status, confirmed.json["state"]) == (202, "running")
    await run(office)
    done = (await browser.get(at)).json
    assert (done["state"], done["created"], done["refused"]) == ("done", 2, 1)
    assert done["confirmed_by"] == "Dana Whitfield"
    assert [c["place"] for c in done["columns"]][3] == "custom:budget"
    refused = (await browser.get(f"{at}/refusals")).json["refusals"]
    assert [(row["line"], row["cells"]) for row in refused] == [(4, ["", "", "12", ""])]
    file = await browser.get(f"{at}/refusals.csv")
    assert file.body.decode("utf-8-sig").splitlines() == [
        "Row,Why,First name,Last name,Phone,Budget",
        "4,“12” is no phone number that can get texts.,,,12,",
    ]
    assert (await browser.get("/api/v1/imports")).json["imports"][0]["created"] == 2
    contact = (await browser.get("/api/v1/contacts/1")).json
    assert (contact["custom"], [tag["name"] for tag in contact["tags"]]) == ({"budget": "450000"}, ["March"])

    assert (await browser.post(f"{at}/undo")).json["state"] == "undoing"
    await run(office)
    assert (await browser.get(at)).json["taken_back"] == 2
    assert (await browser.get("/api/v1/contacts/1")).status == 404


async def test_an_agent_brings_people_in_but_no_new_field(office: Office) -> None:
    browser = await office.raj()
    at = f"/api/v1/imports/{(await send(browser, LIST)).json['import_id']}"
    places = ["first_name", "last_name", "phone", "new:budget"]
    refused = await browser.post(f"{at}/confirm", {"places": places, "consent": SAID})
    assert (refused.status, refused.json["code"], refused.json["field"]) == (403, "role", "places")
    assert (await browser.get(at)).json["state"] == "uploaded"
    assert await office.sql("SELECT FROM custom_field") == []
    places[3] = "skip"
    assert (await browser.post(f"{at}/confirm", {"places": places, "consent": SAID})).status == 202


def utf16(text: str) -> bytes:
    return b"\xff\xfe" + text.encode("utf-16-le")


@pytest.mark.parametrize(
    ("content", "dialect", "first"),
    [
        pytest.param("Name,Phone\nZoë,6175550142\n".encode(), ("UTF-8", ","), "Zoë", id="UTF-8"),
        pytest.param("Name,Phone\nZoë,6175550142\n".encode("utf-8-sig"), ("UTF-8", ","), "Zoë", id="with its mark"),
        pytest.param(
            "Name;Phone\nZoë;6175550142\n".encode("cp1252"), ("Windows-1252", ";"), "Zoë", id="an old Excel's"
        ),
        pytest.param(utf16("Name\tPhone\nZoë\t6175550142\n"), ("UTF-16 LE", "\t"), "Zoë", id="Excel's Unicode text"),
        pytest.param("Name|Phone\nZoë|6175550142\n".encode("utf-16-be"), ("UTF-16 BE", "|"), "Zoë", id="no mark"),
        pytest.param(b"6175550142\n(617) 555-0143\n", ("UTF-8", ","), "", id="bare numbers"),
        pytest.param(b"Mobile\n6175550142", ("UTF-8", ","), "", id="bare numbers with a header"),
    ],
)
async def test_whatever_a_spreadsheet_writes_is_read(
    office: Office, content: bytes, dialect: tuple[str, str], first: str
) -> None:
    view = (await send(await office.dana(), content)).json
    assert (view["dialect"]["encoding"], view["dialect"]["separator"]) == dialect
    assert view["preview"][0]["phones"] == ["(617) 555-0142"]
    assert view["preview"][0]["name"] == first
    assert view["fault"] is None


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(9000), 415, "This is a picture", id="a picture"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 50, 415, "This is a picture", id="a photograph"),
        pytest.param(b"PK\x03\x04" + bytes(9000), 415, "This is an Excel workbook or a ZIP archive", id="a zip"),
        pytest.param(b"Name,Phone\n" + bytes(9000), 415, "not a list in text form", id="zeros"),
        pytest.param(b"x" * 3_000_000, 422, "A line of this file is longer than 64 KB", id="an endless line"),
        pytest.param(b"", 422, "This file is empty.", id="nothing"),
        pytest.param(b" \r\n\r\n", 422, "This file is empty.", id="nothing but breaks"),
        pytest.param(b"Name,Phone\n\n", 422, "There is nobody in this list.", id="a header alone"),
    ],
)
async def test_what_is_no_list_is_refused_in_one_sentence_and_nothing_of_it_stays(
    office: Office, content: bytes, status: int, words: str
) -> None:
    answer = await send(await office.dana(), content)
    assert answer.status == status
    assert words in answer.json["detail"]
    assert await stored(office) == (0, 0, 0)


async def test_two_gigabytes_are_refused_before_they_come(office: Office) -> None:
    browser = await office.dana()
    answer = await browser.post("/api/v1/imports?name=big.csv", b"x", Content_Length=str(2 * 1024**3))
    assert (answer.status, answer.json["detail"]) == (413, "This is too big: at most 50 MB are taken here.")
    assert await stored(office) == (0, 0, 0)


async def test_two_gigabytes_without_a_length_are_refused_when_they_are_too_many_and_memory_stays_small(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    add_chunk = office.store.imports.add_chunk

    async def counted(import_id: int, nth: int, content: bytes) -> None:
        kept.append(len(content))
        await add_chunk(import_id, nth, content)

    class Endless:
        left = 2 * 1024**3

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            self.left -= 65_536
            if self.left < 2 * 1024**3 - 3_000_000:
                from server.http.body import _too_big

                raise _too_big(50_000_000)
            return b"Maya,6175550142\n" * 4096

    monkeypatch.setattr(office.store.imports, "add_chunk", counted)
    monkeypatch.setattr("server.http.call.raw_body", lambda limit: Endless())
    answer = await send(await office.dana(), b"")
    assert answer.status == 413
    assert max(kept) <= 600_000
    assert await stored(office) == (0, 0, 0)


async def test_a_mapping_that_cannot_be_is_told_with_its_column(office: Office) -> None:
    browser = await office.dana()
    view = (await send(browser, LIST)).json
    at = f"/api/v1/imports/{view['import_id']}"
    for places, sentence, column in [
        (["first_name", "last_name", "skip", "skip"], "Say which column holds the phone numbers", None),
        (["first_name", "first_name", "phone", "skip"], "First name and Last name cannot both become the same.", 1),
        (["skip", "skip", "phone", "new:agent_name"], "Budget: {{agent_name}} means something already", 3),
        (["skip", "skip", "phone", "new:id"], "Budget: {{id}} means something already", 3),
        (["skip", "skip", "phone", "custom:nothing"], "Budget: There is no such custom field.", 3),
        (["skip", "skip", "phone", "stage:7"], "Budget: There is no such pipeline.", 3),
        (["skip", "skip", "phone", "workspace_id"], "Budget: There is no such place for a column.", 3),
    ]:
        fault = (await browser.patch(at, {"places": places})).json["fault"]
        assert fault["sentence"].startswith(sentence)
        assert fault["column"] == column
        answer = await browser.post(f"{at}/confirm", {"consent": SAID})
        assert (answer.status, answer.json["field"]) == (422, "places")
    assert (await browser.patch(at, {"places": ["phone"]})).json["detail"] == "This list has 4 columns."


@pytest.mark.parametrize(
    ("consent", "field"),
    [
        pytest.param(None, "consent", id="none"),
        pytest.param(SAID | {"who": " "}, "consent.who", id="by nobody"),
        pytest.param(SAID | {"wording": "yes"}, "consent.wording", id="in no words"),
        pytest.param(SAID | {"at": "2026-03-01"}, "consent.at", id="at no instant"),
        pytest.param(SAID | {"at": "2027-03-01T12:00:00Z"}, "consent.at", id="in the future"),
    ],
)
async def test_no_list_is_brought_in_without_its_statement(office: Office, consent: Any, field: str) -> None:
    browser = await office.dana()
    view = (await send(browser, LIST)).json
    at = f"/api/v1/imports/{view['import_id']}"
    answer = await browser.post(f"{at}/confirm", {} if consent is None else {"consent": consent})
    assert (answer.status, answer.json["field"]) == (422, field)
    await run(office)
    assert (await browser.get(at)).json["state"] == "uploaded"


async def test_reading_it_otherwise_guesses_anew(office: Office) -> None:
    browser = await office.dana()
    view = (await send(browser, b"Maya;Torres;6175550142\nBo;Lee;6175550143\n")).json
    assert (view["dialect"]["header"], [c["place"] for c in view["columns"]]) == (
        False, ["first_name", "last_name", "phone"],
    )  # fmt: skip
    view = (await browser.patch(f"/api/v1/imports/{view['import_id']}", {"separator": ","})).json
    assert [c["name"] for c in view["columns"]] == ["Column A"]
    view = (await browser.patch(f"/api/v1/imports/{view['import_id']}", {"separator": ";", "header": True})).json
    assert ([c["name"] for c in view["columns"]], view["rows_total"]) == (["Maya", "Torres", "6175550142"], 1)


async def test_another_workspace_finds_nothing(office: Office) -> None:
    dana, eve = await office.dana(), await office.eve()
    import_id = (await send(dana, LIST)).json["import_id"]
    at = f"/api/v1/imports/{import_id}"
    assert (await eve.get("/api/v1/imports")).json["imports"] == []
    for method, path, body in [
        ("GET", at, None),
        ("PATCH", at, {"header": False}),
        ("POST", f"{at}/confirm", {"consent": SAID}),
        ("POST", f"{at}/undo", None),
        ("GET", f"{at}/refusals", None),
        ("GET", f"{at}/refusals.csv", None),
        ("DELETE", at, None),
    ]:
        answer = await eve.ask(method, path, body)
        assert (answer.status, answer.json["code"]) == (404, "not_found"), path
    assert (await dana.get(at)).json["state"] == "uploaded"


async def test_what_was_confirmed_is_neither_changed_nor_dropped_nor_confirmed_again(office: Office) -> None:
    browser = await office.dana()
    at = f"/api/v1/imports/{(await send(browser, LIST)).json['import_id']}"
    assert (await browser.post(f"{at}/undo")).json["code"] == "not_ended"
    assert (await browser.post(f"{at}/confirm", {"consent": SAID})).status == 202
    for method, path, body in [
        ("PATCH", at, {"header": False}), ("DELETE", at, None), ("POST", f"{at}/confirm", {"consent": SAID}),
    ]:  # fmt: skip
        answer = await browser.ask(method, path, body)
        assert (answer.status, answer.json["code"]) == (409, "confirmed"), path


async def test_a_file_that_is_dropped_is_gone(office: Office) -> None:
    browser = await office.dana()
    at = f"/api/v1/imports/{(await send(browser, LIST)).json['import_id']}"
    assert (await browser.delete(at)).status == 204
    assert (await browser.get(at)).status == 404
    assert await stored(office) == (0, 0, 0)


async def confirmed(browser: Browser, content: bytes) -> str:
    at = f"/api/v1/imports/{(await send(browser, content)).json['import_id']}"
    assert (await browser.post(f"{at}/confirm", {"consent": SAID})).status == 202
    return at


async def test_a_list_whose_file_is_not_whole_any_more_ends_with_a_sentence_and_can_be_taken_back(
    office: Office,
) -> None:
    browser = await office.dana()
    at = await confirmed(browser, LIST)
    await office.sql("UPDATE import_chunk SET bytes = substr(bytes, 1, 80)")
    await run(office)
    broken = (await browser.get(at)).json
    assert (broken["state"], broken["sentence"]) == (
        "failed",
        "The file is not whole any more: 2 of its 3 rows could be read. "
        "Whom it brought until then is there. Take it back, or send the file again: nobody comes in twice.",
    )
    assert (await stored(office))[1] == 0
    assert (await browser.post(f"{at}/undo")).status == 202
    await run(office)
    assert (await browser.get(at)).json["state"] == "undone"


async def test_a_list_that_breaks_the_importer_ends_with_a_sentence_and_holds_up_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, store_slice = await office.dana(), office.store.imports.store_slice
    bad, good = await confirmed(browser, LIST), await confirmed(browser, LIST)

    async def break_on_the_first(job: Any, *more: Any) -> bool:
        if bad.endswith(f"/{job.import_id}"):
            raise ZeroDivisionError
        return await store_slice(job, *more)

    monkeypatch.setattr(office.store.imports, "store_slice", break_on_the_first)
    await run(office)
    told = (await browser.get(bad)).json
    assert told["state"] == "failed"
    assert told["sentence"].startswith("Something went wrong here after row 0 of 3; it was logged.")
    assert (await browser.get(good)).json["state"] == "done"
