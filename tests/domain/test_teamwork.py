"""Whom a note asks to look."""

from __future__ import annotations

import pytest

from server.domain.messages import Colleague
from server.domain.teamwork import mentioned

TEAM = [
    Colleague(1, "Dana Whitfield"),
    Colleague(2, "Priya Shah"),
    Colleague(3, "Dana Ortiz"),
    Colleague(4, "Zoë"),
    Colleague(5, "Sam O'Neil"),
]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param("nobody", (), id="no @"),
        pytest.param("@Priya Shah can you?", (2,), id="the whole name"),
        pytest.param("@priya", (2,), id="a first name, small"),
        pytest.param("@PRIYA  SHAH!", (2,), id="spaces and capitals"),
        pytest.param("@Dana", (), id="a first name of two"),
        pytest.param("@Dana Ortiz, @Dana Whitfield", (1, 3), id="told apart by the whole name"),
        pytest.param("@Priyanka", (), id="another name that begins alike"),
        pytest.param("priya@shah.example", (), id="an e-mail address"),
        pytest.param("mail me@priya", (), id="an @ within a word"),
        pytest.param("(@zoë)", (4,), id="in brackets, with an accent"),
        pytest.param("@Sam O'Neil's lead", (5,), id="a name with an apostrophe"),
        pytest.param("@Priya @priya shah", (2,), id="twice is once"),
        pytest.param("@", (), id="nothing behind it"),
    ],
)
def test_a_note_asks_whom_it_names(body: str, found: tuple[int, ...]) -> None:
    assert mentioned(body, TEAM) == found


def test_without_members_nobody_is_asked() -> None:
    assert mentioned("@Dana", []) == ()
