"""Decides whether an inbound text is a keyword: stop, start again, or help.

Only exact keywords, after everything that a phone or a person adds around them is taken away: case, width, accents,
quotes, emoji, punctuation, zero-width characters, repeated spaces. A false "stop" silences a customer who only asked to
stop by, so a keyword inside a sentence is no keyword.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final


class Keyword(StrEnum):
    """What the contact asks for; the value is the word that carriers report for it."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


# CTIA's list and the carriers' own; REVOKE, OPTOUT and "opt out" come from 47 CFR 64.1200(a)(10).
_WORDS: Final = {
    Keyword.STOP: (
        "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out", "remove",
        "parar", "pare", "alto", "baja", "cancelar", "no mas",
    ),
    Keyword.START: ("start", "yes", "unstop", "iniciar"),
    Keyword.HELP: ("help", "info", "ayuda"),
}  # fmt: skip
KEYWORDS: Final = {word: keyword for keyword, words in _WORDS.items() for word in words}
_LONGEST: Final = max(map(len, KEYWORDS))

# U+FE0F asks for the emoji form of the character before it: "ℹ️" is a picture, although NFKC makes it the letter i.
_PICTURE: Final = re.compile(".\ufe0f", re.DOTALL)

# An ASCII beginning with more letters and digits than any keyword has; a U+FE0F right behind it may take one away.
_SENTENCE: Final = re.compile(rf"(?:[^0-9A-Za-z\x80-\U0010ffff]*[0-9A-Za-z]){{{_LONGEST + 2}}}")


def classify(body: str, *, opted_out: bool) -> Keyword | None:
    """Tell which keyword *body* is, or None for an ordinary text.

    START and YES count only where *opted_out* is true: "yes" is what people answer to questions. Pass True also where
    the carrier blocks the contact, since nothing else lifts its block.

    >>> classify(" Stop! ", opted_out=False)
    <Keyword.STOP: 'STOP'>
    >>> classify("yes", opted_out=False) is None
    True
    """
    if _SENTENCE.match(body):
        return None
    joined, spaced = _readings(body)
    keyword = KEYWORDS.get(joined) or KEYWORDS.get(spaced)
    return None if keyword is Keyword.START and not opted_out else keyword


def _readings(body: str) -> tuple[str, str]:
    """The letters and digits of *body*, with punctuation taken out ("S.T.O.P.") and made a space ("NO-MÁS").

    Stops reading once no keyword can match any more: every inbound text passes here, most are sentences.
    """
    joined: list[str] = []
    spaced: list[str] = []
    kept = 0
    for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", _PICTURE.sub("", body)).casefold()):
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
