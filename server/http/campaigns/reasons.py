"""Why somebody gets no text, or what became of one, in words for people: of campaigns and of texts in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from server.domain.campaigns.audience import SENTENCES
from server.domain.verdict import REASONS, Reason
from server.ws.encode import Explain

_EXCLUDED: Final = {reason.value: sentence for reason, sentence in SENTENCES.items()}
_SKIPPED: Final = _EXCLUDED | {reason.value: sentence for reason, sentence in REASONS.items()}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {"excluded": _EXCLUDED, "skipped": _SKIPPED}
RECALLED: Final = {Reason.CAMPAIGN_CANCELLED.value: "Recalled before it was sent"}
"""Of a text in bulk, which nobody calls a campaign."""


class _Told(Protocol):
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def error_class(self) -> str | None: ...
    @property
    def error_code(self) -> str | None: ...


def why(row: _Told, explain: Explain, own: Mapping[str, str] | None = None) -> str | None:
    """*own* words for some reasons go first. Of a text that left its error says it. None: nobody knows."""
    words = _WORDS.get(row.state, {})
    reason = row.reason or ""
    said = (own or {}).get(reason, words.get(reason)) if words else None
    return said or explain(row.error_class, row.error_code)
