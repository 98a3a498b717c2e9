"""What Twilio's answer to our POST proves: a readable 2xx acceptance, a 4xx refusal, all else nothing."""

from typing import Any

import orjson

from server.carriers.answer import Answer
from server.carriers.refusal import refusal
from server.carriers.twilio_codes import SCOPES, STATUSES, explain
from server.domain.carrier import Accepted, Outcome, Postponed, Rejected, Throttled, Unknown


def read_answer(answer: Answer) -> Outcome:
    """The outcome that *answer* proves."""
    if 200 <= answer.status < 300:
        return _accepted(answer)
    # A 408 may have been meant for the idle stream, and sent before our request arrived or after it: it proves nothing.
    if 400 <= answer.status < 500 and answer.status != 408:
        return _refused(answer)
    return Unknown(f"the carrier answered {answer.status}")


def _accepted(answer: Answer) -> Outcome:
    row = _json_object(answer.body)
    sid, segments = row.get("sid"), row.get("num_segments")
    if not isinstance(sid, str) or not sid:
        return Unknown("the carrier accepted something, but its answer cannot be read")
    count = int(segments) if isinstance(segments, str) and segments.isdecimal() else None
    return Accepted(sid, STATUSES.get(str(row.get("status")), "unknown"), count)


def _refused(answer: Answer) -> Rejected | Throttled | Postponed:
    raw = _json_object(answer.body).get("code")
    code = str(raw) if isinstance(raw, int | str) and raw else f"http-{answer.status}"
    return refusal(answer, code, explain(code, answer.status), SCOPES)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
