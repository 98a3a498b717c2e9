"""What is Telnyx's own: its codes, its signature, and that every try of one text is the same request."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
import trio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from server.carriers.answer import Answer
from server.carriers.telnyx import Telnyx
from server.carriers.telnyx_answers import read_answer
from server.carriers.telnyx_codes import ERRORS, SCOPES
from server.carriers.telnyx_json import parse_object
from server.carriers.telnyx_signature import SIGNATURE, TIMESTAMP, SignatureCheck
from server.carriers.telnyx_webhooks import parse_event
from server.domain.carrier import (
    POSTPONED,
    BadPayload,
    ErrorClass,
    ListFailed,
    MtRequest,
    Postponed,
    Receipt,
    Rejected,
    Throttled,
    Unknown,
)
from server.domain.delivery import State
from server.domain.limits import LimitScope
from server.store.ledger.receipts import proven
from tests.carriers.scripted import always, serve

NOW: Final = datetime(2026, 3, 10, 15, 0, 0, tzinfo=UTC)
PRIVATE: Final = Ed25519PrivateKey.generate()
PUBLIC: Final = b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
BODY: Final = '{"data": {"event_type": "message.received", "payload": {"text": "Hi 🏡"}}}'.encode()


# Codes


EVERY_CODE = pytest.mark.parametrize("code", sorted(ERRORS))

CLASSES = {
    ErrorClass.OPTED_OUT: "40300",
    ErrorClass.INVALID: "40001 40012 40310",
    ErrorClass.RATE: "10011 40011 40018 40318",
    ErrorClass.DAILY_CAP: "40016",
    ErrorClass.FILTERED: "40002 40003 40010 40015 40017 40322 40329",
    ErrorClass.TRANSIENT: "40006 40008",
    ErrorClass.EXPIRED: "40005 40014",
    ErrorClass.CONFIG: "10009 10010 20100 40013 40305 40309 40312 40314",
}


def answer(status: int, code: str) -> Answer:
    return Answer(status, {}, json.dumps({"errors": [{"code": code, "title": "…"}]}).encode())


def receipt(code: str, status: str) -> bytes:
    payload = {"id": "m1", "to": [{"status": status}], "errors": [{"code": code}]}
    return json.dumps({"data": {"event_type": "message.finalized", "payload": payload}}).encode()


def test_the_table_is_the_whole_one() -> None:
    assert {code: error_class for code, (error_class, _) in ERRORS.items()} == {
        code: error_class for error_class, codes in CLASSES.items() for code in codes.split()
    }


def test_no_two_codes_say_the_same_and_each_says_a_sentence() -> None:
    sentences = [sentence for _, sentence in ERRORS.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence[0].isupper() and sentence[-1] == "." for sentence in sentences)


@EVERY_CODE
def test_in_a_4xx_answer_only_what_passes_by_itself_is_tried_again(code: str) -> None:
    error_class, sentence = ERRORS[code]
    outcome = read_answer(answer(400, code))
    if error_class is ErrorClass.RATE:
        assert outcome == Throttled(None, code, SCOPES.get(code, LimitScope.NUMBER))
    elif error_class in POSTPONED:
        assert outcome == Postponed(error_class, code, sentence)
    else:
        assert outcome == Rejected(error_class, code, sentence)


@EVERY_CODE
@pytest.mark.parametrize("status", [301, 307, 408, 409, 500, 502, 503, 504])
def test_what_proves_no_refusal_is_unknown_whatever_code_it_bears(code: str, status: int) -> None:
    assert isinstance(read_answer(answer(status, code)), Unknown)


@EVERY_CODE
@pytest.mark.parametrize("status", ["delivery_failed", "sending_failed", "expired"])
def test_in_a_receipt_every_code_ends_the_text_and_none_is_tried_again(code: str, status: str) -> None:
    told = parse_event(receipt(code, status), [])
    assert isinstance(told, Receipt)
    assert (told.error_class, told.error_code, told.sentence) == (ERRORS[code][0], code, ERRORS[code][1])
    assert proven(told) is State.UNDELIVERED


# Keys of idempotency


async def test_every_try_of_a_text_is_the_same_request_to_the_last_byte(nursery: trio.Nursery) -> None:
    """Under one key another body would be refused, and a text that was accepted would pass for refused."""
    origin = await serve(nursery, always(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"))
    first = UUID(int=1)
    tried = MtRequest(first, "+16175550100", "+16175550142", "Hi", ("https://x.example/1.png",), 3600, first)
    adapter = Telnyx("p", "KEY0", origin.url, public_key=PUBLIC, public_url="https://sms.example.org")
    for attempt, validity_s in ((1, 3600), (2, 3540), (3, None)):
        again = replace(tried, attempt_id=UUID(int=attempt), validity_s=validity_s)
        assert isinstance(await adapter.submit(again, lambda: None, 0), Unknown)
    adapter.close()
    assert len(origin.requests) == 3
    assert len(set(origin.requests)) == 1
    assert f"Idempotency-Key: {first}\r\n".encode() in origin.requests[0]
    assert json.loads(origin.requests[0].partition(b"\r\n\r\n")[2])["media_urls"] == ["https://x.example/1.png"]


async def test_another_text_has_another_key(nursery: trio.Nursery) -> None:
    origin = await serve(nursery, always(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"))
    adapter = Telnyx("p", "KEY0", origin.url, public_key=PUBLIC, public_url="https://sms.example.org")
    for attempt in (1, 2):
        await adapter.submit(MtRequest(UUID(int=attempt), "+1", "+2", "Hi"), lambda: None, 0)
    adapter.close()
    assert len(set(origin.requests)) == 2


async def test_a_list_that_is_not_there_fails_instead_of_being_empty() -> None:
    adapter = Telnyx("p", "KEY0", public_key=PUBLIC, public_url="https://sms.example.org")
    with pytest.raises(ListFailed):
        await adapter.list_outbound(to="+1", from_="+2", since=NOW)
    with pytest.raises(ListFailed):
        await adapter.list_inbound(since=NOW)


# Signatures


def signed(body: bytes = BODY, at: datetime = NOW, key: Ed25519PrivateKey = PRIVATE) -> dict[bytes, bytes]:
    timestamp = b"%d" % at.timestamp()
    return {TIMESTAMP: timestamp, SIGNATURE: b64encode(key.sign(timestamp + b"|" + body))}


def holds(headers: dict[bytes, bytes], body: bytes = BODY, public: str = PUBLIC) -> bool:
    return SignatureCheck(public, lambda: NOW).verify(headers, body)


def test_what_telnyx_signed_holds() -> None:
    assert holds(signed())


@given(st.binary(max_size=200))
def test_any_bytes_can_be_signed(body: bytes) -> None:
    assert holds(signed(body), body)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_one_changed_byte_breaks_it(at: int, by: int) -> None:
    changed = bytearray(BODY)
    changed[at] ^= by
    assert not holds(signed(), bytes(changed))


def test_the_same_json_written_otherwise_does_not_hold() -> None:
    assert not holds(signed(), json.dumps(json.loads(BODY)).encode())


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        pytest.param(timedelta(seconds=300), True, id="the last second"),
        pytest.param(timedelta(seconds=301), False, id="too far"),
    ],
)
@pytest.mark.parametrize("direction", [pytest.param(-1, id="past"), pytest.param(1, id="future")])
def test_it_holds_for_five_minutes_either_way(away: timedelta, direction: int, expected: bool) -> None:
    assert holds(signed(at=NOW + direction * away)) is expected


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({TIMESTAMP: signed()[TIMESTAMP]}, id="no signature"),
        pytest.param({SIGNATURE: signed()[SIGNATURE]}, id="no time"),
        pytest.param(signed() | {TIMESTAMP: b"%d" % (NOW.timestamp() + 1)}, id="another time"),
        pytest.param(signed() | {TIMESTAMP: b" " + signed()[TIMESTAMP]}, id="a time with a space"),
        pytest.param(signed() | {TIMESTAMP: b"9" * 5000}, id="a time beyond all times"),
        pytest.param(signed() | {SIGNATURE: b"!" + signed()[SIGNATURE]}, id="no base64"),
        pytest.param(signed() | {SIGNATURE: b"\xff"}, id="no text"),
        pytest.param(signed() | {SIGNATURE: signed()[SIGNATURE][:40]}, id="cut short"),
        pytest.param(signed(key=Ed25519PrivateKey.generate()), id="another's"),
    ],
)
def test_a_forged_or_absent_signature_does_not_hold(headers: dict[bytes, bytes]) -> None:
    assert not holds(headers)


@pytest.mark.parametrize("public", ["", "AAAA", "no base64!", "ключ"])
def test_with_a_key_that_is_none_nothing_holds_and_nothing_breaks(public: str) -> None:
    assert not holds(signed(), public=public)


# What may come


NAMES: Final = ["id", "to", "from", "phone_number", "status", "errors", "code", "data", "event_type", "payload"]
SCALARS: Final = st.none() | st.booleans() | st.integers() | st.text()
VALUES: Final = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner))


@given(VALUES)
def test_whatever_is_signed_is_read_or_refused_and_never_a_fault(value: object) -> None:
    for kind in ("message.received", "message.finalized"):
        try:
            parse_event(json.dumps({"data": {"event_type": kind, "payload": value}}).encode(), [])
            parse_event(json.dumps(value).encode(), [])
        except BadPayload:
            continue


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_none(raw: bytes) -> None:
    assert parse_object(raw) is None or isinstance(parse_object(raw), dict)
