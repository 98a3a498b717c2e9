"""Reads rows into the words of the domain. The statements of inbox.sql name their columns so that these fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.domain.messages import (
    Activity,
    Claim,
    Colleague,
    Message,
    Note,
    OfCampaign,
    ReadMark,
    StatusChange,
    Texted,
    ThreadEvent,
    ThreadRow,
)
from server.store.told import Row


def thread_row(row: Row, seen_by: Sequence[int] | None = None) -> ThreadRow:
    return ThreadRow(
        thread_id=row["thread_id"],
        workspace_id=row["workspace_id"],
        version=row["version"],
        name=row["name"],
        contact_id=row["contact_id"],
        address=row["address"],
        number=row["number"],
        last_seq=row["last_seq"],
        last_at=row["last_at"],
        preview=row["last_preview"],
        direction=row["last_direction"],
        in_total=row["in_total"],
        opted_out=row["opted_out"],
        carrier_blocked=row["carrier_blocked"],
        invalid_code=row["invalid_reason"],
        held=row["held"],
        campaign=_texted(row),
        assignee=_colleague(row["assignee_id"], row["assignee"]),
        closed=row["closed_at"] is not None,
        snoozed_until=row["snoozed_until"],
        waiting_since=row["waiting_since"],
        claim=_claim(row),
        listed=row["listed"],
        seen_by=None if seen_by is None else frozenset(seen_by),
    )


def _colleague(member_id: int | None, name: str | None) -> Colleague | None:
    return None if member_id is None or name is None else Colleague(member_id, name)


def _claim(row: Row) -> Claim | None:
    by = _colleague(row["claimed_by"], row["claimant"])
    return None if by is None else Claim(by, row["claimed_until"])


def _texted(row: Row) -> Texted | None:
    if row["campaign_name"] is None:
        return None
    return Texted(row["campaign_id"], row["campaign_name"], row["campaign_at"])


def read_mark(row: Row) -> ReadMark | None:
    """The mark beside a thread, where the member has one."""
    if row["read_version"] is None:
        return None
    return ReadMark(row["member_id"], row["thread_id"], row["read_in_ord"], row["read_version"])


def _plain(own: UUID | None) -> UUID | None:
    """The driver's own subclass is no UUID to encoders that go by type."""
    return None if own is None else UUID(int=own.int)


def message(row: Row) -> Message:
    return Message(
        thread_id=row["thread_id"],
        seq=row["seq"],
        direction=row["direction"],
        body=row["body"],
        state=row["state"],
        at=row["created_at"],
        in_ord=row["in_ord"],
        segments=row["segments"],
        klass=row["klass"],
        author_id=row["author_id"],
        author=row["author"],
        cmd_id=_plain(row["cmd_id"]),
        error_class=row["error_class"],
        error_code=row["error_code"],
        keyword=row["keyword"],
        media=tuple(url for url, _ in json.loads(row["media"])) if row["media"] else (),
        resend_of=row["resend_of"],
        waits_until=row["waits_until"],
        campaign=_of_campaign(row),
        call_id=row["call_id"],
    )


def _of_campaign(row: Row) -> OfCampaign | None:
    if row["campaign_id"] is None:
        return None
    return OfCampaign(row["campaign_id"], row["campaign_kind"], row["campaign_name"], row["variant"])


def event(row: Row) -> ThreadEvent:
    """A message as it stands now, or a change of its status as it was then."""
    if row["kind"] == "message":
        return message(row)
    if row["kind"] in ("note", "activity"):
        return aside(row)
    return StatusChange(
        thread_id=row["thread_id"],
        seq=row["event_seq"],
        ref=row["ref"],
        state=row["event_state"],
        at=row["at"],
        error_class=row["event_error_class"],
        error_code=row["event_error_code"],
        waits_until=row["waits_until"] if row["event_state"] == "queued" else None,
        body=row["body"] if row["event_state"] == "queued" and row["event_error_code"] is None else None,
    )


def aside(row: Row) -> Note | Activity:
    """What members wrote or did beside the texts."""
    thread_id, seq, at = row["thread_id"], row["event_seq"], row["at"]
    if row["kind"] == "activity":
        return activity(thread_id, seq, row["data"], at)
    return note(row)


def note(row: Row) -> Note:
    author = row["note_author_id"], row["note_author"]
    return Note(row["thread_id"], row["event_seq"], row["note"], *author, tuple(row["mentions"]), row["at"])


def activity(thread_id: int, seq: int, data: str, at: datetime) -> Activity:
    """From the event's *data*, as note_activity writes it."""
    told = json.loads(data)
    until = told.pop("until", None)
    return Activity(thread_id, seq, at=at, until=until and datetime.fromisoformat(until), **told)
