"""What people write about a contact, as it is kept."""

from __future__ import annotations

import pytest

from server.domain.contact import LONGEST, checked_text, full_name
from server.domain.fields import FieldFault


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        pytest.param("first_name", "  Mary \t Ann ", "Mary Ann", id="spaces"),
        pytest.param("last_name", None, "", id="null empties"),
        pytest.param("email", "maya@x.example", "maya@x.example", id="an e-mail address"),
        pytest.param("email", "a.b+c@mail.x.co.uk", "a.b+c@mail.x.co.uk", id="a longer one"),
        pytest.param("state", "ma", "MA", id="a state's letters"),
        pytest.param("state", "Ontario", "Ontario", id="a province in words"),
        pytest.param("zip", "02134", "02134", id="a leading zero"),
        pytest.param("zip", "021341234", "02134-1234", id="ZIP+4 without its dash"),
        pytest.param("zip", "SW1A 1AA", "SW1A 1AA", id="abroad"),
        pytest.param("zone", "America/Denver", "America/Denver", id="a zone"),
    ],
)
def test_text_is_kept_tidily(name: str, written: str | None, kept: str) -> None:
    assert checked_text(name, written) == kept
    assert checked_text(name, kept) == kept


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("email", "maya"), ("email", "maya@x"), ("email", "a b@x.com"), ("email", "a@b@x.com"), ("email", "<a@x.com>"),
        ("zone", "EST5"), ("zone", "../etc/passwd"), *((name, "x" * (most + 1)) for name, most in LONGEST.items()),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(name: str, written: str) -> None:
    with pytest.raises(FieldFault, match=r"\.$"):
        checked_text(name, written)


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("Maya", "Torres", "Maya Torres"), ("Maya", "", "Maya"), ("", "Torres", "Torres"), ("", "", None)],
)
def test_a_name_is_what_there_is_of_it(first: str, last: str, name: str | None) -> None:
    assert full_name(first, last) == name
