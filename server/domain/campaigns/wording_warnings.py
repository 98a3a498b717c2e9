"""Decides what the author of a text in bulk is warned of before it is sent. Warnings alone: nothing here refuses.

Carriers want to read who writes and how to end it, and filter what they take for spam or do not allow. What is looked
at is the text with its footer, as a template or filled in; of a template the tokens do not count.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.domain.campaigns.carrier_content import CarrierContent, shipped_content
from server.domain.campaigns.links import find
from server.domain.folding import fold
from server.domain.optout import KEYWORDS, Heard

MOST_SEGMENTS: Final = 3
_SHOUTED: Final = 12  # letters; fewer are an address or a name


class Kind(StrEnum):
    """What somebody is warned of."""

    NO_BRAND = "no_brand"
    NO_OPT_OUT = "no_opt_out"
    PUBLIC_SHORTENER = "public_shortener"
    FORBIDDEN = "forbidden"
    CAPITALS = "capitals"
    SEGMENTS = "segments"


@dataclass(frozen=True, slots=True)
class WordingWarning:
    """`length` characters at index `at` of the text are meant; 0: the whole of it."""

    kind: Kind
    sentence: str
    at: int = 0
    length: int = 0


def warnings(
    text: str,
    brands: Collection[str],
    segments: int,
    most_segments: int = MOST_SEGMENTS,
    content: CarrierContent | None = None,
) -> tuple[WordingWarning, ...]:
    """Everything to tell the author of *text*, in the order of `Kind`.

    *brands*: the names that the sender is known by, any of which will do; without any nothing is said of them.
    *segments*: of the longest text that somebody gets.
    """
    plain = _BETWEEN_BRACES.sub(lambda token: " " * len(token[0]), text)
    words = _flat(plain)
    told: list[WordingWarning] = []
    if brands and not any(_names(words, brand) for brand in brands):
        told.append(WordingWarning(Kind.NO_BRAND, "The text does not say who writes: name your brand in it."))
    if not _OPT_OUT.search(words):
        sentence = 'The text does not say how to end it: add words such as "Reply STOP to opt out".'
        told.append(WordingWarning(Kind.NO_OPT_OUT, sentence))
    content = content or shipped_content()
    told += [*_shorteners(plain, content), *_forbidden(plain, content)]
    if _is_shouted(plain):
        told.append(WordingWarning(Kind.CAPITALS, "The text is all in capitals: that looks like spam."))
    if segments > most_segments:
        sentence = f"The longest text takes {segments} segments, each of which is billed; try {most_segments} or fewer."
        told.append(WordingWarning(Kind.SEGMENTS, sentence))
    return tuple(told)


# Who writes

_BETWEEN_BRACES: Final = re.compile(r"\{\{(?:(?!\{\{|\}\}).)*+\}\}", re.DOTALL)
_LEGAL: Final = frozenset({"inc", "llc", "ltd", "co", "corp", "corporation", "company", "lp", "llp", "pllc", "pc"})
_LONG_ENOUGH: Final = 6  # letters of a brand that is found when written as one word, as in the address of its site


def _names(words: str, brand: str) -> bool:
    """Whether the text has the brand, with or without what only its register needs."""
    parts = _flat(brand).split()
    while len(parts) > 1 and parts[-1] in _LEGAL:
        parts.pop()
    name = "".join(parts)
    if not name:
        return False
    return f" {' '.join(parts)} " in f" {words} " or (len(name) >= _LONG_ENOUGH and name in words.split())


def _flat(text: str) -> str:
    """The words of *text* without its punctuation."""
    return " ".join(word for word in fold(text).words.split() if word not in {"|", ","})


# How to end it


def _any(*words: str) -> str:
    return f"(?:{'|'.join(words)})"


_STOPS: Final = _any(*sorted((word for word, heard in KEYWORDS.items() if heard is Heard.STOP), key=len, reverse=True))
_VERBS: Final = _any("reply", "replying", "text", "texting", "send", "txt", "respond", "answer", "type", "write")
_ALONE: Final = _any("stopall", "stop all", "stop", "unsubscribe", "optout", "opt out", "quit", "remove", "revoke")
_ENDS: Final = _any(
    "stop", "end", "quit", "opt out", "optout", "unsubscribe", "unsub", "cancel", "leave", "be removed"
)  # fmt: skip
_TEXTS: Final = _any("texts", "text messages", "messages", "msgs", "alerts", "updates")
_ES_STOPS: Final = _any("stop", "alto", "parar", "pare", "baja", "cancelar", "no mas")
_ES_VERBS: Final = _any(
    "responda", "responde", "responder", "envie", "envia", "enviar", "mande", "manda", "conteste", "contesta",
    "escriba", "escribe", "texto", "textee", "txt",
)  # fmt: skip
_ES_ENDS: Final = _any(
    "cancelar", "terminar", "parar", "detener", "salir", "no recibir", "dejar de recibir", "darse de baja",
    "darte de baja", "ser eliminado",
)  # fmt: skip
_OPT_OUT: Final = re.compile(
    r"\b(?:"
    + "|".join(
        (
            rf"{_VERBS}(?: back)?(?: with)?(?: the word)? {_ALONE}",
            rf"{_STOPS} (?:to|2|4) {_ENDS}",
            rf"stop {_any('end', 'quit', 'unsub', 'unsubscribe', 'optout', 'opt out')}",
            rf"(?:to|2) (?:opt out|optout|unsubscribe|unsub)(?! (?:please )?{_VERBS} (?!{_STOPS}\b))",
            rf"(?:to|2) stop (?:receiving |getting )?(?:these |our |all )?{_TEXTS}",
            rf"{_ES_VERBS}(?: con)?(?: la palabra)? {_ES_STOPS}",
            rf"{_ES_STOPS} (?:para|p) {_ES_ENDS}",
            r"para (?:darse de baja|darte de baja|cancelar la suscripcion)",
        )
    )
    + r")\b"
)


# What carriers filter


def _shorteners(text: str, content: CarrierContent) -> Iterator[WordingWarning]:
    hosts = "|".join(map(re.escape, sorted(content.shorteners)))
    for found in re.finditer(rf"(?<![\w.@-])(?:www\.)?({hosts})(?![\w@-]|\.\w)", text, re.IGNORECASE):
        sentence = f"Carriers filter {found[1].lower()}: write the full address, it becomes a short link of your own."
        yield WordingWarning(Kind.PUBLIC_SHORTENER, sentence, found.start(), len(found[0]))


def _forbidden(text: str, content: CarrierContent) -> Iterator[WordingWarning]:
    for suspect in content.suspects(text):
        shown = text[suspect.start : suspect.end]
        sentence = f'"{shown}": {suspect.category.sentence}'
        yield WordingWarning(Kind.FORBIDDEN, sentence, suspect.start, suspect.end - suspect.start)


def _is_shouted(text: str) -> bool:
    """Links do not count: their case is not the author's."""
    for found in reversed(find(text)):
        text = text[: found.start] + text[found.end :]
    letters = [char for char in text if char.isupper() or char.islower()]
    return len(letters) >= _SHOUTED and all(char.isupper() for char in letters)
