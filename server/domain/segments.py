"""Counts what a text costs on the air, and says which characters make it costly.

3GPP TS 23.038: a text whose characters all stand in the GSM-7 alphabet has 160 septets in one segment and 153 in each
of several; one other character makes the whole text UCS-2, with 70 and 67 UTF-16 units. Neither an escape pair nor a
surrogate pair is split. A grapheme of several code points (a flag, a family) may be: `smsutil`, the tests' oracle,
splits it too.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["GSM-7", "UCS-2"]

# No backtick, no tab, no ç and no á í ó ú. ESC itself is not a character.
GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED: Final = frozenset("\f^{}\\[~]|€")  # each costs two septets: an escape and itself
GSM_7: Final = GSM_BASIC | GSM_ESCAPED

_LIMITS: Final[dict[Encoding, tuple[int, int]]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs.

    *units* are septets in GSM-7 and UTF-16 units in UCS-2; *units_left* more fit into the last segment. *costly* names
    each character that is outside of GSM-7 once, with the index (in code points) of its first occurrence.
    """

    count: int
    encoding: Encoding
    units: int
    units_left: int
    costly: tuple[tuple[str, int], ...] = ()


def count(text: str) -> Segments:
    """Count *text* as it stands: tokens filled in, links and footer included. The empty text costs nothing.

    >>> count("a" * 152 + "€" + "a" * 152).count
    3
    >>> count("See you at 5 👍").costly
    (('👍', 13),)
    """
    chars = set(text)
    first = {char: text.index(char) for char in chars - GSM_7}
    encoding: Encoding = "UCS-2" if first else "GSM-7"
    single, several = _LIMITS[encoding]
    doubled = chars & GSM_ESCAPED if encoding == "GSM-7" else {char for char in chars if char > "\uffff"}
    wide = _wide_indexes(text, doubled) if doubled else []
    units = len(text) + len(wide)
    if units <= single:
        return Segments(min(1, units), encoding, units, single - units, _in_order(first))
    parts, last = _pack(wide, units, several)
    return Segments(parts, encoding, units, several - last, _in_order(first))


def _in_order(first: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(first.items(), key=lambda found: found[1]))


def _wide_indexes(text: str, doubled: Set[str]) -> list[int]:
    """Where the characters of two units begin, in units."""
    starts: list[int] = []
    for index, char in enumerate(text):
        if char in doubled:
            starts.append(index + len(starts))
    return starts


def _pack(wide: list[int], units: int, several: int) -> tuple[int, int]:
    """Segments, and the units in the last one, where each cut that would split a character of two moves before it."""
    unsplit = set(wide)
    parts, start = 1, 0
    while units - start > several:
        start += several - 1 if start + several - 1 in unsplit else several
        parts += 1
    return parts, units - start


# What keyboards and word processors put in by themselves and what reads the same in GSM-7. Letters stay: a name without
# its accents is another name.
_TYPOGRAPHIC: Final = {
    "'": "‘’‛ʼʻʹ′`´＇",
    '"': "“”‟„«»″＂",
    ",": "‚，",
    "-": "‐‑‒–—―−⁃•－",
    "<": "‹",
    ">": "›",
    "/": "⁄∕／",
    "*": "∗",
    "...": "…",
    "!!": "‼",
    "1/4": "¼",
    "1/2": "½",
    "3/4": "¾",
    " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "\n": "\u2028\u2029\u0085\v",
    "": "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\x00",
}
_SMART: Final = str.maketrans({char: plain for plain, chars in _TYPOGRAPHIC.items() for char in chars})


def smart_encode(text: str) -> str:
    """Replace typographic characters by their GSM-7 kin: curly quotes, dashes, hard spaces, invisible marks.

    ZWJ and ZWNJ stay, since emoji families and some scripts are made with them.

    >>> smart_encode("It’s “on” – see you…")
    'It\\'s "on" - see you...'
    """
    return text.translate(_SMART)
