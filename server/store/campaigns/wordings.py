"""What a plan's texts ask of the people who get them: which values somebody must have, which columns they are made of.

A text is rendered for a group of people who have the same in those columns. Which variant somebody gets is drawn at the
launch; so who lacks a value that any of them needs gets none, else the lot would decide who is written to, and the
variants would not be compared by the same people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any, Final

from server.domain.campaigns.linked_text import Linked, LinkedTemplate, LinkOf, cut, fill_links
from server.domain.campaigns.links import stand_in
from server.domain.fields import Field, FieldKind
from server.domain.filling import one_line_end
from server.domain.places import Places
from server.domain.tokens import KNOWN, Token
from server.domain.values import Known, home_of, known_names, values_of
from server.ports.campaigns import Plan
from server.store.contacts.filters import Parameters
from server.store.named_sql import statements
from server.store.text import storable
from server.store.told import Row

_SQL = statements("campaign_audience")
_BLANK: Final = "".join(chr(n) for n in range(0x3001) if chr(n).isspace())  # what str.strip takes away
_HELD: Final[Mapping[str, tuple[str, ...]]] = {
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "agent_name": (),
    "property_address": ("property_address", "showing_address"),
    "showing_time": ("showing_at", "zone", "digits"),
}
_OF_SHOWINGS: Final = frozenset({"property_address", "showing_time"})
_NEVER_ALIKE: Final = frozenset({"showing_time", "agent_name"})  # not told as they are held
_AS_WRITTEN: Final = frozenset({FieldKind.TEXT, FieldKind.CHOICE})
_ENDS: Final = re.compile(r"(?:\A|[\s(])\Z")
_BEGINS: Final = re.compile(r"\Z|[\s,!?;)']|[.:](?:\s|\Z)")
_FAULTY: Final = LinkedTemplate(())


@dataclass(frozen=True, slots=True)
class Common:
    """What is the same for everybody: whose name a text bears, the workspace's fields, where it is, its short links.

    `agent` None: it is not known who launches it; nobody lacks that name then.
    """

    agent: str | None
    fields: Sequence[Field]
    places: Places
    home: str
    link_base: str

    @classmethod
    def of(cls, rules: Row, fields: Sequence[Field], places: Places, link_base: str) -> Common:
        home = home_of(rules["home"], places)
        agent = None if rules["agent"] is None else rules["agent"].strip()
        return cls(agent, fields, places, home, rules["link_base"] or link_base)


class Wordings:
    """The texts of one plan in one workspace. One with faults, or without words, says nothing and asks nothing."""

    def __init__(self, plan: Plan, common: Common) -> None:
        self._common = common
        known = known_names(common.fields)
        read = [cut(one_line_end(variant.body), known) for variant in plan.variants]
        self.faults = [template.faults for template in read]
        self.variants = [_FAULTY if template.faults else template for template in read]
        self._answers = {name.lower(): told for name, told in plan.answers.items() if told.strip()}
        self._fields = {one.name: one for one in common.fields}
        self.names = sorted({token.name for template in self.variants for token in _tokens(template)})
        self._columns = [column for name in self.names for column in _HELD.get(name, ())]
        self._custom = [name for name in self.names if name not in KNOWN]
        self._shown = [self._fields[name] for name in self._custom]
        self.width = len(self._columns) + len(self._custom)
        self._stand_in = stand_in(common.link_base)

    # In SQL

    def showing(self, parameters: Parameters, now: datetime) -> str:
        """The join that brings the next showing, where a token is made of it."""
        if not _OF_SHOWINGS & set(self.names):
            return ""
        return Template(_SQL["next_showing"]).substitute(workspace="$1", now=parameters.add(now))

    def lacking(self, parameters: Parameters) -> str:
        """True of a contact ``c`` to whom one of the texts would say too little: `domain.audience.refuse`."""
        asked = [self._lacks(name, parameters) for name in self._needed()]
        for template in self.variants:
            tokens = _tokens(template)
            if tokens and self._may_be_blank(template):
                asked.append(" AND ".join(self._lacks(name, parameters) for name in sorted({t.name for t in tokens})))
        return " OR ".join(f"({one})" for one in asked) or "false"

    def lacks(self, parameters: Parameters) -> str:
        """The names of values that a contact ``c`` lacks and a text needs."""
        asked = [
            f"CASE WHEN {self._lacks(name, parameters)} THEN {parameters.add(name)}::text END"
            for name in self._needed()
        ]
        return f"array_remove(ARRAY[{', '.join(asked)}]::text[], NULL)"

    def held(self, parameters: Parameters, *, alike: bool = False) -> list[str]:
        """The `width` columns that texts are made of, of a contact ``c``; the k-th is called ``h{k}``.

        *alike*: with stand-ins of the same length for values of which nothing but the length counts.
        """
        told = []
        for name in self.names:
            stands_in = alike and self._is_apart(name)
            for column in _HELD.get(name, ()):
                held = _SQL[f"held_{column}"]
                told.append(Template(_SQL["as_long"]).substitute(held=held) if stands_in else held)
        for name in self._custom:
            stands_in = alike and self._fields[name].kind in _AS_WRITTEN and self._is_apart(name)
            sql = Template(_SQL["custom_as_long" if stands_in else "held_custom"])
            told.append(sql.substitute(field=parameters.add(name)))
        return told

    def _is_apart(self, name: str) -> bool:
        """Whether no value of letters, digits, spaces, commas and hyphens can become a part of a link."""
        if name in _NEVER_ALIKE:
            return False
        for piece, is_link in (piece for template in self.variants for piece in template.parts):
            parts = ("", *piece.parts, "")
            for before, part, after in zip(parts, parts[1:], parts[2:], strict=False):
                if not isinstance(part, Token) or part.name != name:
                    continue
                if is_link or isinstance(before, Token) or isinstance(after, Token):
                    return False
                if not (_ENDS.search(before) and _BEGINS.match(after)):
                    return False
        return True

    def _needed(self) -> list[str]:
        """Names for which nothing stands in somewhere."""
        return sorted({
            token.name
            for template in self.variants
            for token in _tokens(template)
            if token.fallback is None and token.name not in self._answers
        })  # fmt: skip

    def _may_be_blank(self, template: LinkedTemplate) -> bool:
        return all(
            not part.strip()
            if isinstance(part, str)
            else part.name not in self._answers and not (part.fallback or "").strip()
            for piece, _ in template.parts
            for part in piece.parts
        )

    def _lacks(self, name: str, parameters: Parameters) -> str:
        if name == "agent_name":
            return "true" if self._common.agent == "" else "false"
        if name == "showing_time":
            return _SQL["lacks_showing_time"]
        names = {"blank": parameters.add(_BLANK)}
        if name in KNOWN:
            return Template(_SQL[f"lacks_{name}"]).substitute(names)
        return Template(_SQL["lacks_custom"]).substitute(names, field=parameters.add(name))

    # For a group of people

    def values(self, held: Sequence[Any]) -> dict[str, str | None]:
        """The values of those who have these in the columns of `held`."""
        told = dict(zip(self._columns, held, strict=False))
        fields = zip(self._custom, held[len(self._columns) :], strict=True)
        own = {name: json.loads(one) for name, one in fields if one is not None}
        known = Known(
            first_name=told.get("first_name") or "",
            last_name=told.get("last_name") or "",
            property_address=told.get("property_address") or "",
            zone=told.get("zone"),
            address=told.get("digits"),
            showing_at=told.get("showing_at"),
            showing_address=told.get("showing_address") or "",
            custom=own,
        )
        common = self._common
        return values_of(known, common.agent or "", self._shown, common.places, common.home)

    def text(self, variant: int, values: Mapping[str, str | None], link_of: LinkOf | None = None) -> Linked:
        """What they would get, with short links that lead nowhere, or those of *link_of*."""
        told = {
            **self._answers,
            **{name: value for name in self.names if (value := values.get(name)) and value.strip()},
        }
        linked = fill_links(self.variants[variant], told, link_of or (lambda target: self._stand_in))
        return Linked(storable(linked.text), linked.targets, linked.missing, linked.refused)


def _tokens(template: LinkedTemplate) -> list[Token]:
    return [part for piece, _ in template.parts for part in piece.parts if isinstance(part, Token)]
