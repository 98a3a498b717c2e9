"""Why a text did not go, in words: the gate's reasons and the carriers' codes have different owners."""

from __future__ import annotations

from server.carriers import twilio_codes
from server.domain.verdict import REASONS, Reason

_REASONS = {reason.value: words for reason, words in REASONS.items()}


def explain(error_class: str | None, code: str | None) -> str | None:
    """A sentence for people; None where nothing went wrong.

    >>> explain("opted_out", "21610").startswith("The carrier blocks texts")
    True
    """
    if error_class is None and code is None:
        return None
    if code in _REASONS:
        return _REASONS[Reason(code)] + "."
    return twilio_codes.explain(code or "")[1]
