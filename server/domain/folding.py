"""Decides what of a text counts as words: case, width, accents, emoji and invisible characters are taken away.

One reading serves the patterns of `domain.wording`; it remembers where each of its characters stood, so that what was
recognised can be shown to a person in the text as it was written.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

HARD: Final = "|"
"""Stands for the end of a sentence or of a line; a comma stays a comma."""

# U+FE0F asks for the emoji form of the character before it: "ℹ️" is a picture, although NFKC makes it the letter i.
PICTURE: Final = re.compile(".\ufe0f", re.DOTALL)

_APOSTROPHES: Final = frozenset("'’‘`´ʼ＇")
_SPACES: Final = frozenset('\t -_/*&+~^=@#$%<>[]{}\\"“”„«»–‐‑')
_CAP: Final = 4_000  # characters; carriers take 1,600, and what a stranger writes must not cost more than that


@dataclass(frozen=True, slots=True)
class Folded:
    """`words`: letters and digits with single spaces, a `|` or `,` where a clause ends, and a `|` at both ends.

    `where[i]` is the index in the text of the character that gave `words[i]`.
    """

    words: str
    where: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The part of the text that the characters from *start* to *end* came from."""
        while start < end and self.words[start] in " |,":
            start += 1
        while end > start and self.words[end - 1] in " |,":
            end -= 1
        return (self.where[start], self.where[end - 1] + 1) if start < end else (0, 0)


def fold(body: str) -> Folded:
    """Read the first 4,000 characters of *body*.

    >>> fold("Don’t stop!  Ünsub…").words
    '| dont stop | unsub |'
    """
    words, where = [HARD, " "], [0, 0]
    text = PICTURE.sub("  ", body[:_CAP])
    for index, char in enumerate(text):
        for plain in _plain(char):
            if plain not in " |,":
                words.append(plain)
                where.append(index)
                continue
            _separate(words, where, plain, index)
    _separate(words, where, HARD, max(0, len(text) - 1))
    return Folded("".join(words).rstrip(), tuple(where))


def _separate(words: list[str], where: list[int], mark: str, index: int) -> None:
    """One space between words; of several marks in a row the hardest stands."""
    if mark == " ":
        if words[-1] != " ":
            words.append(" ")
            where.append(index)
        return
    if words[-1] != " ":
        words.append(" ")
        where.append(index)
    if words[-2] == "," and mark == HARD:
        words[-2] = HARD
    elif words[-2] not in " |,":
        words += (mark, " ")
        where += (index, index)


def _plain(char: str) -> str:
    """What one character counts as: letters and digits, a space, a mark, or nothing."""
    if char in _APOSTROPHES:
        return ""
    if char in _SPACES:
        return " "
    if char.isascii():
        return char.lower() if char.isalnum() else "," if char == "," else HARD
    whole = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", char).casefold())
    return "".join(map(_part, whole))


def _part(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] in "LN" and category != "Lm":
        return char
    if category[0] == "M" or category in {"Cf", "Cs", "Sk", "Lm"}:
        return ""
    if category[0] == "P":
        return "," if char == "," else HARD
    return " "
