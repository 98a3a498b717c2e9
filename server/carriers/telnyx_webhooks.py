"""Telnyx's webhooks: what an event says.

The event decides, not the address that it came to: where our address for receipts does not answer, Telnyx tells the
messaging profile's, which is the one for texts. Events and fields that are new to us are passed over.
"""

from datetime import UTC, datetime
from typing import Any, Final, Literal

from server.carriers.callback import attempt_in
from server.carriers.telnyx_codes import explain, folded
from server.carriers.telnyx_json import code_of, inner, parse_object, rows, text
from server.domain.carrier import BadPayload, Form, InboundText, Receipt

RECEIVED: Final = "message.received"
REPORTS: Final = frozenset({"message.sent", "message.finalized"})
_OPT_OUT_TYPES: Final[dict[str, Literal["STOP", "START", "HELP"]]] = {"STOP": "STOP", "START": "START", "HELP": "HELP"}


def parse_event(raw: bytes, query: Form) -> InboundText | Receipt | None:
    """The news in an event, None where it is none for us; raises `BadPayload`. *query* bears our attempt id."""
    data = inner(parse_object(raw), "data")
    kind, payload = text(inner(data, "event_type")), inner(data, "payload")
    if not kind:
        raise BadPayload("data.event_type is required")
    if kind == RECEIVED:
        return _inbound(payload)
    if kind in REPORTS:
        return _receipt(payload, query, _moment(inner(data, "occurred_at")))
    return None


def _inbound(payload: Any) -> InboundText:
    """Named by the message's id, not the event's: one text is one row, in however many events Telnyx speaks of it."""
    provider_id, from_ = text(inner(payload, "id")), text(inner(payload, "from", "phone_number"))
    to = next((number for row in rows(inner(payload, "to")) if (number := text(row.get("phone_number")))), "")
    if not (provider_id and from_ and to):
        raise BadPayload("payload.id, from and to are required")
    return InboundText(
        provider_id,
        from_,
        to,
        text(inner(payload, "text")),
        _media(payload),
        _OPT_OUT_TYPES.get(text(inner(payload, "autoresponse_type"))),
    )


def _receipt(payload: Any, query: Form, occurred_at: datetime | None) -> Receipt:
    provider_id = text(inner(payload, "id"))
    words = [word for row in rows(inner(payload, "to")) if (word := text(row.get("status")))]
    if not (provider_id and words):
        raise BadPayload("payload.id and a status in payload.to are required")
    code = code_of(inner(payload, "errors")) or None
    error_class, sentence = explain(code) if code else (None, None)
    return Receipt(provider_id, folded(words), code, attempt_in(query), occurred_at, error_class, sentence)


def _media(payload: Any) -> tuple[tuple[str, str], ...]:
    found = ((text(row.get("url")), text(row.get("content_type"))) for row in rows(inner(payload, "media")))
    return tuple((url, kind) for url, kind in found if url)


def _moment(iso: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text(iso))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
