"""The list of people: everybody, those whom a filter lets through, and those whom a search finds, page by page."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from server.domain.filter_values import FilterFault
from server.domain.search import LONGEST
from server.http.call import Answer, Call
from server.http.contacts.filters import FilterJson, filter_problem
from server.http.contacts.models import ContactOut
from server.http.contacts.wire import contact_out
from server.http.errors import Problem
from server.http.ids import Id
from server.http.rules import MEMBER, Routes
from server.ports.filters import Definition, Sort
from server.ws.protocol import PAGE

_LONGEST_CURSOR: Final = 800

routes: Final = Routes("contacts")


class ContactsQuery(BaseModel):
    """`q` finds by the beginnings of names, e-mail and tags, and by a phone's first or last digits in any spelling."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(default="", max_length=LONGEST)
    filter_id: Id | None = None
    sort: Sort = "name"
    cursor: str | None = Field(default=None, max_length=_LONGEST_CURSOR)
    limit: int = Field(default=PAGE, ge=1, le=200)


class FindIn(BaseModel):
    """Without a filter it is everybody, or a saved one; `q` as in the list."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    filter: FilterJson | None = None
    filter_id: Id | None = None
    q: str = Field(default="", max_length=LONGEST)


class PageIn(FindIn):
    sort: Sort = "name"
    cursor: str | None = Field(default=None, max_length=_LONGEST_CURSOR)
    limit: int = Field(default=PAGE, ge=1, le=200)


class ContactPage(BaseModel):
    """`next_cursor` null: the last page. `partial`: more may match than were looked at; false today."""

    rows: list[ContactOut]
    next_cursor: str | None
    partial: bool


class CountOut(BaseModel):
    count: int


@routes.get("/api/v1/contacts", MEMBER, query=ContactsQuery, answers={200: ContactPage})
async def contacts(call: Call, query: ContactsQuery) -> Answer:
    """People in the order asked for, page by page; those of a saved filter or a search, where one is given."""
    return await _page(call, PageIn(**query.model_dump()))


@routes.post("/api/v1/contacts/query", MEMBER, body=PageIn, answers={200: ContactPage})
async def query_contacts(call: Call, body: PageIn) -> Answer:
    """The same for a filter that need not be saved."""
    return await _page(call, body)


@routes.post("/api/v1/contacts/count", MEMBER, body=FindIn, answers={200: CountOut})
async def count_contacts(call: Call, body: FindIn) -> Answer:
    """How many people a filter and a search let through together."""
    definition = await definition_of(call, body)
    try:
        count = await call.deps.finder.count(call.member.workspace_id, definition, body.q)
    except FilterFault as fault:
        raise filter_problem(fault, "filter") from None
    return Answer({"count": count})


async def definition_of(call: Call, asked: FindIn) -> Definition | None:
    """What is asked for: the filter itself, or the saved one of this workspace."""
    if asked.filter_id is None:
        return asked.filter
    if asked.filter is not None:
        raise Problem(422, "invalid", "Give a filter or the id of a saved one.", field="filter")
    saved = await call.deps.filters.get(call.member.workspace_id, asked.filter_id)
    if saved is None:
        raise Problem(422, "no_filter", "This filter is gone.", field="filter_id")
    return saved.definition


async def _page(call: Call, asked: PageIn) -> Answer:
    workspace_id = call.member.workspace_id
    definition = await definition_of(call, asked)
    try:
        found = await call.deps.finder.page(
            workspace_id, definition, asked.q, sort=asked.sort, cursor=asked.cursor, limit=asked.limit
        )
    except FilterFault as fault:
        raise filter_problem(fault, "filter") from None
    except ValueError:
        raise Problem(422, "invalid", "This cursor is not one that came from here.", field="cursor") from None
    rows: list[dict[str, Any]] = []
    if found.contact_ids:
        rows = [contact_out(row) for row in await call.deps.contacts.rows(workspace_id, found.contact_ids)]
    return Answer({"rows": rows, "next_cursor": found.next_cursor, "partial": False})
