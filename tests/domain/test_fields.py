"""Custom fields: names that collide with nothing, and values that fit their type however people write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.fields import (
    RESERVED,
    Field,
    FieldFault,
    FieldKind,
    checked,
    checked_choices,
    name_fault,
    name_for,
    shown,
)
from server.domain.tokens import KNOWN

CONDO = ("Condo", "Single family")


def of(kind: str, **more: Any) -> Field:
    return Field("field", "Field", FieldKind(kind), **more)


@pytest.mark.parametrize(
    ("kind", "written", "kept", "read"),
    [
        pytest.param("text", "  corner lot ", "corner lot", "corner lot", id="text"),
        pytest.param("text", 4500, "4,500", "4,500", id="a number in a text field"),
        pytest.param("text", True, "yes", "yes", id="a yes in a text field"),
        pytest.param("number", 450000, 450000, "450,000", id="an integer"),
        pytest.param("number", "$450,000", 450000, "450,000", id="dollars"),
        pytest.param("number", "-2.50", -2.5, "-2.5", id="a fraction"),
        pytest.param("number", 3.0, 3, "3", id="a whole float"),
        pytest.param("number", ".5", 0.5, "0.5", id="half"),
        pytest.param("date", "2026-11-21", "2026-11-21", "Nov 21, 2026", id="a day"),
        pytest.param("date", "11/1/2026", "2026-11-01", "Nov 1, 2026", id="an American day"),
        pytest.param("boolean", True, True, "yes", id="true"),
        pytest.param("boolean", "No", False, "no", id="no in words"),
        pytest.param("boolean", 0, False, "no", id="zero"),
        pytest.param("choice", "single  FAMILY", "Single family", "Single family", id="a choice in other capitals"),
        pytest.param("number", "  ", None, None, id="blank empties"),
        pytest.param("choice", None, None, None, id="null empties"),
    ],
)
def test_a_value_is_kept_typed_and_read_as_people_write_it(
    kind: str, written: Any, kept: Any, read: str | None
) -> None:
    field = of(kind, choices=CONDO if kind == "choice" else ())
    value = checked(field, written)
    assert (value, type(value)) == (kept, type(kept))
    assert shown(field, value) == read
    assert checked(field, value) == value, "what is kept fits again"


@pytest.mark.parametrize(
    ("kind", "written", "sentence"),
    [
        ("number", "a lot", "Field is a number."),
        ("number", "1,2,3", "Field is a number."),
        ("number", "-", "Field is a number."),
        ("number", "1e400", "Field is a number."),
        ("number", True, "Field is a number."),
        ("number", float("nan"), "Field is a number."),
        ("number", 10**17, "Field is too large."),
        ("number", "٣", "Field is a number."),
        ("date", "2026-02-30", "Field is a date, such as 2026-11-21 or 11/21/2026."),
        ("date", "21.11.2026", "Field is a date, such as 2026-11-21 or 11/21/2026."),
        ("date", "0001-01-01", "Field is a date, such as 2026-11-21 or 11/21/2026."),
        ("date", 20261121, "Field is a date, such as 2026-11-21 or 11/21/2026."),
        ("boolean", "maybe", "Field is yes or no."),
        ("choice", "Castle", "Field is one of: Condo, Single family."),
        ("text", "x" * 2001, "Field has at most 2,000 characters."),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(kind: str, written: Any, sentence: str) -> None:
    with pytest.raises(FieldFault, match=sentence.replace(".", r"\.")):
        checked(of(kind, choices=CONDO if kind == "choice" else ()), written)


@given(st.sampled_from(FieldKind), st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_a_value_fits_or_is_a_sentence_and_what_was_kept_always_fits_again(kind: FieldKind, written: Any) -> None:
    field = Field("field", "Field", kind, CONDO if kind is FieldKind.CHOICE else ())
    try:
        value = checked(field, written)
    except FieldFault:
        return
    assert checked(field, value) == value
    assert (shown(field, value) is None) == (value is None)


@pytest.mark.parametrize("name", [*sorted(KNOWN), "custom_field", "email", "phone", "tags", "zip"])
def test_a_name_that_means_something_already_is_refused(name: str) -> None:
    assert name_fault(name) == f"{{{{{name}}}}} means something already. Choose another name."


@pytest.mark.parametrize("name", ["", "Budget", "2nd", "a b", "größe", "x" * 41, "a-b", "budget\n"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    assert name_fault(name) is not None


@pytest.mark.parametrize("name", ["budget", "b", "lot_size_2", "x" * 40])
def test_any_other_name_is_free(name: str) -> None:
    assert name_fault(name) is None


@given(st.text())
def test_every_label_makes_a_name(label: str) -> None:
    assert name_fault(name_for(label)) is None or name_for(label) in RESERVED


def test_choices_are_kept_once_and_tidily() -> None:
    assert checked_choices(FieldKind.CHOICE, [" Condo", "Single  family", "Condo", ""]) == CONDO
    assert checked_choices(FieldKind.TEXT, []) == ()


@pytest.mark.parametrize(
    ("kind", "choices", "sentence"),
    [
        ("choice", [" "], "Give at least one choice."),
        ("choice", ["Condo", "CONDO"], "Two choices differ by their capitals only."),
        ("choice", [str(n) for n in range(101)], "A field has at most 100 choices."),
        ("number", ["1"], "Only a field of choices has choices."),
    ],
)
def test_choices_that_do_not_fit_are_refused(kind: str, choices: list[str], sentence: str) -> None:
    with pytest.raises(FieldFault, match=sentence):
        checked_choices(FieldKind(kind), choices)
