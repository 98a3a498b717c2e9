"""What every carrier's adapter owes the rest of the house, shown with realistic payloads.

Another carrier is one module in `server/carriers/` and one `Subject` here: a table of labelled cases, and no new test.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import pytest
import trio

from server.carriers.form import parse_form
from server.carriers.telnyx import Telnyx
from server.carriers.twilio import Twilio
from server.domain.carrier import (
    FORM,
    Accepted,
    BadPayload,
    BeforeFirstByte,
    Capabilities,
    ErrorClass,
    Form,
    InboundText,
    ListedMessage,
    ListFailed,
    MtRequest,
    NotSent,
    Outcome,
    Postponed,
    Receipt,
    Rejected,
    Throttled,
    Unknown,
    Void,
)
from server.domain.limits import LimitScope
from tests.carriers.scripted import Connection, always, serve

ATTEMPT = UUID("7e1c4a52-6f0e-4c1b-9a53-0d8d1d2f9b11")
KEY = UUID("0b0f6a0e-52d3-4c5e-8f7b-3f1f2b6c9a10")
REQUEST = MtRequest(ATTEMPT, "+16175550100", "+16175550142", "Saturday at 11? 🏡 1+1=2 & more", (), 3600, KEY)
SINCE = datetime(2026, 3, 10, 15, 0, 0, 400_000, UTC)


class Adapter(Protocol):
    capabilities: Capabilities
    content_type: bytes

    async def submit(self, request: MtRequest, before_first_byte: BeforeFirstByte, worker: int) -> Outcome: ...
    async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]: ...
    async def list_inbound(self, *, since: datetime) -> Sequence[ListedMessage]: ...
    def parse_inbound(self, form: Form, body: bytes = b"") -> InboundText | Receipt | None: ...
    def parse_receipt(self, form: Form, query: Form, body: bytes = b"") -> InboundText | Receipt | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Subject:
    """All that the suite knows of one carrier. Keys of the tables are the labels of the cases.

    One whose capabilities offer no list leaves the tables of lists out.
    """

    name: str
    make: Callable[[str], Adapter]
    sent: Callable[[bytes], Mapping[str, Any]]
    request: Mapping[str, Any]
    answers: Mapping[str, tuple[int, bytes, Outcome]]
    inbound: Mapping[str, tuple[bytes, InboundText]]
    receipts: Mapping[str, tuple[bytes, bytes, Receipt | None]]
    bad_inbound: Mapping[str, bytes]
    bad_receipts: Mapping[str, bytes]
    outbound_pages: Sequence[bytes] = ()
    outbound: Sequence[ListedMessage] = ()
    inbound_pages: Sequence[bytes] = ()
    listed_inbound: Sequence[ListedMessage] = ()
    unreadable_pages: Mapping[str, bytes] = field(default_factory=dict)
    headers: bytes = b""


def http(status: int, body: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\n%bContent-Length: %d\r\n\r\n%b" % (status, headers, len(body), body)


# Twilio


def twilio_error(code: int, status: int) -> bytes:
    return json.dumps(
        {"code": code, "message": "…", "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    ).encode()


def twilio_message(**changes: Any) -> dict[str, Any]:
    sid = changes.get("sid", "SM" + "0" * 31 + "1")
    return {
        "account_sid": "AC1",
        "api_version": "2010-04-01",
        "body": "Saturday at 11?",
        "date_created": "Tue, 10 Mar 2026 15:00:00 +0000",
        "date_sent": None,
        "date_updated": "Tue, 10 Mar 2026 15:00:00 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "+16175550100",
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "2",
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/AC1/Messages/{sid}/Media.json"},
        "to": "+16175550142",
        "uri": f"/2010-04-01/Accounts/AC1/Messages/{sid}.json",
    } | changes


def twilio_page(*rows: dict[str, Any], follow: str | None = None) -> bytes:
    return json.dumps({"messages": rows, "page": 0, "page_size": 200, "next_page_uri": follow}).encode()


INBOUND_FORM = {
    "ToCountry": "US", "ToState": "MA", "SmsMessageSid": "SM" + "a" * 32, "NumMedia": "0", "ToCity": "BOSTON",
    "FromZip": "02108", "SmsSid": "SM" + "a" * 32, "FromState": "MA", "SmsStatus": "received", "FromCity": "BOSTON",
    "Body": "Is it still available? 🏡", "FromCountry": "US", "To": "+16175550100", "ToZip": "02108",
    "NumSegments": "1", "MessageSid": "SM" + "a" * 32, "AccountSid": "AC1", "From": "+16175550142",
    "ApiVersion": "2010-04-01",
}  # fmt: skip
INBOUND = InboundText("SM" + "a" * 32, "+16175550142", "+16175550100", "Is it still available? 🏡")
RECEIPT_FORM = {
    "SmsSid": "SM" + "b" * 32, "SmsStatus": "delivered", "MessageStatus": "delivered", "To": "+16175550142",
    "MessageSid": "SM" + "b" * 32, "AccountSid": "AC1", "From": "+16175550100", "ApiVersion": "2010-04-01",
}  # fmt: skip
RECEIPT = Receipt("SM" + "b" * 32, "delivered", attempt_id=ATTEMPT)
QUERY = f"attempt={ATTEMPT}".encode()
FILTERED = "The carrier filtered this text as unwanted."


def form(fields: Mapping[str, str], **changes: str) -> bytes:
    return urlencode({**fields, **changes}).encode()


def twilio_sent(request: bytes) -> Mapping[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    return {"line": head.split(b"\r\n")[0], "fields": parse_qsl(body.decode())}


def rejected(error_class: ErrorClass, code: int, sentence: str) -> Rejected:
    return Rejected(error_class, str(code), sentence)


TWILIO = Subject(
    name="twilio",
    make=lambda url: Twilio("AC1", "secret", url, public_url="https://sms.example.org", answer_s=0.2),
    sent=twilio_sent,
    request={
        "line": b"POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1",
        "fields": [
            ("To", "+16175550142"),
            ("From", "+16175550100"),
            ("Body", "Saturday at 11? 🏡 1+1=2 & more"),
            ("StatusCallback", f"https://sms.example.org/webhooks/twilio/AC1/status?attempt={ATTEMPT}"),
            ("ValidityPeriod", "3600"),
        ],
    },
    answers={
        "accepted": (201, json.dumps(twilio_message()).encode(), Accepted("SM" + "0" * 31 + "1", "queued", 2)),
        "accepted, segments not counted yet": (
            201,
            json.dumps(twilio_message(num_segments=None, status="accepted")).encode(),
            Accepted("SM" + "0" * 31 + "1", "queued", None),
        ),
        "accepted in a status that is new to us": (
            201,
            json.dumps(twilio_message(status="pondering")).encode(),
            Accepted("SM" + "0" * 31 + "1", "unknown", 2),
        ),
        "an acceptance without a name": (201, b'{"status": "queued"}', Unknown("")),
        "an acceptance that is no object": (201, b"[]", Unknown("")),
        "an acceptance in HTML": (201, b"<html>", Unknown("")),
        "an acceptance in broken UTF-8": (201, b'{"sid": "\xff"}', Unknown("")),
        "a redirect": (307, b"", Unknown("")),
        "a server error": (500, twilio_error(20500, 500), Unknown("")),
        "a gateway's time-out": (504, b"<html>", Unknown("")),
        "a server error that bears a known code": (500, twilio_error(20429, 500), Unknown("")),
        "a request time-out": (408, b"", Unknown("")),
        "the recipient replied STOP": (
            400,
            twilio_error(21610, 400),
            rejected(
                ErrorClass.OPTED_OUT,
                21610,
                "The carrier blocks texts to this number: it has replied STOP. Only its START lifts that.",
            ),
        ),
        "no valid number": (
            400,
            twilio_error(21211, 400),
            rejected(ErrorClass.INVALID, 21211, "This is not a valid phone number."),
        ),
        "wrong credentials": (
            401,
            twilio_error(20003, 401),
            rejected(ErrorClass.CONFIG, 20003, "The carrier refuses our credentials."),
        ),
        "a daily cap": (
            400,
            twilio_error(63038, 400),
            Postponed(ErrorClass.DAILY_CAP, "63038", "The carrier account's daily limit is used up.", 7.0),
        ),
        "a code that is not in the table": (
            400,
            twilio_error(99999, 400),
            rejected(ErrorClass.UNKNOWN, 99999, "The carrier reports error 99999."),
        ),
        "a newer form of error": (
            400,
            b'{"type": "x", "title": "y", "status": 400, "code": 21614, "detail": "z", "errors": []}',
            rejected(ErrorClass.INVALID, 21614, "This number cannot receive texts; it may be a landline."),
        ),
        "a refusal without a body": (
            403,
            b"",
            Rejected(ErrorClass.CONFIG, "http-403", "The carrier reports error http-403."),
        ),
        "too fast": (429, twilio_error(20429, 429), Throttled(7.0, "20429", LimitScope.ACCOUNT)),
        "too fast, by its status alone": (429, b"", Throttled(7.0, "http-429")),
        "too many waiting for this number": (400, twilio_error(21611, 400), Throttled(7.0, "21611")),
    },
    headers=b"Retry-After: 7\r\n",
    inbound={
        "a text": (form(INBOUND_FORM), INBOUND),
        "parameters that are new to us": (form(INBOUND_FORM, ChannelMetadata="{}", Mood="sunny"), INBOUND),
        "an empty body": (form(INBOUND_FORM, Body=""), replace(INBOUND, body="")),
        "no body at all": (form({k: v for k, v in INBOUND_FORM.items() if k != "Body"}), replace(INBOUND, body="")),
        "a NUL": (form(INBOUND_FORM, Body="a\0b"), replace(INBOUND, body="ab")),
        "broken UTF-8": (
            form(INBOUND_FORM, Body="").replace(b"Body=", b"Body=a%FFb"),
            replace(INBOUND, body="a\ufffdb"),
        ),
        "a lone surrogate": (
            form(INBOUND_FORM, Body="").replace(b"Body=", b"Body=%ED%A0%BD!"),
            replace(INBOUND, body="\ufffd\ufffd\ufffd!"),
        ),
        "a keyword that the carrier answered": (
            form(INBOUND_FORM, Body="Stop", OptOutType="STOP"),
            replace(INBOUND, body="Stop", opt_out_type="STOP"),
        ),
        "an opt-out type that is new to us": (form(INBOUND_FORM, OptOutType="MAYBE"), INBOUND),
        "two pictures": (
            form(
                INBOUND_FORM,
                NumMedia="2",
                MediaUrl0="https://api.twilio.com/m/0",
                MediaContentType0="image/jpeg",
                MediaUrl1="https://api.twilio.com/m/1",
                MediaContentType1="image/png",
            ),
            replace(
                INBOUND,
                media=(("https://api.twilio.com/m/0", "image/jpeg"), ("https://api.twilio.com/m/1", "image/png")),
            ),
        ),
    },
    bad_inbound={
        "no name": form({k: v for k, v in INBOUND_FORM.items() if k != "MessageSid"}),
        "no sender": form(INBOUND_FORM, From=""),
        "no recipient": form({k: v for k, v in INBOUND_FORM.items() if k != "To"}),
        "nothing": b"",
    },
    receipts={
        "delivered": (form(RECEIPT_FORM), QUERY, RECEIPT),
        "queued": (form(RECEIPT_FORM, MessageStatus="sending"), QUERY, replace(RECEIPT, status="queued")),
        "sent": (form(RECEIPT_FORM, MessageStatus="sent"), QUERY, replace(RECEIPT, status="sent")),
        "read": (form(RECEIPT_FORM, MessageStatus="read"), QUERY, RECEIPT),
        "cancelled": (form(RECEIPT_FORM, MessageStatus="canceled"), QUERY, replace(RECEIPT, status="cancelled")),
        "a status that is new to us": (
            form(RECEIPT_FORM, MessageStatus="pondering"),
            QUERY,
            replace(RECEIPT, status="unknown"),
        ),
        "filtered": (
            form(RECEIPT_FORM, MessageStatus="undelivered", ErrorCode="30007"),
            QUERY,
            replace(
                RECEIPT,
                status="undelivered",
                error_code="30007",
                error_class=ErrorClass.FILTERED,
                sentence=FILTERED,
            ),
        ),
        "an error code that is not in the table": (
            form(RECEIPT_FORM, MessageStatus="failed", ErrorCode="30999"),
            QUERY,
            replace(
                RECEIPT,
                status="failed",
                error_code="30999",
                error_class=ErrorClass.UNKNOWN,
                sentence="The carrier reports error 30999.",
            ),
        ),
        "without our token": (form(RECEIPT_FORM), b"", replace(RECEIPT, attempt_id=None)),
        "with a token that is not ours": (form(RECEIPT_FORM), b"attempt=1%27--", replace(RECEIPT, attempt_id=None)),
    },
    bad_receipts={"no status": form({"MessageSid": "SM1"}), "no name": form({"MessageStatus": "sent"}), "nothing": b""},
    outbound_pages=[
        twilio_page(
            twilio_message(
                sid="SM3", date_created="Tue, 10 Mar 2026 15:00:09 +0000", status="undelivered", error_code=30007
            ),
            twilio_message(sid="SM2", direction="inbound", status="received"),
            follow="/2010-04-01/Accounts/AC1/Messages.json?Page=1&PageToken=PASM2",
        ),
        twilio_page(
            twilio_message(sid="SM1", body=None),
            twilio_message(sid="SM0", date_created="Tue, 10 Mar 2026 14:59:59 +0000"),
        ),
    ],
    outbound=[
        ListedMessage(
            "SM3", "+16175550100", "+16175550142", "Saturday at 11?", "out", "undelivered",
            datetime(2026, 3, 10, 15, 0, 9, tzinfo=UTC), "30007",
        ),
        ListedMessage(
            "SM1", "+16175550100", "+16175550142", "", "out", "queued", datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
        ),
    ],
    inbound_pages=[
        twilio_page(
            twilio_message(
                sid="SM5", direction="inbound", status="received", date_created="Tue, 10 Mar 2026 08:00:01 -0700"
            ),
            twilio_message(sid="SM4", **{"from": None}),
        )
    ],
    listed_inbound=[
        ListedMessage(
            "SM5", "+16175550100", "+16175550142", "Saturday at 11?", "in", "received",
            datetime(2026, 3, 10, 15, 0, 1, tzinfo=UTC),
        )
    ],
    unreadable_pages={
        "not JSON": b"<html>",
        "no messages": b"{}",
        "a date that is none": twilio_page(twilio_message(date_created="yesterday")),
        "a next page elsewhere": twilio_page(follow="@evil.example.org/"),
        "a next page on another host": twilio_page(follow="//evil.example.org/"),
    },
)  # fmt: skip

# Telnyx


def telnyx_error(code: str) -> bytes:
    """Errors have a few fields more; the code is a string."""
    return json.dumps({"errors": [{"code": code, "title": "…", "detail": "…", "meta": {"url": "…"}}]}).encode()


def telnyx_message(*statuses: str, **changes: Any) -> dict[str, Any]:
    return {
        "record_type": "message",
        "direction": "outbound",
        "id": "40385f64-5717-4562-b3fc-2c963f66afa6",
        "type": "SMS",
        "messaging_profile_id": "4000eba1-a0c0-4563-9925-b25e842a7cb6",
        "from": {"phone_number": "+16175550100", "carrier": "Telnyx", "line_type": "VoIP"},
        "to": [
            {"phone_number": "+16175550142", "status": status, "carrier": "T-MOBILE USA, INC.", "line_type": "Wireless"}
            for status in statuses
        ],
        "text": "Saturday at 11?",
        "media": [],
        "encoding": "GSM-7",
        "parts": 2,
        "errors": [],
        "sent_at": None,
        "wait_seconds": 0.4,
    } | changes


def telnyx_accepted(*statuses: str, **changes: Any) -> bytes:
    return json.dumps({"data": telnyx_message(*statuses, **changes)}).encode()


def telnyx_event(kind: str, payload: object, **changes: Any) -> bytes:
    event = {
        "record_type": "event",
        "event_type": kind,
        "id": "86f58db9-0fe3-4adc-9d1f-46e66e6e9323",
        "occurred_at": "2026-03-10T15:00:02.574Z",
        "payload": payload,
    } | changes
    return json.dumps({"data": event, "meta": {"attempt": 1, "delivered_to": "…"}}).encode()


def telnyx_inbound(**changes: Any) -> bytes:
    payload = telnyx_message(
        direction="inbound",
        id=TELNYX_INBOUND.provider_id,
        to=[{"phone_number": "+16175550100", "status": "webhook_delivered"}],
        text="Is it still available? 🏡",
        **{"from": {"phone_number": "+16175550142", "carrier": "T-MOBILE USA, INC.", "line_type": "Wireless"}},
    )
    return telnyx_event("message.received", payload | changes)


def telnyx_receipt(*statuses: str, **changes: Any) -> bytes:
    return telnyx_event("message.finalized", telnyx_message(*statuses, **changes))


def telnyx_sent(request: bytes) -> Mapping[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    named = {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}
    shown = {name: named[name] for name in ("authorization", "content-type", "idempotency-key")}
    return {"line": line, **shown, "fields": json.loads(body)}


TELNYX_INBOUND = InboundText(
    "b0a1d3b8-6c7e-4a55-9f6a-5d0d6f2d8c11", "+16175550142", "+16175550100", "Is it still available? 🏡"
)
TELNYX_ID = "40385f64-5717-4562-b3fc-2c963f66afa6"
TELNYX_RECEIPT = Receipt(
    TELNYX_ID, "delivered", attempt_id=ATTEMPT, occurred_at=datetime(2026, 3, 10, 15, 0, 2, 574_000, UTC)
)
TELNYX_STOP = "The carrier blocks texts to this number: it has replied STOP. Only its START lifts that."
TELNYX_SPAM = "The carrier filtered this text as unwanted."

TELNYX = Subject(
    name="telnyx",
    make=lambda url: Telnyx(
        "profile-1", "KEY0", url, public_key="A" * 43 + "=", public_url="https://sms.example.org", answer_s=0.2
    ),
    sent=telnyx_sent,
    request={
        "line": "POST /v2/messages HTTP/1.1",
        "authorization": "Bearer KEY0",
        "content-type": "application/json",
        "idempotency-key": str(KEY),
        "fields": {
            "from": "+16175550100",
            "to": "+16175550142",
            "text": "Saturday at 11? 🏡 1+1=2 & more",
            "webhook_url": f"https://sms.example.org/webhooks/telnyx/profile-1/status?attempt={KEY}",
        },
    },
    answers={
        "accepted": (200, telnyx_accepted("queued"), Accepted(TELNYX_ID, "sent", 2)),
        "accepted, segments not counted yet": (
            200, telnyx_accepted("queued", parts=None), Accepted(TELNYX_ID, "sent", None),
        ),
        "accepted in a status that is new to us": (
            202, telnyx_accepted("pondering"), Accepted(TELNYX_ID, "unknown", 2)
        ),
        "an acceptance without a name": (200, b'{"data": {"parts": 1}}', Unknown("")),
        "an acceptance that is no object": (200, b'{"data": []}', Unknown("")),
        "an acceptance in HTML": (200, b"<html>", Unknown("")),
        "a redirect": (307, b"", Unknown("")),
        "a server error": (500, telnyx_error("10007"), Unknown("")),
        "a gateway's time-out": (504, b"<html>", Unknown("")),
        "a server error that bears a known code": (503, telnyx_error("10011"), Unknown("")),
        "a request time-out": (408, b"", Unknown("")),
        "an earlier try is under way": (409, telnyx_error("10015"), Unknown("")),
        "a duplicate, by another status": (422, telnyx_error("10012"), Unknown("")),
        "the recipient replied STOP": (
            400, telnyx_error("40300"), Rejected(ErrorClass.OPTED_OUT, "40300", TELNYX_STOP),
        ),
        "no valid number": (
            400, telnyx_error("40310"), Rejected(ErrorClass.INVALID, "40310", "This is not a valid phone number."),
        ),
        "wrong credentials": (
            401, telnyx_error("10009"), Rejected(ErrorClass.CONFIG, "10009", "The carrier refuses our API key."),
        ),
        "filtered": (422, telnyx_error("40015"), Rejected(ErrorClass.FILTERED, "40015", TELNYX_SPAM)),
        "a daily cap": (
            422,
            telnyx_error("40016"),
            Postponed(ErrorClass.DAILY_CAP, "40016", "T-Mobile's daily limit for this brand is used up.", 7.0),
        ),
        "a code that is not in the table": (
            400, telnyx_error("99999"), Rejected(ErrorClass.UNKNOWN, "99999", "The carrier reports error 99999."),
        ),
        "a code that is a number": (
            400,
            telnyx_error("40310").replace(b'"40310"', b"40310"),
            Rejected(ErrorClass.INVALID, "40310", "This is not a valid phone number."),
        ),
        "a refusal without a body": (
            403, b"", Rejected(ErrorClass.CONFIG, "http-403", "The carrier reports error http-403."),
        ),
        "a refusal without an error": (
            422, b'{"errors": []}', Rejected(ErrorClass.UNKNOWN, "http-422", "The carrier reports error http-422."),
        ),
        "too fast": (429, telnyx_error("10011"), Throttled(7.0, "10011", LimitScope.ACCOUNT)),
        "too fast, by its status alone": (429, b"", Throttled(7.0, "http-429")),
        "too many waiting for this number": (400, telnyx_error("40318"), Throttled(7.0, "40318")),
        "too fast for a registered campaign": (
            400, telnyx_error("40018"), Throttled(7.0, "40018", LimitScope.REGISTRATION),
        ),
    },
    headers=b"Retry-After: 7\r\n",
    inbound={
        "a text": (telnyx_inbound(), TELNYX_INBOUND),
        "fields that are new to us": (telnyx_inbound(mood="sunny", tags=[{}]), TELNYX_INBOUND),
        "an empty body": (telnyx_inbound(text=""), replace(TELNYX_INBOUND, body="")),
        "no body at all": (telnyx_inbound(text=None), replace(TELNYX_INBOUND, body="")),
        "a NUL": (telnyx_inbound(text="a\0b"), replace(TELNYX_INBOUND, body="ab")),
        "broken UTF-8": (
            telnyx_inbound(text="a?b").replace(b"a?b", b"a\xffb"), replace(TELNYX_INBOUND, body="a\ufffdb"),
        ),
        "a lone surrogate": (telnyx_inbound(text="\ud83d!"), replace(TELNYX_INBOUND, body="\ufffd!")),
        "a keyword that the carrier answered": (
            telnyx_inbound(text="Stop", autoresponse_type="STOP"),
            replace(TELNYX_INBOUND, body="Stop", opt_out_type="STOP"),
        ),
        "an answer of a kind that is new to us": (telnyx_inbound(autoresponse_type="MAYBE"), TELNYX_INBOUND),
        "two pictures": (
            telnyx_inbound(
                type="MMS",
                media=[
                    {"url": "https://media.example.org/0", "content_type": "image/jpeg", "size": 102_400},
                    {"url": "https://media.example.org/1", "content_type": None},
                    {"url": None},
                ],
            ),
            replace(
                TELNYX_INBOUND,
                media=(("https://media.example.org/0", "image/jpeg"), ("https://media.example.org/1", "")),
            ),
        ),
    },
    bad_inbound={
        "no name": telnyx_inbound(id=None),
        "no sender": telnyx_inbound(**{"from": {}}),
        "no recipient": telnyx_inbound(to=[]),
        "nothing": b"",
        "no object": b"[]",
        "no event": b'{"data": {}}',
        "no payload": telnyx_event("message.received", None),
        "nested beyond reason": b"[" * 100_000,
    },
    receipts={
        "delivered": (telnyx_receipt("delivered"), QUERY, TELNYX_RECEIPT),
        "sent": (
            telnyx_event("message.sent", telnyx_message("sent")), QUERY, replace(TELNYX_RECEIPT, status="sent"),
        ),
        "no receipt came from the network": (
            telnyx_receipt("delivery_unconfirmed"), QUERY, replace(TELNYX_RECEIPT, status="sent"),
        ),
        "a status that is new to us": (
            telnyx_receipt("pondering"), QUERY, replace(TELNYX_RECEIPT, status="unknown"),
        ),
        "all of several there": (telnyx_receipt("delivered", "delivered"), QUERY, TELNYX_RECEIPT),
        "one of several under way": (
            telnyx_receipt("delivered", "sending"), QUERY, replace(TELNYX_RECEIPT, status="sent"),
        ),
        "one of several lost": (
            telnyx_receipt("delivered", "delivery_failed", "sent"),
            QUERY,
            replace(TELNYX_RECEIPT, status="undelivered"),
        ),
        "filtered": (
            telnyx_receipt("delivery_failed", errors=[{"code": "40015", "title": "…"}]),
            QUERY,
            replace(
                TELNYX_RECEIPT,
                status="undelivered",
                error_code="40015",
                error_class=ErrorClass.FILTERED,
                sentence=TELNYX_SPAM,
            ),
        ),
        "an error code that is not in the table": (
            telnyx_receipt("sending_failed", errors=[{"code": "49999"}]),
            QUERY,
            replace(
                TELNYX_RECEIPT,
                status="undelivered",
                error_code="49999",
                error_class=ErrorClass.UNKNOWN,
                sentence="The carrier reports error 49999.",
            ),
        ),
        "without our token": (telnyx_receipt("delivered"), b"", replace(TELNYX_RECEIPT, attempt_id=None)),
        "with a token that is not ours": (
            telnyx_receipt("delivered"), b"attempt=1%27--", replace(TELNYX_RECEIPT, attempt_id=None),
        ),
        "without a time": (
            telnyx_event("message.finalized", telnyx_message("delivered"), occurred_at="date-time"),
            QUERY,
            replace(TELNYX_RECEIPT, occurred_at=None),
        ),
        "an event that is no news": (telnyx_event("message.read", telnyx_message("delivered")), QUERY, None),
    },
    bad_receipts={
        "no status": telnyx_receipt(),
        "no name": telnyx_receipt("delivered", id=""),
        "nothing": b"",
        "no object": b'"delivered"',
    },
)  # fmt: skip

SUBJECTS = [TWILIO, TELNYX]


def cases(table: str) -> pytest.MarkDecorator:
    """One test for each labelled case of *table* of each carrier."""
    found = [
        pytest.param(subject, case, id=f"{subject.name}: {label}")
        for subject in SUBJECTS
        for label, case in getattr(subject, table).items()
    ]
    return pytest.mark.parametrize(("subject", "case"), found)


def each(subjects: Sequence[Subject]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("subject", [pytest.param(subject, id=subject.name) for subject in subjects])


EVERY_CARRIER = each(SUBJECTS)
WITH_A_LIST = each([one for one in SUBJECTS if one.make("http://127.0.0.1").capabilities.list_query])


def leave() -> None:
    """Nothing speaks against leaving."""


# Sending


@EVERY_CARRIER
async def test_a_request_says_what_was_asked_for(nursery: trio.Nursery, subject: Subject) -> None:
    origin = await serve(nursery, always(http(500, b"")))
    adapter = subject.make(origin.url)
    await adapter.submit(REQUEST, leave, 0)
    adapter.close()
    assert [subject.sent(request) for request in origin.requests] == [subject.request]


@cases("answers")
async def test_an_answer_proves_what_the_table_says(
    nursery: trio.Nursery, subject: Subject, case: tuple[int, bytes, Outcome]
) -> None:
    status, body, expected = case
    origin = await serve(nursery, always(http(status, body, subject.headers)))
    adapter = subject.make(origin.url)
    outcome = await adapter.submit(REQUEST, leave, 0)
    adapter.close()
    if isinstance(expected, Unknown):
        assert isinstance(outcome, Unknown), "its reason is for people to read"
    else:
        assert outcome == expected


@EVERY_CARRIER
async def test_no_connection_means_not_sent(subject: Subject, free_port: Callable[[], int]) -> None:
    outcome = await subject.make(f"http://127.0.0.1:{free_port()}").submit(REQUEST, leave, 0)
    assert isinstance(outcome, NotSent)
    assert not outcome.voided


@EVERY_CARRIER
@pytest.mark.parametrize(
    ("objection", "voided"),
    [pytest.param(Void("late"), True, id="void"), pytest.param(OSError("disk full"), False, id="no journal")],
)
async def test_an_objection_before_the_first_byte_means_not_sent(
    nursery: trio.Nursery, subject: Subject, objection: Exception, voided: bool
) -> None:
    def object_() -> None:
        raise objection

    origin = await serve(nursery, always(http(500, b"")))
    outcome = await subject.make(origin.url).submit(REQUEST, object_, 0)
    assert isinstance(outcome, NotSent)
    assert outcome.voided is voided
    assert origin.requests == []


@EVERY_CARRIER
@pytest.mark.parametrize("ending", ["silence", "closed", "reset"])
async def test_what_fails_after_the_first_byte_is_unknown(nursery: trio.Nursery, subject: Subject, ending: str) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        if ending == "silence":
            await trio.sleep_forever()
        if ending == "reset":
            connection.reset()

    origin = await serve(nursery, script)
    assert isinstance(await subject.make(origin.url).submit(REQUEST, leave, 0), Unknown)


@EVERY_CARRIER
async def test_each_worker_keeps_a_stream_of_its_own(nursery: trio.Nursery, subject: Subject) -> None:
    origin = await serve(nursery, always(http(429, b"")))
    adapter = subject.make(origin.url)
    for worker in (0, 1, 0, 1):
        await adapter.submit(REQUEST, leave, worker)
    adapter.close()
    assert origin.connections == 2


# Webhooks


def read(subject: Subject, kind: str, raw: bytes, query: bytes = b"") -> InboundText | Receipt | None:
    """What the adapter reads in what was posted, handed to it as the door does."""
    adapter = subject.make("http://127.0.0.1")
    posted = parse_form(raw) if adapter.content_type == FORM else []
    if kind == "inbound":
        return adapter.parse_inbound(posted, raw)
    return adapter.parse_receipt(posted, parse_form(query), raw)


@cases("inbound")
def test_an_inbound_text_is_read(subject: Subject, case: tuple[bytes, InboundText]) -> None:
    raw, expected = case
    assert read(subject, "inbound", raw) == expected


@cases("receipts")
def test_a_receipt_is_read(subject: Subject, case: tuple[bytes, bytes, Receipt | None]) -> None:
    raw, query, expected = case
    assert read(subject, "status", raw, query) == expected


@cases("bad_inbound")
def test_an_inbound_text_without_what_it_must_have_is_refused(subject: Subject, case: bytes) -> None:
    with pytest.raises(BadPayload):
        read(subject, "inbound", case)


@cases("bad_receipts")
def test_a_receipt_without_what_it_must_have_is_refused(subject: Subject, case: bytes) -> None:
    with pytest.raises(BadPayload):
        read(subject, "status", case)


# Lists


def pages(bodies: Sequence[bytes]) -> Callable[[Connection], Any]:
    async def script(connection: Connection) -> None:
        for body in bodies:
            await connection.request()
            await connection.send(http(200, body, b"Content-Type: application/json\r\n"))

    return script


@WITH_A_LIST
async def test_the_list_of_sent_messages_is_read_to_its_last_page(nursery: trio.Nursery, subject: Subject) -> None:
    origin = await serve(nursery, pages(subject.outbound_pages))
    listed = await subject.make(origin.url).list_outbound(to=REQUEST.to, from_=REQUEST.from_, since=SINCE)
    assert list(listed) == subject.outbound
    assert len(origin.requests) == len(subject.outbound_pages)


@WITH_A_LIST
async def test_the_list_of_inbound_texts_leaves_out_our_own(nursery: trio.Nursery, subject: Subject) -> None:
    origin = await serve(nursery, pages(subject.inbound_pages))
    assert list(await subject.make(origin.url).list_inbound(since=SINCE)) == subject.listed_inbound


@cases("unreadable_pages")
async def test_a_list_that_cannot_be_read_fails_as_a_whole(
    nursery: trio.Nursery, subject: Subject, case: bytes
) -> None:
    origin = await serve(nursery, pages([case]))
    with pytest.raises(ListFailed, match="understood"):
        await subject.make(origin.url).list_inbound(since=SINCE)


@WITH_A_LIST
@pytest.mark.parametrize("status", [401, 500])
async def test_a_list_that_is_refused_fails(nursery: trio.Nursery, subject: Subject, status: int) -> None:
    origin = await serve(nursery, always(http(status, b"{}")))
    with pytest.raises(ListFailed):
        await subject.make(origin.url).list_inbound(since=SINCE)


@WITH_A_LIST
async def test_a_list_is_never_asked_for_through_a_proxy_of_the_environment(
    nursery: trio.Nursery, subject: Subject, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    origin = await serve(nursery, pages(subject.inbound_pages))
    assert list(await subject.make(origin.url).list_inbound(since=SINCE)) == subject.listed_inbound
