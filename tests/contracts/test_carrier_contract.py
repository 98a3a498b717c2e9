"""What every carrier's adapter owes the rest of the house, shown with realistic payloads.

Another carrier is one module in `server/carriers/` and one `Subject` here: a table of labelled cases, and no new test.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import pytest
import trio

from server.carriers.form import parse_form
from server.carriers.twilio import Twilio
from server.domain.carrier import (
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
REQUEST = MtRequest(ATTEMPT, "+16175550100", "+16175550142", "Saturday at 11? 🏡 1+1=2 & more", (), 3600)
SINCE = datetime(2026, 3, 10, 15, 0, 0, 400_000, UTC)


class Adapter(Protocol):
    capabilities: Capabilities

    async def submit(self, request: MtRequest, before_first_byte: BeforeFirstByte, worker: int) -> Outcome: ...
    async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]: ...
    async def list_inbound(self, *, since: datetime) -> Sequence[ListedMessage]: ...
    def parse_inbound(self, form: Form) -> InboundText: ...
    def parse_receipt(self, form: Form, query: Form) -> Receipt: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Subject:
    """All that the suite knows of one carrier. Keys of the tables are the labels of the cases."""

    name: str
    make: Callable[[str], Adapter]
    sent: Callable[[bytes], Mapping[str, Any]]
    request: Mapping[str, Any]
    answers: Mapping[str, tuple[int, bytes, Outcome]]
    inbound: Mapping[str, tuple[bytes, InboundText]]
    receipts: Mapping[str, tuple[bytes, bytes, Receipt]]
    bad_inbound: Mapping[str, bytes]
    bad_receipts: Mapping[str, bytes]
    outbound_pages: Sequence[bytes]
    outbound: Sequence[ListedMessage]
    inbound_pages: Sequence[bytes]
    listed_inbound: Sequence[ListedMessage]
    unreadable_pages: Mapping[str, bytes]
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

SUBJECTS = [TWILIO]


def cases(table: str) -> pytest.MarkDecorator:
    """One test for each labelled case of *table* of each carrier."""
    found = [
        pytest.param(subject, case, id=f"{subject.name}: {label}")
        for subject in SUBJECTS
        for label, case in getattr(subject, table).items()
    ]
    return pytest.mark.parametrize(("subject", "case"), found)


EVERY_CARRIER = pytest.mark.parametrize("subject", [pytest.param(subject, id=subject.name) for subject in SUBJECTS])


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


@cases("inbound")
def test_an_inbound_text_is_read(subject: Subject, case: tuple[bytes, InboundText]) -> None:
    raw, expected = case
    assert subject.make("http://127.0.0.1").parse_inbound(parse_form(raw)) == expected


@cases("receipts")
def test_a_receipt_is_read(subject: Subject, case: tuple[bytes, bytes, Receipt]) -> None:
    raw, query, expected = case
    assert subject.make("http://127.0.0.1").parse_receipt(parse_form(raw), parse_form(query)) == expected


@cases("bad_inbound")
def test_an_inbound_text_without_what_it_must_have_is_refused(subject: Subject, case: bytes) -> None:
    with pytest.raises(BadPayload):
        subject.make("http://127.0.0.1").parse_inbound(parse_form(case))


@cases("bad_receipts")
def test_a_receipt_without_what_it_must_have_is_refused(subject: Subject, case: bytes) -> None:
    with pytest.raises(BadPayload):
        subject.make("http://127.0.0.1").parse_receipt(parse_form(case), [])


# Lists


def pages(bodies: Sequence[bytes]) -> Callable[[Connection], Any]:
    async def script(connection: Connection) -> None:
        for body in bodies:
            await connection.request()
            await connection.send(http(200, body, b"Content-Type: application/json\r\n"))

    return script


@EVERY_CARRIER
async def test_the_list_of_sent_messages_is_read_to_its_last_page(nursery: trio.Nursery, subject: Subject) -> None:
    origin = await serve(nursery, pages(subject.outbound_pages))
    listed = await subject.make(origin.url).list_outbound(to=REQUEST.to, from_=REQUEST.from_, since=SINCE)
    assert list(listed) == subject.outbound
    assert len(origin.requests) == len(subject.outbound_pages)


@EVERY_CARRIER
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


@EVERY_CARRIER
@pytest.mark.parametrize("status", [401, 500])
async def test_a_list_that_is_refused_fails(nursery: trio.Nursery, subject: Subject, status: int) -> None:
    origin = await serve(nursery, always(http(status, b"{}")))
    with pytest.raises(ListFailed):
        await subject.make(origin.url).list_inbound(since=SINCE)


@EVERY_CARRIER
async def test_a_list_is_never_asked_for_through_a_proxy_of_the_environment(
    nursery: trio.Nursery, subject: Subject, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    origin = await serve(nursery, pages(subject.inbound_pages))
    assert list(await subject.make(origin.url).list_inbound(since=SINCE)) == subject.listed_inbound
