"""Decides what a row of a list says of a person, and why it says nothing that can be used, in one sentence.

A row needs one number that can get texts. What else cannot be read costs only itself, and is told. Spreadsheets spoil
cells in known ways, which are undone where that is certain and named where it is not: `="02134"`, a ZIP without its
zero, a number rounded to 6.18E+09, an apostrophe before a formula.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from server.domain.contact import checked_text
from server.domain.fields import FieldFault, Value, checked
from server.domain.imports.csv_cells import unguarded
from server.domain.imports.csv_columns import (
    CUSTOM,
    DO_NOT_TEXT,
    NAME,
    OWNER,
    PHONE,
    PHONE_LABEL,
    SKIP,
    STAGE,
    TAGS,
    Vocabulary,
    phone_label,
)
from server.domain.imports.csv_rows import CsvRow
from server.domain.phone import for_people, normalise

MOST_PHONES: Final = 10
_TAG_LENGTH: Final = 60
_QUOTED_FORMULA: Final = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
_ROUNDED: Final = re.compile(r"[-+]?\d([.,]\d+)?E\+?\d+", re.IGNORECASE)
_FLOAT: Final = re.compile(r"(\d{7,15})\.0+")
_SHORT_ZIP: Final = re.compile(r"(\d{3,4})(-\d{4})?")
_YES: Final = frozenset({"yes", "y", "true", "t", "1", "x", "on", "opted out", "unsubscribed", "do not text"})
_APART: Final = re.compile(r"[;,|\n]")
_TAGS: Final = re.compile(r'\s*"((?:[^"]|"")*+)"\s*(?=[;,|\n]|$)|[^;,|\n]+')
_LABELLED: Final = re.compile(r"(.*\d)\s+([^\W\d_][^\d;,|]{0,29})")  # "(617) 555-0142 mobile", as we write it


@dataclass(frozen=True, slots=True)
class Person:
    """What row *line* says. `texts` are those of the contact that have a value; `phones` are E.164 with their labels.

    `consents` False: the list itself says that this person must not be texted; its statement does not speak for them.
    """

    line: int
    phones: tuple[tuple[str, str], ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[str, Value] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    stages: Mapping[int, int] = field(default_factory=dict)
    owner_id: int | None = None
    consents: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Row *line* was not taken."""

    line: int
    sentence: str
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of the columns, and their names as they are shown."""

    places: tuple[str, ...]
    names: tuple[str, ...]


def cleaned(cell: str) -> str:
    """The *cell* without what spreadsheets wrap around values to keep them as they are.

    >>> cleaned('="02134"'), cleaned("'=1+1"), cleaned(" Maya ")
    ('02134', '=1+1', 'Maya')
    """
    text = cell.strip().strip("\ufeff\u200b")
    if not text.startswith(("=", "'")):
        return text
    quoted = _QUOTED_FORMULA.fullmatch(text)
    return quoted[1].replace('""', '"').strip() if quoted else unguarded(text)


def read_row(row: CsvRow, columns: Columns, known: Vocabulary) -> Person | Refusal:
    """The person of *row*, or why there is none."""
    if row.fault is not None:
        return Refusal(row.number, row.fault, row.cells)
    width = len(columns.places)
    if any(cell.strip() for cell in row.cells[width:]):
        sentence = (
            f"This row has {len(row.cells)} cells, the list has {width} columns: a separator may lack its quotes."
        )
        return Refusal(row.number, sentence, row.cells)
    reader = _Reader(row.number, known)
    for place, name, cell in zip(columns.places, columns.names, row.cells, strict=False):
        if place != SKIP and (text := cleaned(cell)):
            reader.take(place, name, text)
    person = reader.person()
    return person if isinstance(person, Person) else replace(person, cells=row.cells)


class _Reader:
    """Gathers one row."""

    def __init__(self, line: int, known: Vocabulary) -> None:
        self._line, self._known = line, known
        self._phones: dict[str, str] = {}
        self._unread: list[str] = []
        self._first_label = ""
        self._texts: dict[str, str] = {}
        self._custom: dict[str, Value] = {}
        self._tags: dict[str, str] = {}
        self._stages: dict[int, int] = {}
        self._owner: int | None = None
        self._consents = True
        self._notes: list[str] = []

    def take(self, place: str, name: str, text: str) -> None:
        try:
            if place == PHONE:
                self._phone(name, text)
            elif place == PHONE_LABEL:
                self._first_label = text[:30]
            elif place == NAME:
                self._name(text)
            elif place == TAGS:
                self._add_tags(text)
            elif place == OWNER:
                self._find_owner(text)
            elif place == DO_NOT_TEXT:
                self._consents = self._consents and text.casefold() not in _YES
            elif place.startswith(CUSTOM):
                self._own_field(place.removeprefix(CUSTOM), text)
            elif place.startswith(STAGE):
                self._stage(int(place.removeprefix(STAGE)), text)
            else:
                self._texts[place] = checked_text(place, _zip(text) if place == "zip" else text)
        except FieldFault as fault:
            self._notes.append(f"{name} was left out: {fault}")

    def person(self) -> Person | Refusal:
        if not self._phones:
            return Refusal(self._line, self._unread[0] if self._unread else "This row has no phone number.")
        first = next(iter(self._phones))
        self._phones[first] = self._first_label or self._phones[first]
        return Person(
            self._line,
            tuple(self._phones.items())[:MOST_PHONES],
            {name: text for name, text in self._texts.items() if text},
            self._custom,
            tuple(self._tags.values()),
            self._stages,
            self._owner,
            self._consents,
            (*self._notes, *self._unread),
        )

    def _phone(self, name: str, text: str) -> None:
        address = normalise(text)
        if address is not None:
            self._phones.setdefault(address, phone_label(name))
            return
        for written in filter(None, map(str.strip, _APART.split(text))):
            whole, labelled = _FLOAT.fullmatch(written), _LABELLED.fullmatch(written)
            if (address := normalise(whole[1] if whole else written)) is not None:
                self._phones.setdefault(address, phone_label(name))
            elif labelled and (address := normalise(labelled[1])) is not None:
                self._phones.setdefault(address, labelled[2].strip())
            else:
                self._unread.append(_phone_fault(written))

    def _name(self, text: str) -> None:
        last, comma, first = text.partition(",")
        if not comma:
            first, _, last = text.rpartition(" ") if " " in text else (text, "", "")
        for place, value in (("first_name", first), ("last_name", last)):
            if not self._texts.get(place):
                self._texts[place] = checked_text(place, value)

    def _add_tags(self, text: str) -> None:
        for tag in _TAGS.finditer(text):
            if name := " ".join((tag[0] if tag[1] is None else tag[1].replace('""', '"')).split()):
                if len(name) > _TAG_LENGTH:
                    raise FieldFault(f"a tag has at most {_TAG_LENGTH} characters.")
                self._tags.setdefault(name.casefold(), name)

    def _find_owner(self, text: str) -> None:
        self._owner = self._known.members.get(text.casefold())
        if self._owner is None:
            raise FieldFault(f"nobody here is called “{_short(text)}”.")

    def _own_field(self, name: str, text: str) -> None:
        value = checked(self._known.fields[name], text)
        if value is not None:
            self._custom[name] = value

    def _stage(self, pipeline_id: int, text: str) -> None:
        pipeline = self._known.pipelines[pipeline_id]
        stage_id = pipeline.stages.get(" ".join(text.split()).casefold())
        if stage_id is None:
            raise FieldFault(f"{pipeline.name} has no stage “{_short(text)}”.")
        self._stages[pipeline_id] = stage_id


def _zip(text: str) -> str:
    """A ZIP code as it was before a spreadsheet took it for a number: five digits, zeros in front."""
    text = text.removesuffix(".0")
    short = _SHORT_ZIP.fullmatch(text)
    return f"{short[1].zfill(5)}{short[2] or ''}" if short else text


def _phone_fault(written: str) -> str:
    if _ROUNDED.fullmatch(written):
        return (
            f"“{_short(written)}” is a number that a spreadsheet has rounded. Format the column as text and save again."
        )
    if written[0] in "=@":
        return f"“{_short(written)}” is a formula, not a phone number."
    return f"“{_short(written)}” is no phone number that can get texts."


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"


def fold(people: Sequence[Person]) -> list[Person]:
    """*people* with those who share a number made one: where their rows differ, the last one counts, and says so.

    So a number in a file twice is one contact, wherever the file is cut. A row that shares numbers with two others
    belongs to the one that has its first number; the other keeps what is its own.
    """
    folded: dict[int, Person] = {}
    owner: dict[str, int] = {}
    for person in people:
        twin = next((owner[address] for address, _ in person.phones if address in owner), None)
        key = person.line if twin is None else twin
        if twin is not None:
            person = _joined(folded[twin], _without_strangers(person, key, owner))
        folded[key] = person
        for address, _ in person.phones:
            owner[address] = key
    return list(folded.values())


def _without_strangers(person: Person, key: int, owner: Mapping[str, int]) -> Person:
    mine, lost = [], []
    for phone in person.phones:
        row = owner.get(phone[0], key)
        if row == key:
            mine.append(phone)
        else:
            lost.append(f"{for_people(phone[0])} was left out: it belongs to row {row}.")
    return replace(person, phones=tuple(mine), notes=(*person.notes, *lost))


def _joined(first: Person, last: Person) -> Person:
    phones = dict(first.phones)
    for address, label in last.phones:
        phones[address] = label or phones.get(address, "")
    tags = {tag.casefold(): tag for tag in (*first.tags, *last.tags)}
    return Person(
        last.line,
        tuple(phones.items()),
        {**first.texts, **last.texts},
        {**first.custom, **last.custom},
        tuple(tags.values()),
        {**first.stages, **last.stages},
        last.owner_id if last.owner_id is not None else first.owner_id,
        first.consents and last.consents,
        (*first.notes, *last.notes, repeated(first.line)),
    )


def repeated(line: int) -> str:
    return f"The same number stands in row {line}; where the two differ, this row counts."


def elsewhere(address: str, name: str | None) -> str:
    return f"{for_people(address)} was left out: it belongs to {name or 'another contact'}."
