"""How saved texts are told: their rows, tokens and faults, what one becomes, and why one was not saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from server.domain.filling import MAX_TEXT, Filled
from server.domain.segments import count, smart_encode
from server.domain.tokens import KNOWN, Fault, parse
from server.http.errors import Problem
from server.http.templates.models import (
    RenderedCostlyOut,
    RenderedOut,
    RenderedSegmentsOut,
    TemplateFaultOut,
    TemplateOut,
    TemplatesQuery,
    TokenOut,
)
from server.ports import Member
from server.ports.templates import (
    FieldToken,
    NameTaken,
    NoSuchFolder,
    NotTheAuthor,
    NotYours,
    TemplateOutcome,
    TemplateRow,
    TemplateSaved,
    TemplateStale,
    TooMany,
)

_LABELS: Final[Mapping[str, str]] = {
    "first_name": "First name",
    "last_name": "Last name",
    "agent_name": "Your name",
    "property_address": "Property address",
    "showing_time": "Next showing",
}
assert _LABELS.keys() == KNOWN, "each token of every workspace has its label"  # noqa: S101 - at import, a bug of ours


def tokens_of(fields: Sequence[FieldToken]) -> dict[str, TokenOut]:
    built_in = [TokenOut(name=name, label=_LABELS[name], custom=False, kind="text", choices=[]) for name in _LABELS]
    own = [
        TokenOut(name=field.name, label=field.label, custom=True, kind=field.kind, choices=list(field.choices))
        for field in fields
        if field.name not in _LABELS
    ]
    return {token.name: token for token in (*built_in, *own)}


def matches(row: TemplateRow, query: TemplatesQuery) -> bool:
    if query.whose != "all" and row.shared != (query.whose == "shared"):
        return False
    if query.folder_id is not None and (row.folder_id or 0) != query.folder_id:
        return False
    text = f"{row.name}\n{row.body}".casefold()
    return all(word in text for word in query.q.casefold().split())


def template_out(row: TemplateRow, known: frozenset[str], member: Member) -> TemplateOut:
    parsed = parse(row.body, known)
    return TemplateOut(
        template_id=row.template_id,
        name=row.name,
        body=row.body,
        shared=row.shared,
        mine=row.author_id == member.member_id,
        folder_id=row.folder_id,
        version=row.version,
        used=row.used,
        used_at=row.used_at,
        author=row.author,
        changed_at=row.changed_at,
        tokens=sorted(parsed.names),
        faults=[fault_out(fault) for fault in parsed.faults],
    )


def fault_out(fault: Fault) -> TemplateFaultOut:
    return TemplateFaultOut(
        kind=fault.kind, at=fault.at, length=fault.length, sentence=fault.sentence, instead=fault.instead
    )


def rendered_out(filled: Filled, known: Mapping[str, TokenOut], values: dict[str, str | None]) -> RenderedOut:
    text, segments = filled.text or "", filled.segments
    return RenderedOut(
        text=filled.text,
        faults=[fault_out(fault) for fault in filled.faults],
        missing=[known[name] for name in filled.missing],
        values=values,
        segments=RenderedSegmentsOut(
            count=segments.count,
            encoding=segments.encoding,
            units=segments.units,
            units_left=segments.units_left,
            costly=[RenderedCostlyOut(char=char, at=at) for char, at in segments.costly],
            plain_count=count(smart_encode(text)).count,
        ),
        characters=len(text),
        too_long=len(text) > MAX_TEXT,
    )


def refuse_faults(body: str, known: frozenset[str]) -> None:
    faults = parse(body, known).faults
    if faults:
        told = [fault_out(fault).model_dump() for fault in faults]
        raise Problem(422, "faults", faults[0].sentence, field="body", more={"faults": told})


def refuse_stale(stale: TemplateStale, known: frozenset[str], member: Member) -> NoReturn:
    row = template_out(stale.template, known, member).model_dump(mode="json")
    raise Problem(409, "stale", "Somebody has changed this template since.", field="version", more={"template": row})


def saved_out(outcome: TemplateOutcome, known: frozenset[str], member: Member) -> TemplateOut:
    match outcome:
        case TemplateSaved(template=row):
            return template_out(row, known, member)
        case TemplateStale():
            refuse_stale(outcome, known, member)
        case NameTaken():
            raise name_taken("template")
        case NoSuchFolder():
            sentence = (
                "There is no such folder for it: a shared template lies in a shared folder, your own in your own."
            )
            raise Problem(422, "no_such_folder", sentence, field="folder_id")
        case NotTheAuthor():
            sentence = "Others use this template. Only who made it may take it back; save a copy for yourself."
            raise Problem(403, "not_the_author", sentence, field="shared")
        case NotYours():
            raise not_yours()
        case TooMany(most=most):
            raise too_many(most, "templates")


def not_yours() -> Problem:
    sentence = "Only managers, owners and who made it may change this template; save a copy for yourself."
    return Problem(403, "role", sentence)


def name_taken(what: str) -> Problem:
    return Problem(409, "name_taken", f"There is a {what} of that name already.", field="name")


def too_many(most: int, what: str) -> Problem:
    return Problem(409, "too_many", f"There are {most} {what} already. Remove some that nobody uses.")
