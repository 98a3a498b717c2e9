"""People as a list: every field, tag, stage and custom field, sent while it is read, so that no list is ever held.

What is written can be brought in again and says the same (tests/http/test_export.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field
from quart import Response

from server.domain.filter_values import FilterFault
from server.domain.imports.csv_cells import csv_line, guarded
from server.domain.imports.csv_columns import OWN_NAMES, Vocabulary, plain
from server.domain.phone import for_people
from server.http.call import Call
from server.http.contacts.filters import filter_problem
from server.http.contacts.finding import FindIn, definition_of
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.ports.contacts import ContactPhone, ContactRow
from server.ports.filters import Definition

_PAGE: Final = 500
_MOST_IDS: Final = 5_000
_TEXTS: Final = ("first_name", "last_name", "email")
_PLACE: Final = ("street", "city", "state", "zip", "zone", "property_address")
_HEADS: Final = (
    "First name", "Last name", "Email", "Phone", "Phone type", "Other phones", "Street", "City", "State", "ZIP",
    "Time zone", "Property address", "Owner", "Tags", "Do not text",
)  # fmt: skip

routes: Final = Routes("export")


class ExportIn(FindIn):
    """Contacts by id, or everybody whom a filter (or a saved one) and a search let through."""

    contact_ids: Annotated[list[Id] | None, Field(max_length=_MOST_IDS)] = None


@routes.post("/api/v1/contacts/export", MEMBER, body=ExportIn, answers={200: "text/csv"})
async def export_contacts(call: Call, body: ExportIn) -> Response:
    """The list as CSV (UTF-8 with its mark), for spreadsheets. Cells that would run there as formulas do not."""
    member, deps = call.member, call.deps
    pages = _Pages(call, body, await definition_of(call, body))
    try:
        first = await pages.next()
    except FilterFault as fault:
        raise filter_problem(fault, "filter") from None
    known = await deps.imports.vocabulary(member.workspace_id)
    detail: dict[str, Any] = {"contacts": len(body.contact_ids)} if body.contact_ids is not None else {"filter": True}
    await deps.people.audit(member.workspace_id, member.member_id, "contacts_exported", detail)

    async def lines() -> AsyncIterator[bytes]:
        yield ("\ufeff" + csv_line(heads(known))).encode()
        ids = first
        while ids:
            rows = await deps.contacts.rows(member.workspace_id, ids)
            yield "".join(csv_line(cells(row, known)) for row in rows).encode("utf-8", "replace")
            ids = await pages.next()

    response = Response(lines(), content_type="text/csv; charset=utf-8")
    response.timeout = None  # as long as somebody reads; the door ends a connection that does not
    response.headers["Content-Disposition"] = 'attachment; filename="people.csv"'
    return response


class _Pages:
    """Whom the list has, page by page; an empty page is the end."""

    def __init__(self, call: Call, asked: ExportIn, definition: Definition | None) -> None:
        self._call, self._asked, self._definition, self._after = call, asked, definition, 0

    async def next(self) -> Sequence[int]:
        if self._asked.contact_ids is not None:
            page: Sequence[int] = self._asked.contact_ids[self._after : self._after + _PAGE]
            self._after += _PAGE
            return page
        member = self._call.member
        page = await self._call.deps.finder.ids_after(
            member.workspace_id, self._definition, self._asked.q, after=self._after, limit=_PAGE
        )
        self._after = page[-1] if page else self._after
        return page


def heads(known: Vocabulary) -> list[str]:
    """The names of the columns. A custom field whose label is ours already goes by its own name."""
    stages = [f"Stage: {pipeline.name}" for pipeline in known.pipelines.values()]
    own = [field.name if plain(field.label) in OWN_NAMES else field.label for field in known.fields.values()]
    return [guarded(head) for head in (*_HEADS, *stages, *own)]


def cells(row: ContactRow, known: Vocabulary) -> list[str]:
    """A contact in the columns of `heads`."""
    phones, stages = row.phones, {stage.pipeline_id: stage.stage for stage in row.stages}
    told = [
        *(getattr(row, name) for name in _TEXTS),
        for_people(phones[0].address) if phones else "",
        phones[0].label if phones else "",
        "; ".join(_phone(phone) for phone in phones[1:]),
        *(getattr(row, name) or "" for name in _PLACE),
        row.owner.name if row.owner else "",
        "; ".join(_tag(tag.name) for tag in row.tags),
        "yes" if any(phone.opted_out for phone in phones) else "",
        *(stages.get(pipeline_id, "") for pipeline_id in known.pipelines),
        *(_value(row.custom.get(name)) for name in known.fields),
    ]
    return [guarded(cell) for cell in told]


def _phone(phone: ContactPhone) -> str:
    return f"{for_people(phone.address)} {phone.label}".strip()


def _tag(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if any(mark in name for mark in ';,|"') else name


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # a number that a person would write, not 1e-07
    return "" if value is None else str(value)
