"""Decides which number a person or a carrier means, and how it is written for people.

Numbers are stored as E.164. North American numbers are read however they are written; others need their country code.
"""

import re
import unicodedata
from typing import Final

_WRITTEN: Final = re.compile(r"\+?[\d\s()./\-]+", re.ASCII)
_SEPARATORS: Final = re.compile(r"[\s()./\-]+", re.ASCII)
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−·•", "-"))
_INVISIBLE: Final = frozenset({"Cf", "Cc"})  # iOS wraps copied numbers into U+202A … U+202C

# A zone code and an exchange begin with 2–9; N11 in place of an area code are services (911).
_NANP: Final = re.compile(r"(?!.11)[2-9]\d{2}[2-9]\d{6}", re.ASCII)
_ABROAD: Final = re.compile(r"[2-9]\d{6,14}", re.ASCII)  # E.164: at most 15 digits with the country code
_TEST: Final = re.compile(r"\+1(?!.11)[2-9]\d{2}55501\d{2}", re.ASCII)


def normalise(text: str) -> str | None:
    """The E.164 form of *text*, or None where it is not one number that can get texts (an extension cannot).

    Without a country code it is read as North American; 011 and + introduce other countries.

    >>> normalise("(202) 555-0123"), normalise("1-202-555-0123"), normalise("555-0123")
    ('+12025550123', '+12025550123', None)
    """
    written = text if text.isascii() and text.isprintable() else _plain(text)
    written = written.strip().removeprefix("tel:").strip()
    if not _WRITTEN.fullmatch(written):
        return None
    if written.startswith("+"):
        # "+44 (0)20 …": the zero is dialled inside the country only
        return _with_country(_SEPARATORS.sub("", written[1:].replace("(0)", "")))
    digits = _SEPARATORS.sub("", written)
    if digits.startswith("011"):
        return _with_country(digits[3:])
    return _nanp(digits[1:] if len(digits) == 11 and digits[0] == "1" else digits)


def _plain(text: str) -> str:
    written = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(c for c in written if c.isspace() or unicodedata.category(c) not in _INVISIBLE)


def _with_country(digits: str) -> str | None:
    if digits.startswith("1"):
        return _nanp(digits[1:])
    return "+" + digits if _ABROAD.fullmatch(digits) else None


def _nanp(digits: str) -> str | None:
    return "+1" + digits if _NANP.fullmatch(digits) else None


def for_people(number: str) -> str:
    """An E.164 *number* as people here write it; numbers from abroad stay as they are.

    >>> for_people("+12025550123"), for_people("+442079460958")
    ('(202) 555-0123', '+442079460958')
    """
    if len(number) == 12 and number.startswith("+1"):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number


def is_test_number(number: str) -> bool:
    """Whether E.164 *number* is one of NXX-555-0100 … 0199, which belong to nobody: all that a simulation may text.

    >>> is_test_number("+12025550123"), is_test_number("+12025550223")
    (True, False)
    """
    return _TEST.fullmatch(number) is not None
