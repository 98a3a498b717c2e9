"""Saved texts: everybody's and a member's own, what is wrong with one, and what it becomes for a contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from server.domain.filling import MAX_TEXT, Filled, fill
from server.domain.roles import Deed, may
from server.domain.segments import count, smart_encode
from server.domain.tokens import KNOWN, Fault, parse
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.rules import MEMBER, Routes
from server.http.template_models import (
    CheckedOut,
    CheckIn,
    FolderIn,
    FolderOut,
    FolderPatch,
    FoldersOut,
    RenderedCostlyOut,
    RenderedOut,
    RenderedSegmentsOut,
    RenderIn,
    TemplateFaultOut,
    TemplateIn,
    TemplateOut,
    TemplatePatch,
    TemplatesOut,
    TemplatesQuery,
    TokenOut,
    TokensOut,
    UsedOut,
    VersionQuery,
)
from server.ports.templates import (
    FieldToken,
    NameTaken,
    NewTemplate,
    NoSuchFolder,
    NotTheAuthor,
    NotYours,
    TemplateFolder,
    TemplateOutcome,
    TemplateRow,
    TemplateSaved,
    TemplateStale,
    TooMany,
)

_BIGINT: Final = 2**63 - 1
_TEMPLATE: Final = f"/api/v1/templates/<int(max={_BIGINT}):template_id>"
_FOLDER: Final = f"/api/v1/template-folders/<int(max={_BIGINT}):folder_id>"

routes: Final = Routes("templates")


# Routes


@routes.get("/api/v1/templates", MEMBER, query=TemplatesQuery, answers={200: TemplatesOut})
async def templates(call: Call, query: TemplatesQuery) -> Answer:
    """All templates that this member may use, or those that are searched for."""
    rows = await call.deps.templates.rows(call.member.workspace_id, call.member.member_id)
    known = await _known(call)
    return Answer(TemplatesOut(rows=[_row(row, known, call) for row in rows if _matches(row, query)]))


@routes.post("/api/v1/templates", MEMBER, body=TemplateIn, answers={201: TemplateOut})
async def add_template(call: Call, body: TemplateIn) -> Answer:
    """Save a text."""
    known = await _known(call)
    _refuse_faults(body.body, known)
    new = NewTemplate(body.name, body.body, body.shared, body.folder_id)
    member = call.member
    outcome = await call.deps.templates.add(member.workspace_id, member.member_id, new, call.deps.clock.wall())
    return Answer(_saved(outcome, known, call), 201)


@routes.get("/api/v1/templates/tokens", MEMBER, answers={200: TokensOut})
async def tokens(call: Call) -> Answer:
    """What may stand between {{ and }} in this workspace."""
    fields = await call.deps.templates.fields(call.member.workspace_id)
    return Answer(TokensOut(tokens=list(_tokens(fields).values())))


@routes.post("/api/v1/templates/check", MEMBER, body=CheckIn, answers={200: CheckedOut})
async def check(call: Call, body: CheckIn) -> Answer:
    """What is wrong with a text, and which tokens it asks for."""
    parsed = parse(body.body, await _known(call))
    return Answer(CheckedOut(faults=[_fault(fault) for fault in parsed.faults], tokens=sorted(parsed.names)))


@routes.post("/api/v1/templates/render", MEMBER, body=RenderIn, answers={200: RenderedOut})
async def render(call: Call, body: RenderIn) -> Answer:
    """What a text becomes for one recipient, with its cost, and what has to be asked for."""
    known = _tokens(await call.deps.templates.fields(call.member.workspace_id))
    values = await _values(call, body)
    named = parse(body.body, known).names
    filled = fill(body.body, values, body.answers, known=known)
    return Answer(_rendered(filled, known, {name: values.get(name) for name in sorted(named & known.keys())}))


@routes.get(_TEMPLATE, MEMBER, answers={200: TemplateOut})
async def template(call: Call, template_id: int) -> Answer:
    """One template."""
    found = await call.deps.templates.one(call.member.workspace_id, call.member.member_id, template_id)
    if found is None:
        raise not_found()
    return Answer(_row(found, await _known(call), call))


@routes.patch(_TEMPLATE, MEMBER, body=TemplatePatch, answers={200: TemplateOut})
async def change_template(call: Call, template_id: int, body: TemplatePatch) -> Answer:
    """Change a template. What somebody else shares only managers and owners change, and it stays shared."""
    known = await _known(call)
    if body.body is not None:
        _refuse_faults(body.body, known)
    changes: Any = body.model_dump(exclude_unset=True, exclude={"version"})
    member, now = call.member, call.deps.clock.wall()
    outcome = await call.deps.templates.change(
        member.workspace_id, member.member_id, template_id, changes, body.version, now, others=_may_change_others(call)
    )
    if outcome is None:
        raise not_found()
    return Answer(_saved(outcome, known, call))


@routes.delete(_TEMPLATE, MEMBER, query=VersionQuery, answers={204: None})
async def remove_template(call: Call, template_id: int, query: VersionQuery) -> Answer:
    """Remove a template for all who use it; what somebody else shares only managers and owners remove."""
    member = call.member
    gone = await call.deps.templates.remove(
        member.workspace_id, member.member_id, template_id, query.version, others=_may_change_others(call)
    )
    if isinstance(gone, TemplateStale):
        _refuse_stale(gone, await _known(call), call)
    if isinstance(gone, NotYours):
        raise _not_yours()
    if not gone:
        raise not_found()
    return Answer(status=204)


@routes.post(f"{_TEMPLATE}/used", MEMBER, answers={200: UsedOut})
async def use_template(call: Call, template_id: int) -> Answer:
    """Count one use of a template: it was put into a text."""
    member, now = call.member, call.deps.clock.wall()
    used = await call.deps.templates.use(member.workspace_id, member.member_id, template_id, now)
    if used is None:
        raise not_found()
    return Answer(UsedOut(used=used))


@routes.get("/api/v1/template-folders", MEMBER, answers={200: FoldersOut})
async def template_folders(call: Call) -> Answer:
    """The folders that this member sees."""
    folders = await call.deps.templates.folders(call.member.workspace_id, call.member.member_id)
    return Answer(FoldersOut(rows=[_folder(folder) for folder in folders]))


@routes.post("/api/v1/template-folders", MEMBER, body=FolderIn, answers={201: FolderOut})
async def add_template_folder(call: Call, body: FolderIn) -> Answer:
    """Make a folder."""
    member = call.member
    outcome = await call.deps.templates.add_folder(member.workspace_id, member.member_id, body.name, shared=body.shared)
    return Answer(_folder_saved(outcome), 201)


@routes.patch(_FOLDER, MEMBER, body=FolderPatch, answers={200: FolderOut})
async def rename_template_folder(call: Call, folder_id: int, body: FolderPatch) -> Answer:
    """Rename a folder."""
    member = call.member
    outcome = await call.deps.templates.rename_folder(member.workspace_id, member.member_id, folder_id, body.name)
    if outcome is None:
        raise not_found()
    return Answer(_folder_saved(outcome))


@routes.delete(_FOLDER, MEMBER, answers={204: None})
async def remove_template_folder(call: Call, folder_id: int) -> Answer:
    """Remove a folder. Its templates stay, in none."""
    member, now = call.member, call.deps.clock.wall()
    if not await call.deps.templates.remove_folder(member.workspace_id, member.member_id, folder_id, now):
        raise not_found()
    return Answer(status=204)


# Tokens and values

_LABELS: Final[Mapping[str, str]] = {
    "first_name": "First name",
    "last_name": "Last name",
    "agent_name": "Your name",
    "property_address": "Property address",
    "showing_time": "Next showing",
}
assert _LABELS.keys() == KNOWN, "each token of every workspace has its label"  # noqa: S101 - at import, a bug of ours


def _tokens(fields: Sequence[FieldToken]) -> dict[str, TokenOut]:
    built_in = [TokenOut(name=name, label=_LABELS[name], custom=False, kind="text", choices=[]) for name in _LABELS]
    own = [
        TokenOut(name=field.name, label=field.label, custom=True, kind=field.kind, choices=list(field.choices))
        for field in fields
        if field.name not in _LABELS
    ]
    return {token.name: token for token in (*built_in, *own)}


async def _known(call: Call) -> frozenset[str]:
    return KNOWN | {field.name for field in await call.deps.templates.fields(call.member.workspace_id)}


async def _values(call: Call, body: RenderIn) -> Mapping[str, str | None]:
    member, contact_id = call.member, body.contact_id
    if body.thread_id is not None:
        found = await call.deps.templates.contact_of(member.workspace_id, body.thread_id)
        if found is None:
            raise not_found()
        contact_id = found.contact_id
    if contact_id is None:
        return {"agent_name": member.name}
    values = await call.deps.token_values.token_values(
        member.workspace_id, contact_id, member.member_id, call.deps.clock.wall()
    )
    if values is None:
        raise not_found()
    return values


# Rows and refusals


def _matches(row: TemplateRow, query: TemplatesQuery) -> bool:
    if query.whose != "all" and row.shared != (query.whose == "shared"):
        return False
    if query.folder_id is not None and (row.folder_id or 0) != query.folder_id:
        return False
    text = f"{row.name}\n{row.body}".casefold()
    return all(word in text for word in query.q.casefold().split())


def _row(row: TemplateRow, known: frozenset[str], call: Call) -> TemplateOut:
    parsed = parse(row.body, known)
    return TemplateOut(
        template_id=row.template_id,
        name=row.name,
        body=row.body,
        shared=row.shared,
        mine=row.author_id == call.member.member_id,
        folder_id=row.folder_id,
        version=row.version,
        used=row.used,
        used_at=row.used_at,
        author=row.author,
        changed_at=row.changed_at,
        tokens=sorted(parsed.names),
        faults=[_fault(fault) for fault in parsed.faults],
    )


def _fault(fault: Fault) -> TemplateFaultOut:
    return TemplateFaultOut(
        kind=fault.kind, at=fault.at, length=fault.length, sentence=fault.sentence, instead=fault.instead
    )


def _folder(folder: TemplateFolder) -> FolderOut:
    return FolderOut(folder_id=folder.folder_id, name=folder.name, shared=folder.shared, templates=folder.templates)


def _rendered(filled: Filled, known: Mapping[str, TokenOut], values: dict[str, str | None]) -> RenderedOut:
    text, segments = filled.text or "", filled.segments
    return RenderedOut(
        text=filled.text,
        faults=[_fault(fault) for fault in filled.faults],
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


def _refuse_faults(body: str, known: frozenset[str]) -> None:
    faults = parse(body, known).faults
    if faults:
        told = [_fault(fault).model_dump() for fault in faults]
        raise Problem(422, "faults", faults[0].sentence, field="body", more={"faults": told})


def _refuse_stale(stale: TemplateStale, known: frozenset[str], call: Call) -> NoReturn:
    row = _row(stale.template, known, call).model_dump(mode="json")
    raise Problem(409, "stale", "Somebody has changed this template since.", field="version", more={"template": row})


def _saved(outcome: TemplateOutcome, known: frozenset[str], call: Call) -> TemplateOut:
    match outcome:
        case TemplateSaved(template=row):
            return _row(row, known, call)
        case TemplateStale():
            _refuse_stale(outcome, known, call)
        case NameTaken():
            raise _taken("template")
        case NoSuchFolder():
            sentence = (
                "There is no such folder for it: a shared template lies in a shared folder, your own in your own."
            )
            raise Problem(422, "no_such_folder", sentence, field="folder_id")
        case NotTheAuthor():
            sentence = "Others use this template. Only who made it may take it back; save a copy for yourself."
            raise Problem(403, "not_the_author", sentence, field="shared")
        case NotYours():
            raise _not_yours()
        case TooMany(most=most):
            raise _too_many(most, "templates")


def _folder_saved(outcome: TemplateFolder | NameTaken | TooMany) -> FolderOut:
    match outcome:
        case NameTaken():
            raise _taken("folder")
        case TooMany(most=most):
            raise _too_many(most, "folders")
        case TemplateFolder():
            return _folder(outcome)


def _may_change_others(call: Call) -> bool:
    return may(call.member.role, Deed.CHANGE_OTHERS_TEMPLATES)


def _not_yours() -> Problem:
    sentence = "Only managers, owners and who made it may change this template; save a copy for yourself."
    return Problem(403, "role", sentence)


def _taken(what: str) -> Problem:
    return Problem(409, "name_taken", f"There is a {what} of that name already.", field="name")


def _too_many(most: int, what: str) -> Problem:
    return Problem(409, "too_many", f"There are {most} {what} already. Remove some that nobody uses.")
