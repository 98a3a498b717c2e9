"""The audit log: who did what and when, in sentences, narrowed and as a file. Managers and owners read it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from quart import Response

from server.domain.audit.kinds import GROUPS, Group, of_group, told
from server.domain.roles import Deed
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.ids import Id
from server.http.rules import Routes, whoever_may
from server.http.sheets import csv_stream
from server.ports.audit import AuditEntry, AuditPage, AuditWish

_PIECE: Final = 500
_HEADS: Final = ("When (UTC)", "Who", "What", "Kind")
_READERS: Final = whoever_may(Deed.READ_AUDIT)

routes: Final = Routes("audit")


class AuditNarrowed(BaseModel):
    """`member_id`: who did it; `group`: what it is about; in `[since, until)`."""

    model_config = ConfigDict(extra="forbid")

    member_id: Id | None = None
    group: Group | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def wish(self) -> AuditWish:
        kinds = None if self.group is None else of_group(self.group)
        return AuditWish(self.member_id, kinds, self.since, self.until)


class AuditQuery(AuditNarrowed):
    """`before` is the `next` of the page that was read last."""

    before: str | None = Field(default=None, max_length=60)
    limit: int = Field(default=50, ge=1, le=200)


class AuditEntryOut(BaseModel):
    """`sentence` is for people, with names as they are by now; `kind` is stable. `member` null: no member did it."""

    id: int
    at: datetime
    kind: str
    sentence: str
    member_id: int | None
    member: str | None
    contact_id: int | None
    thread_id: int | None
    campaign_id: int | None


class AuditGroupOut(BaseModel):
    group: Group
    label: str


class AuditOut(BaseModel):
    """The newest first. `groups`: all that it can be narrowed by."""

    entries: list[AuditEntryOut]
    next: str | None
    groups: list[AuditGroupOut]


@routes.get("/api/v1/audit", _READERS, query=AuditQuery, answers={200: AuditOut})
async def audit(call: Call, query: AuditQuery) -> Answer:
    """Who did what, the newest first."""
    page = await _page(call, query.wish(), query.before, query.limit)
    groups = [AuditGroupOut(group=group, label=label) for group, label in GROUPS.items()]
    return Answer(AuditOut(entries=[_out(entry, page) for entry in page.entries], next=page.next, groups=groups))


@routes.get("/api/v1/audit/export", _READERS, query=AuditNarrowed, answers={200: "text/csv"})
async def export_audit(call: Call, query: AuditNarrowed) -> Response:
    """The same as CSV (UTF-8 with its mark), the newest first. That somebody took it away is written into it."""
    member = call.member
    first = await _page(call, query.wish(), None, _PIECE)
    await call.deps.people.audit(member.workspace_id, member.member_id, "audit_exported", {})
    return await csv_stream(_HEADS, _pieces(call, query.wish(), first), "audit-log.csv")


async def _pieces(call: Call, wish: AuditWish, page: AuditPage) -> AsyncGenerator[Sequence[Sequence[str]], None]:
    while True:
        yield [_cells(entry, page) for entry in page.entries]
        if page.next is None:
            return
        page = await _page(call, wish, page.next, _PIECE)


async def _page(call: Call, wish: AuditWish, before: str | None, limit: int) -> AuditPage:
    try:
        return await call.deps.audit_log.page(call.member.workspace_id, wish, before=before, limit=limit)
    except ValueError:
        raise Problem(422, "invalid", "This cursor is not one that came from here.", field="before") from None


def _cells(entry: AuditEntry, page: AuditPage) -> Sequence[str]:
    sentence = told(entry.action, entry.member, entry.detail, page.names)
    return entry.at.strftime("%Y-%m-%d %H:%M:%S"), entry.member or "", sentence, entry.action


def _out(entry: AuditEntry, page: AuditPage) -> AuditEntryOut:
    return AuditEntryOut(
        id=entry.entry_id,
        at=entry.at,
        kind=entry.action,
        sentence=told(entry.action, entry.member, entry.detail, page.names),
        member_id=entry.member_id,
        member=entry.member,
        contact_id=_linked(entry, page, "contact"),
        thread_id=_linked(entry, page, "thread"),
        campaign_id=None if entry.action.startswith("bulk_") else _linked(entry, page, "campaign"),
    )


def _linked(entry: AuditEntry, page: AuditPage, what: str) -> int | None:
    """Where its page is, if there still is one."""
    id_ = entry.detail.get(what)
    return id_ if isinstance(id_, int) and (what, id_) in page.names.known else None
