"""What goes out as a list can be brought in again and says the same, and runs in no spreadsheet on its way."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.actors.imports import Importer
from server.domain.fields import Field, FieldKind
from server.domain.imports.csv_cells import csv_line, guarded, unguarded
from server.domain.imports.csv_columns import Stages, Vocabulary
from server.domain.imports.row import Columns, Person, read_row
from server.domain.imports.survey import survey
from server.http.contacts.export import cells, heads
from server.http.sheets import csv_stream
from server.ports.contacts import ContactPhone, ContactRow, ContactStage, ContactTag, Owner
from tests.http.house import House
from tests.http.office import Office

KNOWN = Vocabulary(
    {
        "budget": Field("budget", "Budget", FieldKind.NUMBER),
        "note": Field("note", "City", FieldKind.TEXT),
        "pets": Field("pets", "Pets?", FieldKind.BOOLEAN),
    },
    {3: Stages("Buyers", {"new lead": 31, "=closed": 32})},
    {"dana whitfield": 11},
)
NAMES = {31: "New Lead", 32: "=Closed"}


TELLING = "=+-@',;|\"%a1é😀 "
PIECE = 5


def words(longest: int) -> st.SearchStrategy[str]:
    """What the server keeps of a text: its words with one space between them."""
    letters = st.characters(codec="utf-8", exclude_categories=["C", "Z"])
    # Hypothesis draws a piece of one alphabet at once; of several, letter by letter, which took most of the time.
    piece = st.text(TELLING, max_size=PIECE) | st.text(letters, max_size=PIECE)
    pieces = st.lists(piece, max_size=longest // PIECE)
    return pieces.map(lambda some: " ".join("".join(some).split()))


numbers = st.integers(2_000_000, 9_999_999).map(lambda n: f"+1617{n}")
phone = st.builds(
    lambda address, label: (address, label), numbers, st.sampled_from(["", "mobile", "home", "Mom's", "work line"])
)
row = st.builds(
    lambda texts, phones, tags, stage, owner, budget, note, pets: (
        texts,
        phones,
        tags,
        stage,
        owner,
        budget,
        note,
        pets,
    ),
    st.fixed_dictionaries({"first_name": words(30), "last_name": words(30), "city": words(20), "street": words(40)}),
    st.lists(phone, min_size=1, max_size=4, unique_by=lambda one: one[0]),
    st.lists(words(20).filter(bool), max_size=3, unique_by=str.casefold),
    st.sampled_from([None, 31, 32]),
    st.booleans(),
    st.none() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9).map(lambda f: round(f, 6)),
    words(60),
    st.none() | st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(row)
def test_a_person_who_goes_out_and_comes_back_is_the_same(made: tuple) -> None:  # type: ignore[type-arg]  # of the strategy above
    texts, phones, tags, stage, owner, budget, note, pets = made
    custom = {"budget": budget, "note": note or None, "pets": pets}
    custom = {name: value for name, value in custom.items() if value is not None}
    out = ContactRow(
        1, "", texts["first_name"], texts["last_name"], "maya@example.org",
        tuple(ContactPhone(n, a, la, n, False, False, False, None, None, None) for n, (a, la) in enumerate(phones)),
        tuple(ContactTag(n, name) for n, name in enumerate(tags)),
        (ContactStage(3, "Buyers", stage, NAMES[stage]),) if stage else (),
        Owner(11, "Dana Whitfield") if owner else None,
        texts["street"], texts["city"], "MA", "02134", "America/New_York", "12 Elm St", custom, "member", None, None,
        datetime(2026, 1, 1, tzinfo=UTC), 1,
    )  # fmt: skip
    text = csv_line(heads(KNOWN)) + csv_line(cells(out, KNOWN))
    looked = survey(text, KNOWN, whole=True)
    assert (looked.separator, looked.header) == (",", True)
    back = read_row(looked.rows[0], Columns(looked.places, looked.names), KNOWN)
    assert isinstance(back, Person)
    assert back.notes == ()
    expected = {name: value for name, value in texts.items() if value}
    assert {name: back.texts.get(name) for name in expected} == expected
    assert back.texts["zip"] == "02134"
    assert back.phones == tuple(phones)
    assert back.tags == tuple(tags)
    assert back.stages == ({3: stage} if stage else {})
    assert back.owner_id == (11 if owner else None)
    assert back.custom == custom


@given(st.text(st.sampled_from("'=+-@\t a1|%"), max_size=8))
def test_a_cell_never_begins_like_a_formula_and_comes_back_as_it_was(value: str) -> None:
    cell = guarded(value)
    assert unguarded(cell) == value
    assert not cell.startswith(("=", "+", "@", "\t", "\r", "|", "%"))


@pytest.mark.integration
async def test_people_go_out_by_filter_or_by_id_and_come_back_into_another_workspace(office: Office) -> None:
    dana, eve = await office.dana(), await office.eve()
    for name, number in [("Maya", "(617) 555-0142"), ("=HYPERLINK()", "(617) 555-0143"), ("Bo", "(617) 555-0144")]:
        made = await dana.post(
            "/api/v1/contacts", {"first_name": name, "phones": [{"phone": number, "label": "mobile"}]}
        )
        assert made.status == 201, made.json
    await dana.put("/api/v1/contacts/1/tags", {"names": ["Open House", "Smith, VIP"]})
    answer = await dana.post(
        "/api/v1/contacts/export", {"filter": {"field": "tag", "is": "has", "value": "Open House"}}
    )
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert [(row["First name"], row["Phone"], row["Phone type"], row["Tags"]) for row in rows] == [
        ("Maya", "(617) 555-0142", "mobile", 'Open House; "Smith, VIP"')
    ]
    answer = await dana.post("/api/v1/contacts/export", {"contact_ids": [2, 1]})
    assert [line.split(",")[0] for line in answer.body.decode("utf-8-sig").splitlines()] == [
        "First name", "'=HYPERLINK()", "Maya",
    ]  # fmt: skip
    assert len((await eve.post("/api/v1/contacts/export", {"contact_ids": [1]})).body.splitlines()) == 1
    assert len((await eve.post("/api/v1/contacts/export", {"filter": {"all": []}})).body.splitlines()) == 1
    everybody = await dana.post("/api/v1/contacts/export", {"filter": {"all": []}})
    view = (await eve.post("/api/v1/imports?name=people.csv", everybody.body)).json
    said = {"who": "Eve Stone", "at": "2026-03-01T12:00:00Z", "wording": "I agree to get texts."}
    at = f"/api/v1/imports/{view['import_id']}"
    assert (await eve.post(f"{at}/confirm", {"consent": said})).status == 202
    while await Importer(office.store.imports, office.house.clock, uuid4()).work():
        pass
    theirs = await eve.post("/api/v1/contacts/export", {"filter": {"all": []}})
    assert theirs.body == everybody.body


@pytest.mark.integration
async def test_a_filter_that_means_nothing_is_told_and_nothing_goes_out(office: Office) -> None:
    answer = await (await office.dana()).post("/api/v1/contacts/export", {"filter": {"field": "shoe", "is": "has"}})
    assert (answer.status, answer.json["code"]) == (422, "filter")


async def test_a_list_that_nobody_is_in_is_its_heads(house: House) -> None:
    async def nobody() -> AsyncGenerator[list[list[str]], None]:
        for piece in list[list[list[str]]]():
            yield piece

    async with house.app.test_request_context("/"):
        response = await csv_stream(("Name", "Phone"), nobody(), "nobody.csv")
        assert await response.get_data(as_text=True) == "\ufeffName,Phone\r\n"
