"""Rows and events of the domain as the socket and the API show them: the one way out to a client.

Hot frames are built as plain dicts and serialised once; the tests hold them against the models of protocol.py.
`explain` puts an error's class and code into words and is given by the composition root.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from server.domain.campaigns.campaign import PAUSE_WORDS, WORDS
from server.domain.campaigns.clicks import click_through
from server.domain.messages import (
    Activity,
    Colleague,
    Message,
    Note,
    OfCampaign,
    ReadMark,
    StatusChange,
    Texted,
    ThreadEvent,
    ThreadRow,
    taken_back,
)
from server.domain.optout import recognised
from server.domain.own_number import OwnNumber
from server.ports import Mentions, Review
from server.ports.bulk import Progress
from server.ports.campaigns import Campaign
from server.ports.events import Event
from server.ports.suggest import Suggested

Explain = Callable[[str | None, str | None], str | None]
"""(error class, error code) → a sentence for people, None where there is no error."""

Json = Mapping[str, Any]


def thread_topic(thread_id: int) -> str:
    return f"thread:{thread_id}"


def message_out(message: Message, explain: Explain) -> dict[str, Any]:
    """`protocol.MessageOut`."""
    return {
        "seq": message.seq,
        "direction": message.direction,
        "body": message.body,
        "state": message.state,
        "at": message.at,
        "in_ord": message.in_ord,
        "segments": message.segments,
        "klass": message.klass,
        "author_id": message.author_id,
        "author": message.author,
        "cmd_id": message.cmd_id,
        "error_class": message.error_class,
        "error_code": message.error_code,
        "error": explain(message.error_class, message.error_code),
        "keyword": message.keyword,
        "media": list(message.media),
        "resend_of": message.resend_of,
        "waits_until": message.waits_until,
        "campaign": _of_campaign(message.campaign),
        "call_id": message.call_id,
        "taken_back": taken_back(message.state, message.error_class, message.error_code),
    }


def own_number_out(number: OwnNumber) -> dict[str, Any]:
    """`protocol.OwnNumberOut`."""
    return {
        "state": number.state,
        "address": number.address,
        "text_to": number.text_to,
        "expires_at": number.expires_at,
        "verified_at": number.verified_at,
        "tries_left": number.tries_left,
    }


def _of_campaign(of: OfCampaign | None) -> dict[str, Any] | None:
    """`protocol.OfCampaignOut`."""
    if of is None:
        return None
    return {"id": of.campaign_id, "kind": of.kind, "name": of.name, "variant": of.variant}


def event_data(event: ThreadEvent, explain: Explain) -> dict[str, Any]:
    """`protocol.ThreadEventData`."""
    if isinstance(event, Message):
        return {"kind": "message", "message": message_out(event, explain)}
    if isinstance(event, StatusChange):
        return _status_data(event, explain)
    return _aside_data(event)


def _aside_data(aside: Note | Activity) -> dict[str, Any]:
    """`protocol.AsideOut`."""
    if isinstance(aside, Note):
        return {"kind": "note", "note": note_out(aside)}
    return {"kind": "activity", "activity": activity_out(aside)}


def note_out(note: Note) -> dict[str, Any]:
    """`protocol.NoteOut`."""
    return {
        "seq": note.seq,
        "body": note.body,
        "author_id": note.author_id,
        "author": note.author,
        "mentions": list(note.mentions),
        "at": note.at,
    }


def activity_out(activity: Activity) -> dict[str, Any]:
    """`protocol.ActivityOut`."""
    return {
        "seq": activity.seq,
        "what": activity.what,
        "at": activity.at,
        "by": activity.by,
        "by_name": activity.by_name,
        "to": activity.to,
        "to_name": activity.to_name,
        "until": activity.until,
    }


def asides_out(asides: Sequence[Note | Activity]) -> list[dict[str, Any]]:
    """In their order."""
    return [_aside_data(one) for one in asides]


def _status_data(change: StatusChange, explain: Explain) -> dict[str, Any]:
    return {
        "kind": "status",
        "ref": change.ref,
        "state": change.state,
        "at": change.at,
        "error_class": change.error_class,
        "error_code": change.error_code,
        "error": explain(change.error_class, change.error_code),
        "waits_until": change.waits_until,
        "body": change.body,
        "taken_back": taken_back(change.state, change.error_class, change.error_code),
    }


def inbox_row(row: ThreadRow, explain: Explain) -> dict[str, Any]:
    """`protocol.InboxRow`."""
    return {
        "thread_id": row.thread_id,
        "v": row.version,
        "name": row.name,
        "contact_id": row.contact_id,
        "address": row.address,
        "number": row.number,
        "last_seq": row.last_seq,
        "last_at": row.last_at,
        "preview": row.preview,
        "direction": row.direction,
        "in_total": row.in_total,
        "opted_out": row.opted_out,
        "carrier_blocked": row.carrier_blocked,
        "invalid": explain("invalid", row.invalid_code) if row.invalid_code else None,
        "held": row.held,
        "campaign": _texted(row.campaign),
        "assignee": _colleague(row.assignee),
        "closed": row.closed,
        "snoozed_until": row.snoozed_until,
        "waiting_since": row.waiting_since,
        "claim": None if row.claim is None else {"by": _colleague(row.claim.by), "until": row.claim.until},
        "listed": row.listed,
    }


def _colleague(one: Colleague | None) -> dict[str, Any] | None:
    """`protocol.ColleagueOut`."""
    return None if one is None else {"member_id": one.member_id, "name": one.name}


def _texted(by: Texted | None) -> dict[str, Any] | None:
    """`protocol.TextedOut`."""
    return None if by is None else {"id": by.campaign_id, "name": by.name, "at": by.at}


def read_mark(mark: ReadMark) -> dict[str, Any]:
    """`protocol.ReadMarkOut`."""
    return {"thread_id": mark.thread_id, "in_ord": mark.in_ord, "v": mark.version}


def mentions(told: Mentions) -> dict[str, Any]:
    """`protocol.MentionsOut`."""
    return {"threads": told.unseen, "asked": list(told.asked)}


def review_out(review: Review) -> dict[str, Any]:
    """`protocol.ReviewOut`."""
    return {
        "id": review.review_id,
        "thread_id": review.thread_id,
        "seq": review.seq,
        "kind": review.kind,
        "parts": _parts(review.text),
        "at": review.at,
        "name": review.name,
        "address": review.address,
        "decided_at": review.decided_at,
        "decided_by": review.decided_by,
        "decision": review.decision,
    }


def bulk_topic(bulk_id: int) -> str:
    return f"bulk:{bulk_id}"


def bulk_out(progress: Progress) -> dict[str, Any]:
    """`protocol.BulkOut`."""
    return {
        "id": progress.bulk_id,
        "name": progress.name,
        "state": progress.state,
        "body": progress.body,
        "author": progress.author,
        "launched_at": progress.launched_at,
        "ended_at": progress.ended_at,
        "audience": progress.audience,
        "excluded": progress.excluded,
        "pending": progress.pending,
        "in_flight": progress.in_flight,
        "wired": progress.wired,
        "delivered": progress.delivered,
        "undelivered": progress.undelivered,
        "rejected": progress.rejected,
        "unconfirmed": progress.unconfirmed,
        "skipped": progress.skipped,
        "segments": progress.segments,
    }


def suggestions_out(told: Suggested, whole: int, *, made: bool) -> dict[str, Any]:
    """`protocol.SuggestionsOut`."""
    return {
        "based_on": told.based_on,
        "state": "made" if made else "begun",
        "source": told.source if told.items else None,
        "label": told.label,
        "items": list(told.items),
        "whole": whole,
    }


def campaign_topic(campaign_id: int) -> str:
    return f"campaign:{campaign_id}"


def campaign_out(campaign: Campaign) -> dict[str, Any]:
    """`protocol.CampaignOut`."""
    why, figures = campaign.paused_why, campaign.figures
    return {
        "id": campaign.campaign_id,
        "name": campaign.name,
        "description": campaign.description,
        "state": campaign.state,
        "told": WORDS[campaign.state] if why is None else PAUSE_WORDS[why],
        "version": campaign.version,
        "template": campaign.template,
        "author": campaign.author,
        "created_at": campaign.created_at,
        "launched_at": campaign.launched_at,
        "ended_at": campaign.ended_at,
        "archived_at": campaign.archived_at,
        "moved_at": campaign.moved_at,
        "due_at": campaign.due_at,
        "next_batch_at": campaign.next_batch_at,
        "paused_why": why,
        "refused": campaign.refused,
        "built": campaign.built,
        "to_look_at": campaign.to_look_at,
        "whole": campaign.whole,
        "figures": asdict(figures),
        "click_through": click_through(figures.clicked, figures.delivered, has_links=campaign.has_links),
    }


def _parts(text: str) -> list[dict[str, Any]]:
    """`protocol.ReviewPart`s: the text cut where what was recognised begins and ends."""
    parts, done = [], 0
    for start, end in recognised(text):
        parts += [{"text": text[done:start], "marked": False}, {"text": text[start:end], "marked": True}]
        done = end
    return [part for part in (*parts, {"text": text[done:], "marked": False}) if part["text"]]


def event_frame(event: ThreadEvent, epoch: str, explain: Explain) -> bytes:
    """`protocol.Event`, serialised."""
    return orjson.dumps(
        {
            "t": "event",
            "ch": thread_topic(event.thread_id),
            "seq": event.seq,
            "epoch": epoch,
            "data": event_data(event, explain),
        }
    )


def integration_out(event: Event) -> dict[str, Any]:
    """`protocol.IntegrationEventOut`."""
    return {"seq": event.seq, "kind": event.kind, "at": event.at, "data": event.data}


def integration_frame(event: Event, epoch: str) -> bytes:
    """`protocol.IntegrationEvent`, serialised."""
    told = {"t": "event", "ch": "dialer", "seq": event.seq, "epoch": epoch, "data": integration_out(event)}
    return orjson.dumps(told, option=orjson.OPT_UTC_Z)


def state_frame(channel: str, key: str, version: int, data: Json) -> bytes:
    """One of the `protocol.State*` frames, serialised."""
    return orjson.dumps({"t": "state", "ch": channel, "key": key, "v": version, "data": data})
