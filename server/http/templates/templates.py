"""Saved texts: everybody's and a member's own, what is wrong with one, and what it becomes for a contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from server.domain.filling import fill
from server.domain.roles import Deed, may
from server.domain.tokens import KNOWN, parse
from server.http.call import Answer, Call
from server.http.errors import not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.http.templates.models import (
    CheckedOut,
    CheckIn,
    RenderedOut,
    RenderIn,
    TemplateIn,
    TemplateOut,
    TemplatePatch,
    TemplatesOut,
    TemplatesQuery,
    TokensOut,
    UsedOut,
    VersionQuery,
)
from server.http.templates.wire import (
    fault_out,
    matches,
    not_yours,
    refuse_faults,
    refuse_stale,
    rendered_out,
    saved_out,
    template_out,
    tokens_of,
)
from server.ports.templates import NewTemplate, NotYours, TemplateStale

_TEMPLATE: Final = f"/api/v1/templates/{part('template_id')}"

routes: Final = Routes("templates")


@routes.get("/api/v1/templates", MEMBER, query=TemplatesQuery, answers={200: TemplatesOut})
async def templates(call: Call, query: TemplatesQuery) -> Answer:
    """All templates that this member may use, or those that are searched for."""
    rows = await call.deps.templates.rows(call.member.workspace_id, call.member.member_id)
    known = await _known(call)
    return Answer(TemplatesOut(rows=[template_out(row, known, call.member) for row in rows if matches(row, query)]))


@routes.post("/api/v1/templates", MEMBER, body=TemplateIn, answers={201: TemplateOut})
async def add_template(call: Call, body: TemplateIn) -> Answer:
    """Save a text."""
    known = await _known(call)
    refuse_faults(body.body, known)
    new = NewTemplate(body.name, body.body, body.shared, body.folder_id)
    member = call.member
    outcome = await call.deps.templates.add(member.workspace_id, member.member_id, new, call.deps.clock.wall())
    return Answer(saved_out(outcome, known, call.member), 201)


@routes.get("/api/v1/templates/tokens", MEMBER, answers={200: TokensOut})
async def template_tokens(call: Call) -> Answer:
    """What may stand between {{ and }} in this workspace."""
    fields = await call.deps.templates.fields(call.member.workspace_id)
    return Answer(TokensOut(tokens=list(tokens_of(fields).values())))


@routes.post("/api/v1/templates/check", MEMBER, body=CheckIn, answers={200: CheckedOut})
async def check_template(call: Call, body: CheckIn) -> Answer:
    """What is wrong with a text, and which tokens it asks for."""
    parsed = parse(body.body, await _known(call))
    return Answer(CheckedOut(faults=[fault_out(fault) for fault in parsed.faults], tokens=sorted(parsed.names)))


@routes.post("/api/v1/templates/render", MEMBER, body=RenderIn, answers={200: RenderedOut})
async def render(call: Call, body: RenderIn) -> Answer:
    """What a text becomes for one recipient, with its cost, and what has to be asked for."""
    known = tokens_of(await call.deps.templates.fields(call.member.workspace_id))
    values = await _values(call, body)
    named = parse(body.body, known).names
    filled = fill(body.body, values, body.answers, known=known)
    return Answer(rendered_out(filled, known, {name: values.get(name) for name in sorted(named & known.keys())}))


@routes.get(_TEMPLATE, MEMBER, answers={200: TemplateOut})
async def template(call: Call, template_id: int) -> Answer:
    """One template."""
    found = await call.deps.templates.one(call.member.workspace_id, call.member.member_id, template_id)
    if found is None:
        raise not_found()
    return Answer(template_out(found, await _known(call), call.member))


@routes.patch(_TEMPLATE, MEMBER, body=TemplatePatch, answers={200: TemplateOut})
async def change_template(call: Call, template_id: int, body: TemplatePatch) -> Answer:
    """Change a template. What somebody else shares only managers and owners change, and it stays shared."""
    known = await _known(call)
    if body.body is not None:
        refuse_faults(body.body, known)
    changes: Any = body.model_dump(exclude_unset=True, exclude={"version"})
    member, now = call.member, call.deps.clock.wall()
    outcome = await call.deps.templates.change(
        member.workspace_id, member.member_id, template_id, changes, body.version, now, others=_may_change_others(call)
    )
    if outcome is None:
        raise not_found()
    return Answer(saved_out(outcome, known, call.member))


@routes.delete(_TEMPLATE, MEMBER, query=VersionQuery, answers={204: None})
async def remove_template(call: Call, template_id: int, query: VersionQuery) -> Answer:
    """Remove a template for all who use it; what somebody else shares only managers and owners remove."""
    member = call.member
    gone = await call.deps.templates.remove(
        member.workspace_id, member.member_id, template_id, query.version, others=_may_change_others(call)
    )
    if isinstance(gone, TemplateStale):
        refuse_stale(gone, await _known(call), call.member)
    if isinstance(gone, NotYours):
        raise not_yours()
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


def _may_change_others(call: Call) -> bool:
    return may(call.member.role, Deed.CHANGE_OTHERS_TEMPLATES)
