"""What the API takes and tells of imports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from server.domain.imports.csv_bytes import Encoding
from server.domain.imports.csv_columns import MappingFault, Vocabulary, mapping_fault
from server.domain.imports.row import Person
from server.domain.imports.survey import Survey, previewed
from server.domain.phone import for_people
from server.http.ids import Id
from server.ports.imports import Import, ImportState

PREVIEW: Final = 8

Place = Annotated[str, Field(max_length=60)]
TagName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\S")]


class UploadQuery(BaseModel):
    """`name` is the file's."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="list.csv", min_length=1, max_length=200)


class ImportsQuery(BaseModel):
    """`below`: the id that the last page ended with."""

    model_config = ConfigDict(extra="forbid")

    below: Id | None = None
    limit: int = Field(default=20, ge=1, le=100)


class DescribeIn(BaseModel):
    """How the file is read, and what its columns become. What is left out stays.

    A place is a field of contacts (`first_name`, `email`, `zip` …), `name`, `phone`, `tags`, `owner`, `do_not_text`,
    `custom:<field>`, `new:<field>`, `stage:<pipeline id>` or `skip`; one for each column, in their order.
    """

    model_config = ConfigDict(extra="forbid")

    header: bool | None = None
    separator: Literal[",", ";", "\t", "|"] | None = None
    encoding: Encoding | None = None
    places: list[Place] | None = Field(default=None, max_length=200)
    tags: list[TagName] | None = Field(default=None, max_length=20)


class ImportConsentIn(BaseModel):
    """The statement that stands behind the file: who gathered the consents, when at the latest, in which words."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    who: str = Field(min_length=3, max_length=300)
    at: AwareDatetime
    wording: str = Field(min_length=10, max_length=4000)


class ConfirmIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    places: list[Place] | None = Field(default=None, max_length=200)
    tags: list[TagName] | None = Field(default=None, max_length=20)
    consent: ImportConsentIn


class RefusalsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: int = Field(default=0, ge=0, le=2**31 - 1)
    limit: int = Field(default=100, ge=1, le=500)


class DialectOut(BaseModel):
    encoding: str
    separator: str
    header: bool


class ColumnOut(BaseModel):
    """`samples`: its first values, while the file is there."""

    name: str
    place: str
    samples: list[str]


class ImportConsentOut(BaseModel):
    who: str
    at: datetime
    wording: str


class ImportPreviewOut(BaseModel):
    """What a row would become. `sentence`: why it would not be taken; `notes`: what would be left out."""

    line: int
    cells: list[str]
    name: str
    phones: list[str]
    sentence: str | None
    notes: list[str]


class ImportFaultOut(BaseModel):
    """Why the columns cannot be taken like this; `column` counts from 0."""

    sentence: str
    column: int | None


class ImportOut(BaseModel):
    """A file and what became of it. `refused` rows were not taken; `noted` ones were, but for something."""

    import_id: int
    name: str
    size: int
    state: ImportState
    member: str
    confirmed_by: str | None
    dialect: DialectOut | None
    tags: list[str]
    consent: ImportConsentOut | None
    rows_total: int
    rows_done: int
    created: int
    updated: int
    refused: int
    noted: int
    taken_back: int
    kept: int
    sentence: str | None
    at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None


class ImportViewOut(ImportOut):
    """With its columns; until it is confirmed, also what its first rows would become."""

    columns: list[ColumnOut]
    preview: list[ImportPreviewOut]
    fault: ImportFaultOut | None


class ImportPageOut(BaseModel):
    """The newest first; `next` is for the next page's `below`."""

    imports: list[ImportOut]
    next: int | None


class RefusalOut(BaseModel):
    """`line` counts the sheet's rows from 1, the header included. `taken`: the person was."""

    line: int
    sentence: str
    taken: bool
    cells: list[str]


class RefusalsOut(BaseModel):
    refusals: list[RefusalOut]


def import_out(found: Import) -> dict[str, Any]:
    told = {name: getattr(found, name) for name in ImportOut.model_fields if name not in {"tags"}}
    return {**told, "tags": list(found.columns.tags)}


def import_view(found: Import, looked: Survey | None, known: Vocabulary) -> dict[str, Any]:
    """`ImportViewOut`; *looked* is None where the file is gone."""
    columns = found.columns
    told = [
        {"name": name, "place": place, "samples": looked.samples(at) if looked else []}
        for at, (name, place) in enumerate(zip(columns.names, columns.places, strict=True))
    ]
    fault = mapping_fault(columns.places, columns.names, known) if looked else None
    rows = [] if looked is None or (fault and fault.column is not None) else _preview(looked, columns.places, known)
    return {**import_out(found), "columns": told, "preview": rows, "fault": fault and fault_out(fault)}


def fault_out(fault: MappingFault) -> dict[str, Any]:
    return {"sentence": fault.sentence, "column": fault.column}


def _preview(looked: Survey, places: tuple[str, ...], known: Vocabulary) -> list[dict[str, Any]]:
    shown = []
    for row, one in zip(looked.rows, previewed(looked, places, known, PREVIEW), strict=False):
        told: dict[str, Any] = {"line": row.number, "cells": [cell[:200] for cell in row.cells]}
        if isinstance(one, Person):
            name = f"{one.texts.get('first_name', '')} {one.texts.get('last_name', '')}".strip()
            phones = [for_people(address) for address, _ in one.phones]
            told |= {"name": name, "phones": phones, "sentence": None, "notes": list(one.notes)}
        else:
            told |= {"name": "", "phones": [], "sentence": one.sentence, "notes": []}
        shown.append(told)
    return shown
