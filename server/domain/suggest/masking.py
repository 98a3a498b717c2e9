"""Decides what of a conversation no other machine may see, and puts it back where an answer speaks of it.

Phone numbers, e-mail addresses, card and account numbers and street addresses become placeholders such as `[PHONE_1]`,
the same one wherever the same thing is meant. Too much is masked rather than too little: what is masked wrongly costs a
worse suggestion, what is not masked is told to a stranger. What a contact writes in the shape of a placeholder loses
that shape, or they could have anything of the conversation put into an answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

PLACEHOLDER: Final = re.compile(r"\[(PHONE|EMAIL|CARD|ADDRESS)_(\d+)\]")
_LOOKALIKE: Final = re.compile(r"\[\s*(phone|email|card|address)\s*[_ -]?\s*(\d+)\s*\]", re.IGNORECASE)
_INVISIBLE: Final = frozenset({"Cf", "Cc"})
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))

EMAIL: Final = re.compile(r"[^\s@<>()\[\]\"',;:]+\s?@\s?[^\s@<>()\[\]\"',;:!?]*\w")
_SPELT_EMAIL: Final = re.compile(
    r"\b[\w.+-]+\s*(?:\(at\)|\[at\]|\sat\s)\s*[\w-]+(?:\s*(?:\(dot\)|\[dot\]|\sdot\s|\.)\s*[\w-]+)*"
    r"\s*(?:\(dot\)|\[dot\]|\sdot\s|\.)\s*[a-z]{2,}\b",
    re.IGNORECASE,
)
# At least seven digits with nothing but what people put between the digits of a number: a price has commas, a time and
# a date have other signs or fewer digits.
_DIGITS: Final = re.compile(r"\+?\(?\d(?:[\s().\-/·•_*]{0,3}\d){6,}")
_FEWEST_CARD: Final = 13  # digits; a number that one can call has at most 12 where it does not begin with a plus
_DATE: Final = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d|[01]?\d/[0-3]?\d/(?:19|20)\d\d")

_SUFFIX: Final = (
    "street|str|st|avenue|ave|av|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|circle|cir|place|pl|terrace|ter|way|"
    "parkway|pkwy|highway|hwy|trail|trl|square|sq|loop|alley|aly|crescent|cres|close|row|path|pike|plaza|plz|cove|point|"
    "run|ridge|hill|heights|hts|crossing|xing|turnpike|tpke|commons|landing|bend|walk"
)
_UNIT: Final = r"(?:[\s,]+(?:apt|apartment|unit|suite|ste|floor|fl|#)\.?\s*#?\s*[\w-]+)?"
_STREET: Final = re.compile(
    rf"\b\d{{1,6}}(?:-\d+)?[a-z]?\s+(?:[^\W\d_][\w'’.-]*\s+|\d{{1,3}}(?:st|nd|rd|th)\s+){{1,4}}?(?:{_SUFFIX})\b\.?{_UNIT}",
    re.IGNORECASE,
)
_ABROAD: Final = re.compile(
    r"\b(?:calle|avenida|av\.|carrera|rue|via|viale|rua|paseo|plaza)\s+[^\d\n,.]{1,40}[\s,]*(?:n[°ºo.]*\s*)?\d{1,5}\b"
    r"|\b[^\W\d_]{2,}(?:straße|strasse|weg|platz|gasse)\s+\d{1,4}[a-z]?\b"
    r"|\bp\.?\s?o\.?\s+box\s+\d+",
    re.IGNORECASE,
)


class Masks:
    """The placeholders of one conversation. *known* are addresses that are masked however they are written."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = tuple(sorted({one.strip() for one in known if len(one.strip()) > 3}, key=len, reverse=True))
        self._meant: dict[str, str] = {}
        self._named: dict[tuple[str, str], str] = {}
        self._count: dict[str, int] = {}

    @property
    def hidden(self) -> Sequence[str]:
        """What was masked so far, as it was written."""
        return tuple(self._meant.values())

    def mask(self, text: str) -> str:
        """*text* with placeholders.

        >>> Masks().mask("Call (202) 555-0123 or mail ana@home.example about 14 Maple Ave")
        'Call [PHONE_1] or mail [EMAIL_1] about [ADDRESS_1]'
        """
        told = _LOOKALIKE.sub(r"(\1 \2)", visible(text))
        for one in self._known:
            told = re.sub(re.escape(one), lambda found: self._name("ADDRESS", found[0]), told, flags=re.IGNORECASE)
        for kind, pattern in (("EMAIL", EMAIL), ("EMAIL", _SPELT_EMAIL), ("ADDRESS", _STREET), ("ADDRESS", _ABROAD)):
            told = self._each(pattern, kind, told)
        return self._each(_DIGITS, "PHONE", told)

    def put_back(self, text: str) -> str | None:
        """*text* with what its placeholders stand for; None where one stands for nothing here, or for a card."""
        found = [match[0] for match in PLACEHOLDER.finditer(text)]
        if any(one not in self._meant or one.startswith("[CARD") for one in found):
            return None
        return PLACEHOLDER.sub(lambda match: self._meant[match[0]], text)

    def _each(self, pattern: re.Pattern[str], kind: str, text: str) -> str:
        """Outside of placeholders that are there already."""
        pieces, done = [], 0
        for mark in (*PLACEHOLDER.finditer(text), None):
            end = len(text) if mark is None else mark.start()
            pieces.append(pattern.sub(lambda found: self._placed(kind, found[0]), text[done:end]))
            if mark is not None:
                pieces.append(mark[0])
                done = mark.end()
        return "".join(pieces)

    def _placed(self, kind: str, written: str) -> str:
        if kind == "PHONE":
            if _DATE.fullmatch(written):
                return written
            is_card = sum(char.isdigit() for char in written) >= _FEWEST_CARD and not written.startswith("+")
            kind = "CARD" if is_card else kind
        return self._name(kind, written)

    def _name(self, kind: str, written: str) -> str:
        key = kind, _same(kind, written)
        if key not in self._named:
            self._count[kind] = self._count.get(kind, 0) + 1
            name = f"[{kind}_{self._count[kind]}]"
            self._named[key], self._meant[name] = name, written
        return self._named[key]


def visible(text: str) -> str:
    """*text* without what nobody sees, such as a zero-width space within a number, and with one kind of dash."""
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in _INVISIBLE)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_DASHES)


def _same(kind: str, written: str) -> str:
    """What makes two spellings one thing."""
    if kind in {"PHONE", "CARD"}:
        return "".join(str(unicodedata.digit(char)) for char in written if char.isdigit())[-10:]
    return " ".join(written.casefold().split())
