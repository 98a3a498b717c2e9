"""What Telnyx's answer to our POST proves: a readable 2xx acceptance, a 4xx refusal, all else nothing."""

from typing import Final

from server.carriers.answer import Answer
from server.carriers.refusal import refusal
from server.carriers.telnyx_codes import PROVES_NOTHING, SCOPES, explain, folded
from server.carriers.telnyx_json import code_of, inner, parse_object, rows, text
from server.domain.carrier import Accepted, Outcome, Unknown

_AMBIGUOUS: Final = frozenset({408, 409})
"""A time-out, and a conflict: under one key an earlier try of the text may be under way, or accepted long since."""


def read_answer(answer: Answer) -> Outcome:
    """The outcome that *answer* proves."""
    if 200 <= answer.status < 300:
        return _accepted(answer)
    if 400 <= answer.status < 500 and answer.status not in _AMBIGUOUS:
        return _refused(answer)
    return Unknown(f"the carrier answered {answer.status}")


def _accepted(answer: Answer) -> Outcome:
    data = inner(parse_object(answer.body), "data")
    provider_id, parts = text(inner(data, "id")), inner(data, "parts")
    if not provider_id:
        return Unknown("the carrier accepted something, but its answer cannot be read")
    status = folded(text(to.get("status")) for to in rows(inner(data, "to")))
    return Accepted(provider_id, status, parts if isinstance(parts, int) and parts > 0 else None)


def _refused(answer: Answer) -> Outcome:
    code = code_of(inner(parse_object(answer.body), "errors")) or f"http-{answer.status}"
    if code in PROVES_NOTHING:
        return Unknown(f"the carrier answered {answer.status} with error {code}")
    return refusal(answer, code, explain(code, answer.status), SCOPES)
