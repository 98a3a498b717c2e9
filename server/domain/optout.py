"""Decides what an inbound text asks for: to stop, to start again, help, or nothing; and whether a person must say.

Which rule decides:

1. A text that is nothing but a keyword is that keyword, after everything that a phone or a person adds around it is
   taken away: case, width, accents, quotes, emoji, punctuation, zero-width characters, repeated spaces.
2. Any other wording is weighed by `domain.wording`: a plain request revokes exactly like STOP (47 CFR 64.1200(a)(10)),
   an unclear one and a wrong number stop bulk at once and ask a person.
3. All else is an ordinary text. A keyword inside a sentence is no keyword: "Can you stop by at 5?"

Opting in again takes a keyword, never a guess. Every inbound text passes here, so ordinary ones are told apart first by
the beginnings of their words, within a few microseconds.
"""

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from server.domain.folding import PICTURE
from server.domain.lone_words import MISSPELT
from server.domain.wording import Meaning, Span, may_ask, weigh


class Keyword(StrEnum):
    """What a contact asks for in so many words; the value is the word that carriers report for it."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


class Heard(StrEnum):
    """What a text asks for. YES starts again only where the contact has opted out: it is what people answer."""

    STOP = "STOP"
    STOP_IN_WORDS = "STOP_IN_WORDS"
    START = "START"
    YES = "YES"
    HELP = "HELP"
    AMBIGUOUS = "AMBIGUOUS"
    WRONG_NUMBER = "WRONG_NUMBER"


# CTIA's list and the carriers' own; REVOKE, OPTOUT and "opt out" come from 47 CFR 64.1200(a)(10).
_WORDS: Final = {
    Heard.STOP: (
        "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out", "remove",
        "parar", "pare", "alto", "baja", "cancelar", "no mas",
    ),
    Heard.START: ("start", "unstop", "iniciar"),
    Heard.YES: ("yes",),
    Heard.HELP: ("help", "info", "ayuda"),
}  # fmt: skip
KEYWORDS: Final = {word: heard for heard, words in _WORDS.items() for word in words}
_ALONE: Final = {**dict.fromkeys(MISSPELT, Heard.STOP_IN_WORDS), **KEYWORDS}
_LONGEST: Final = max(map(len, _ALONE))
_MOST_NOISE: Final = 40  # characters: below it, looking is cheaper than looking whether to look
_STOP_SIGN: Final = re.compile("[🛑⛔🚫]")

# An ASCII beginning with more letters and digits than any keyword has; a U+FE0F right behind it may take one away.
_SENTENCE: Final = re.compile(rf"(?:[^0-9A-Za-z\x80-\U0010ffff]*[0-9A-Za-z]){{{_LONGEST + 2}}}")


def classify(body: str) -> Heard | None:
    """What *body* asks for, None for an ordinary text.

    >>> classify(" Stop! ")
    <Heard.STOP: 'STOP'>
    >>> classify("Please take me off your list")
    <Heard.STOP_IN_WORDS: 'STOP_IN_WORDS'>
    >>> classify("Can you stop by at 5?") is None
    True
    """
    words = _words(body)
    if len(body) < _MOST_NOISE or not _SENTENCE.match(body):
        alone = _keyword(body, words)
        if alone is not None:
            return alone
    return _MEANINGS[weigh(body).meaning] if may_ask(words) else None


def recognised(body: str) -> tuple[Span, ...]:
    """The parts of *body* that decided what it asks for, as half-open ranges of characters."""
    if _keyword(body, _words(body)) is not None:
        kept = [index for index, char in enumerate(body) if not char.isspace()]
        return ((kept[0], kept[-1] + 1),)
    return weigh(body).spans


_MEANINGS: Final = {
    Meaning.NOTHING: None,
    Meaning.UNCLEAR: Heard.AMBIGUOUS,
    Meaning.WRONG_NUMBER: Heard.WRONG_NUMBER,
    Meaning.PLAIN: Heard.STOP_IN_WORDS,
}
_SPACED: Final = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
"""Small letters, and spaces for all else."""


def _words(body: str) -> list[str]:
    if not body.isascii():
        body = unicodedata.normalize("NFKD", body).encode("ascii", "ignore").decode()
    return body.replace("'", "").translate(_SPACED).split()


def _keyword(body: str, words: Sequence[str]) -> Heard | None:
    if body.isascii():
        if len(words) > _LONGEST:
            return None
        heard = _ALONE.get(" ".join(words))
        if heard is None and len(words) > 1 and (len(words) == sum(map(len, words)) or len(body.split()) == 1):
            heard = _ALONE.get("".join(words))  # S.T.O.P., s t o p, stop-all
        return heard
    joined, spaced = _readings(body)
    heard = _ALONE.get(joined) or _ALONE.get(spaced)
    return Heard.AMBIGUOUS if heard is None and not joined and _STOP_SIGN.search(body) else heard


def _readings(body: str) -> tuple[str, str]:
    """The letters and digits of *body*, with punctuation taken out ("S.T.O.P.") and made a space ("NO-MÁS").

    Stops reading once no keyword can match any more: every inbound text passes here, most are sentences.
    """
    joined: list[str] = []
    spaced: list[str] = []
    kept = 0
    for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", PICTURE.sub("", body)).casefold()):
        category = unicodedata.category(char)
        if category[0] in "LN":
            joined.append(char)
            spaced.append(char)
            kept += 1
            if kept > _LONGEST:
                break
        elif char.isspace():
            joined.append(" ")
            spaced.append(" ")
        elif category[0] == "P":
            spaced.append(" ")
    return _collapsed(joined), _collapsed(spaced)


def _collapsed(chars: list[str]) -> str:
    return " ".join("".join(chars).split())
