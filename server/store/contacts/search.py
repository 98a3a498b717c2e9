"""Puts what was typed into the search into SQL, in two forms: asked of one contact after another, or of all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

from server.domain.search import Digits, Sought
from server.store.contacts.filters import Parameters
from server.store.named_sql import statements

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("finder")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must be found: as words, by one of the tags that these words name, or as a phone."""

    query: str
    tags: tuple[int, ...]
    phone: Digits | None


async def terms(connection: Connection, workspace_id: int, sought: Sought) -> list[Term]:
    """PostgreSQL splits and folds the words, as it did with those that they are compared with."""
    pieces = [sought.words, *(phone.text for phone in sought.phones)]
    phones = (None, *sought.phones)
    rows = await connection.fetch(_SQL["sought"], workspace_id, pieces)
    return [Term(row["query"] or "", tuple(row["tags"]), phones[row["ord"] - 1]) for row in rows]


def found_one_by_one(terms: Sequence[Term], parameters: Parameters) -> str:
    """True of a contact ``c`` that all *terms* find; without any, nobody is found."""
    asked = []
    for term in terms:
        names = _names(term, parameters)
        asked.append(" OR ".join(Template(_SQL[way]).substitute(names) for way in _ways(term)))
    return " AND ".join(f"({one})" for one in asked) or "false"


def found_at_once(terms: Sequence[Term], parameters: Parameters) -> str:
    """The same, where an index gives all whom a term finds.

    Where words that name no tag find them already, those that do are asked of these alone.
    """
    asked = []
    few = any(_ways(term) == ["word"] for term in terms)
    for term in terms:
        ways, names = _ways(term), _names(term, parameters)
        if ways == ["word"] or (few and "dialled" not in ways):
            asked.append(" OR ".join(Template(_SQL[way]).substitute(names) for way in ways))
            continue
        ids = " UNION ALL ".join(Template(_SQL[f"{way}_ids"]).substitute(names) for way in ways)
        asked.append(Template(_SQL["one_of"]).substitute(ways=ids))
    return " AND ".join(f"({one})" for one in asked) or "false"


def _ways(term: Term) -> list[str]:
    ways = ["word"] if term.query else []
    return ways + ["tagged"] * bool(term.tags) + ["dialled"] * bool(term.phone)


def _names(term: Term, parameters: Parameters) -> dict[str, str]:
    names = {"workspace": "$1"}
    if term.query:
        names["query"] = parameters.add(term.query)
    if term.tags:
        names["tags"] = parameters.add(list(term.tags))
    if term.phone:
        abroad, here = term.phone.beginnings
        names |= {"abroad": parameters.add(abroad), "here": parameters.add(here)}
        names["digits"] = parameters.add(term.phone.digits)
    return names
