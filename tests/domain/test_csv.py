"""Lists as spreadsheets and people write them: bytes, rows, cells, columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.fields import Field, FieldKind
from server.domain.imports.csv_bytes import Encoding, NotAList, NotText, Reading, decoder
from server.domain.imports.csv_cells import csv_line
from server.domain.imports.csv_columns import SKIP, Vocabulary, guess
from server.domain.imports.csv_rows import (
    UNCLOSED,
    CsvRow,
    RowReader,
    column_names,
    guess_header,
    guess_separator,
    rows_of,
)
from server.domain.imports.row import Columns, Person, Refusal, fold, read_row

KNOWN = Vocabulary({"budget": Field("budget", "Budget", FieldKind.NUMBER)})


def cells(text: str, separator: str = ",") -> list[tuple[str, ...]]:
    return [row.cells for row in rows_of(text, separator) if row.fault is None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a,b\nc,d\n", [("a", "b"), ("c", "d")], id="line feeds"),
        pytest.param("a,b\r\nc,d", [("a", "b"), ("c", "d")], id="both breaks, none at the end"),
        pytest.param("a,b\rc,d\r", [("a", "b"), ("c", "d")], id="an old Mac's"),
        pytest.param('"a\nb",c\n', [("a\nb", "c")], id="a break within quotes"),
        pytest.param('"a ""b""",c\n', [('a "b"', "c")], id="doubled quotes"),
        pytest.param('5" pipe,c\n', [('5" pipe', "c")], id="a quote in the middle is a letter"),
        pytest.param("sep=;\na,b\n", [("a", "b")], id="Excel's own first line"),
        pytest.param("a\n\nb\n", [("a",), ("",), ("b",)], id="an empty line is a row of the sheet"),
    ],
)
def test_rows(text: str, expected: list[tuple[str, ...]]) -> None:
    assert cells(text) == expected


def test_a_quote_that_is_never_closed_costs_its_own_row_only() -> None:
    rows = rows_of('a,b\n"Torres,1\nLee,2\nBo,3\n', ",")
    assert [(row.number, row.fault) for row in rows] == [(1, None), (2, UNCLOSED), (3, None), (4, None)]
    assert rows[2].cells == ("Lee", "2")


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    rows = rows_of('Name\n"Maya\nTorres"\n\nBo\n', ",")
    assert [(row.number, row.cells[0]) for row in rows if not row.blank] == [
        (1, "Name"),
        (2, "Maya\nTorres"),
        (4, "Bo"),
    ]


text_cells = st.lists(st.text(st.sampled_from('a"\n,;é '), max_size=6), min_size=1, max_size=4)


@given(st.lists(text_cells, min_size=1, max_size=8), st.integers(1, 7))
def test_however_a_file_is_cut_its_rows_are_the_same(table: list[list[str]], size: int) -> None:
    text = "".join(csv_line(row) for row in table)
    reader, found = RowReader(","), list[CsvRow]()
    for at in range(0, len(text), size):
        found += reader.feed(text[at : at + size])
    found += reader.end()
    assert [list(row.cells) for row in found] == table


@pytest.mark.parametrize(
    ("sample", "separator"),
    [
        pytest.param("Name,Phone\nTorres,617\n", ",", id="comma"),
        pytest.param('Name;Phone\n"Torres, Maya";617\nLee;618\n', ";", id="semicolons, and commas in names"),
        pytest.param("Name\tPhone\nTorres, Maya\t617\n", "\t", id="tabs"),
        pytest.param("Name|Phone\nTorres|617\n", "|", id="bars"),
        pytest.param("(617) 555-0142\n(617) 555-0143\n", ",", id="bare numbers have none"),
    ],
)
def test_the_separator_is_guessed(sample: str, separator: str) -> None:
    assert guess_separator(sample) == separator


def test_a_header_holds_nobodys_number() -> None:
    assert guess_header(["Name", "Phone 2"])
    assert not guess_header(["Maya", "617-555-0142"])
    assert not guess_header(["maya@example.org", "x"])
    assert not guess_header(["", ""])


def test_columns_have_names_of_their_own_whatever_the_header_says() -> None:
    names = ["Phone", "phone", "", "__proto__", "constructor", "id", "Phone"]
    assert column_names(names, 8) == (
        "Phone", "phone (2)", "Column C", "__proto__", "constructor", "id", "Phone (3)", "Column H",
    )  # fmt: skip
    places = guess(column_names(names, 8), [], KNOWN, header=True)
    assert places[3:6] == (SKIP, SKIP, SKIP), "no header reaches a column of the database"


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ("First Name", "first_name"), ("SURNAME", "last_name"), ("E-mail Address", "email"), ("Cell #", "phone"),
        ("Phone 2", "phone"), ("ZIP / Postal Code", "zip"), ("Budget", "custom:budget"), ("budget", "custom:budget"),
        ("Lead Owner", "owner"), ("DNC", "do_not_text"), ("Shoe size", SKIP), ("Time Zone", "zone"),
    ],
)  # fmt: skip
def test_a_column_is_guessed_by_its_name(header: str, place: str) -> None:
    assert guess((header,), [], KNOWN, header=True) == (place,)


def test_without_a_header_the_cells_tell() -> None:
    rows = [("Maya", "Torres", "6175550142", "02134", "m@x.org"), ("Bo", "Lee", "6175550143", "02135", "b@x.org")]
    assert guess(column_names(None, 5), rows, KNOWN, header=False) == (
        "first_name",
        "last_name",
        "phone",
        "zip",
        "email",
    )


def person(**values: str) -> Person | Refusal:
    places = tuple(values)
    (row,) = rows_of(csv_line(list(values.values())), ",")
    return read_row(row, Columns(places, places), KNOWN)


@pytest.mark.parametrize(
    "written",
    [
        "(617) 555-0142",
        "+16175550142",
        "1-617-555-0142",
        "617.555.0142",
        '="6175550142"',
        "6175550142.0",
        "'+16175550142",
    ],
)
def test_one_number_in_any_spelling(written: str) -> None:
    found = person(phone=written)
    assert isinstance(found, Person)
    assert found.phones == (("+16175550142", ""),)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("", "This row has no phone number."),
        ("555-0142", "“555-0142” is no phone number that can get texts."),
        ("6.18E+09", "“6.18E+09” is a number that a spreadsheet has rounded"),
        ("=A2&B2", "“=A2&B2” is a formula, not a phone number."),
        ("617-555-0142 ext 5", "is no phone number that can get texts."),
    ],
)
def test_a_row_without_a_number_says_why(written: str, sentence: str) -> None:
    found = person(phone=written)
    assert isinstance(found, Refusal)
    assert sentence in found.sentence


@pytest.mark.parametrize(
    ("zip_", "expected"),
    [("02134", "02134"), ("2134", "02134"), ("601", "00601"), ("2134-1234", "02134-1234"), ('="02134"', "02134")],
)
def test_a_zip_has_its_zeros(zip_: str, expected: str) -> None:
    found = person(phone="6175550142", zip=zip_)
    assert isinstance(found, Person)
    assert found.texts["zip"] == expected


def test_what_cannot_be_read_beside_the_number_costs_only_itself() -> None:
    found = person(phone="6175550142", email="maya at home", **{"custom:budget": "lots"})
    assert isinstance(found, Person)
    assert found.texts == {}
    assert found.notes == (
        "email was left out: This is not an e-mail address.", "custom:budget was left out: Budget is a number.",
    )  # fmt: skip


def test_a_row_with_a_cell_too_many_is_not_guessed_at() -> None:
    (row,) = rows_of("Torres, Maya,6175550142", ",")
    found = read_row(row, Columns(("name", "phone"), ("Name", "Phone")), KNOWN)
    assert isinstance(found, Refusal)
    assert found.sentence == "This row has 3 cells, the list has 2 columns: a separator may lack its quotes."


def test_a_number_twice_in_a_file_is_one_person_and_the_last_row_counts() -> None:
    a, b = "+16175550142", "+16175550143"
    one, two, three = (
        Person(2, ((a, ""),), {"first_name": "Maya", "city": "Boston"}),
        Person(3, ((b, ""),), {"first_name": "Bo"}),
        Person(4, ((a, "mobile"), (b, "")), {"first_name": "May"}, consents=False),
    )
    first, second = fold([one, two, three])
    assert (first.line, first.phones, first.consents) == (4, ((a, "mobile"),), False)
    assert first.texts == {"first_name": "May", "city": "Boston"}
    assert first.notes == (
        "(617) 555-0143 was left out: it belongs to row 3.",
        "The same number stands in row 2; where the two differ, this row counts.",
    )
    assert second == two


# Bytes


def read(content: bytes, size: int) -> tuple[Encoding, str]:
    reading = Reading()
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    for piece in pieces:
        reading.feed(piece)
    encoding = reading.end()
    text = decoder(encoding)
    return encoding, "".join(text(piece, False) for piece in pieces) + text(b"", True)


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", Encoding.UTF_8), ("utf-8-sig", Encoding.UTF_8), ("cp1252", Encoding.CP1252),
        ("utf-16", Encoding.UTF_16_LE), ("utf-16-le", Encoding.UTF_16_LE), ("utf-16-be", Encoding.UTF_16_BE),
    ],
)  # fmt: skip
def test_the_encoding_is_told_however_the_bytes_come(codec: str, encoding: Encoding, size: int) -> None:
    text = "Name,Phone\nMaya,6175550142\n" + "Bo,6175550143\n" * 20 + "Zoë,6175550144\n"
    assert read(text.encode(codec), size) == (encoding, text)


def test_a_heading_that_begins_like_a_picture_is_none() -> None:
    assert read(b"BMW owners,Phone\nMaya,6175550142\n", 100)[0] is Encoding.UTF_8


@pytest.mark.parametrize("size", [1000, 65_536, 1_000_000])
def test_an_endless_line_is_refused_however_it_comes(size: int) -> None:
    with pytest.raises(NotAList, match="longer than 64 KB"):
        read(b"Name,Phone\n" + b"x" * 200_000 + b"\nMaya,6175550142\n", size)


def test_what_is_no_text_is_refused_at_its_first_bytes() -> None:
    reading = Reading()
    with pytest.raises(NotText, match="This is a picture"):
        reading.feed(b"\x89PNG\r\n\x1a\n" + b"\r\n\0\1" * 2000)
