"""What a 4xx answer to our POST leads to, once the carrier's code is understood: the same rule for every carrier."""

from collections.abc import Mapping

from server.carriers.answer import Answer
from server.domain.carrier import POSTPONED, ErrorClass, Postponed, Rejected, Throttled
from server.domain.limits import LimitScope


def refusal(
    answer: Answer, code: str, explained: tuple[ErrorClass, str], scopes: Mapping[str, LimitScope]
) -> Rejected | Throttled | Postponed:
    """*explained* is the class and the sentence of *code*; *scopes* tells of which limit a code speaks."""
    error_class, sentence = explained
    retry_after_s = _retry_after_s(answer.headers.get(b"retry-after", b""))
    if error_class in POSTPONED:
        return Postponed(error_class, code, sentence, retry_after_s)
    if answer.status == 429 or error_class is ErrorClass.RATE:
        return Throttled(retry_after_s, code, scopes.get(code, LimitScope.NUMBER))
    return Rejected(error_class, code, sentence)


def _retry_after_s(header: bytes) -> float | None:
    try:
        seconds = float(header)
    except ValueError:
        return None  # a date, or nothing: the bucket has its own back-off
    return seconds if 0 <= seconds < 86_400 else None
