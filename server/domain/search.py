"""Decides what of the words that somebody types into the search of people may be a phone, or a part of one.

Everything that is typed must be found. Words begin a word of the name, the e-mail address or a tag, whatever their
capitals and accents (schema.sql folds both sides alike). Digits, in whatever spelling, are a phone's first or last.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 200  # characters that are read
_FEWEST_DIGITS: Final = 3

# a phone as people write it, or a part of one: not inside of a word
_PHONE: Final = re.compile(r"(?<![^\W_])\+?[(\d][\d\s().\-/]*(?![^\W_])", re.ASCII)
_NO_DIGIT: Final = re.compile(r"\D", re.ASCII)
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Cs"})


@dataclass(frozen=True, slots=True)
class Digits:
    """What may be a phone; `text` as it was typed, since it may be a word just as well."""

    text: str
    digits: str

    @property
    def beginnings(self) -> tuple[str, str]:
        """How the E.164 number may begin: with the country code that was typed, or with North America's."""
        abroad = self.digits.removeprefix("011") or self.digits
        return f"+{abroad}", f"+1{self.digits}"


@dataclass(frozen=True, slots=True)
class Sought:
    """`words` still need to be split; where there are none, and no digits, nobody is found."""

    words: str
    phones: tuple[Digits, ...] = ()

    @property
    def found_often(self) -> bool:
        """Whether a letter or two is all that was typed so far: something in twenty begins so, or more.

        >>> Sought("ma").found_often, Sought("maya").found_often
        (True, False)
        """
        return not self.phones and all(len(word) <= 2 for word in self.words.split())


def sought(typed: str) -> Sought | None:
    """What must be found; None where nothing was typed.

    >>> sought("José (202) 555-01")
    Sought(words='José', phones=(Digits(text='(202) 555-01', digits='20255501'),))
    """
    text = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in typed[:LONGEST])
    if not text.strip():
        return None
    phones: list[Digits] = []

    def take(match: re.Match[str]) -> str:
        digits = _NO_DIGIT.sub("", match[0])
        if len(digits) < _FEWEST_DIGITS:
            return match[0]
        phones.append(Digits(match[0].strip(), digits))
        return " "

    return Sought(_PHONE.sub(take, text).strip(), tuple(phones))
