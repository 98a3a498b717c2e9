"""Every code of Twilio that we know has one class and one sentence, and what it leads to depends on where it stands."""

from __future__ import annotations

import json

import pytest

from server.carriers.answer import Answer
from server.carriers.twilio_answers import read_answer
from server.carriers.twilio_codes import ERRORS, SCOPES, explain
from server.carriers.twilio_webhooks import parse_receipt
from server.domain.carrier import POSTPONED, ErrorClass, Postponed, Rejected, Throttled, Unknown
from server.domain.delivery import State
from server.domain.limits import LimitScope
from server.store.ledger.receipts import proven

OPTED_OUT, INVALID, RATE, DAILY_CAP = ErrorClass.OPTED_OUT, ErrorClass.INVALID, ErrorClass.RATE, ErrorClass.DAILY_CAP
FILTERED, TRANSIENT, EXPIRED, CONFIG = (
    ErrorClass.FILTERED,
    ErrorClass.TRANSIENT,
    ErrorClass.EXPIRED,
    ErrorClass.CONFIG,
)

TABLE = {
    "21610": (OPTED_OUT, "the recipient replied STOP"),
    "21211": (INVALID, "no phone number"),
    "21217": (INVALID, "hardly a phone number"),
    "21612": (INVALID, "not reachable from this number"),
    "21614": (INVALID, "no mobile number"),
    "30005": (INVALID, "unknown or no longer in service"),
    "30006": (INVALID, "a landline"),
    "14107": (RATE, "too many in a short time"),
    "20429": (RATE, "too many requests"),
    "21611": (RATE, "too many of this number wait at the carrier"),
    "30001": (RATE, "the carrier's queue is full"),
    "30022": (RATE, "the registered campaign's rate"),
    "63017": (RATE, "the sender's rate"),
    "30023": (DAILY_CAP, "the brand's day"),
    "30027": (DAILY_CAP, "the brand's day at T-Mobile"),
    "63038": (DAILY_CAP, "the account's day"),
    "30004": (FILTERED, "blocked"),
    "30007": (FILTERED, "filtered"),
    "30032": (FILTERED, "toll-free number not verified"),
    "30034": (FILTERED, "number not registered"),
    "30003": (TRANSIENT, "the phone is off"),
    "30008": (TRANSIENT, "no reason given"),
    "30017": (TRANSIENT, "congestion"),
    "30410": (TRANSIENT, "the next carrier is silent"),
    "30036": (EXPIRED, "validity over"),
    "20003": (CONFIG, "wrong credentials"),
    "21408": (CONFIG, "country not enabled"),
    "21606": (CONFIG, "not our number"),
    "21609": (CONFIG, "callback address refused"),
    "21617": (CONFIG, "too long"),
    "21703": (CONFIG, "messaging service without a number"),
    "21704": (CONFIG, "messaging service without a fitting number"),
}

EVERY_CODE = pytest.mark.parametrize(
    ("code", "error_class"),
    [pytest.param(code, class_, id=f"{code} {label}") for code, (class_, label) in TABLE.items()],
)


def answer(status: int, code: str) -> Answer:
    return Answer(status, {}, json.dumps({"code": int(code), "message": "…", "status": status}).encode())


def receipt(code: str, status: str = "undelivered") -> list[tuple[bytes, bytes]]:
    return [(b"MessageSid", b"SM1"), (b"MessageStatus", status.encode()), (b"ErrorCode", code.encode())]


def test_the_table_is_the_whole_one() -> None:
    assert ERRORS.keys() == TABLE.keys()


@EVERY_CODE
def test_a_code_has_one_class_and_a_sentence_for_people(code: str, error_class: ErrorClass) -> None:
    found, sentence = explain(code)
    assert found is error_class
    assert sentence[0].isupper()
    assert sentence[-1] == "."
    assert code not in sentence


def test_a_refusal_for_the_pace_is_charged_to_the_limit_that_it_speaks_of() -> None:
    assert SCOPES == {"20429": LimitScope.ACCOUNT, "30022": LimitScope.REGISTRATION}
    assert {code for code in SCOPES if ERRORS[code][0] is RATE} == SCOPES.keys()


def test_no_two_codes_say_the_same() -> None:
    assert len({sentence for _, sentence in ERRORS.values()}) == len(ERRORS)


@EVERY_CODE
def test_in_a_4xx_answer_only_what_passes_by_itself_is_tried_again(code: str, error_class: ErrorClass) -> None:
    outcome = read_answer(answer(400, code))
    if error_class is RATE:
        assert outcome == Throttled(None, code, SCOPES.get(code, LimitScope.NUMBER))
    elif error_class in POSTPONED:
        assert outcome == Postponed(error_class, code, ERRORS[code][1])
    else:
        assert outcome == Rejected(error_class, code, ERRORS[code][1])


@EVERY_CODE
@pytest.mark.parametrize("status", [301, 307, 408, 500, 502, 503, 504])
def test_what_is_no_4xx_proves_nothing_whatever_code_it_bears(code: str, error_class: ErrorClass, status: int) -> None:
    assert isinstance(read_answer(answer(status, code)), Unknown)


@EVERY_CODE
@pytest.mark.parametrize("status", ["failed", "undelivered"])
def test_in_a_receipt_every_code_ends_the_text_and_none_is_tried_again(
    code: str, error_class: ErrorClass, status: str
) -> None:
    told = parse_receipt(receipt(code, status), [])
    assert (told.error_class, told.error_code, told.sentence) == (error_class, code, ERRORS[code][1])
    assert proven(told) is State.UNDELIVERED


@pytest.mark.parametrize("code", ["99999", "30999", "20500"])
def test_a_code_that_is_not_in_the_table_is_kept_and_never_tried_again(code: str) -> None:
    sentence = f"The carrier reports error {code}."
    assert read_answer(answer(400, code)) == Rejected(ErrorClass.UNKNOWN, code, sentence)
    told = parse_receipt(receipt(code), [])
    assert (told.error_class, told.error_code, told.sentence) == (ErrorClass.UNKNOWN, code, sentence)
