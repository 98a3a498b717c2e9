"""Reads the file of what carriers filter by its content, and finds that in a text.

A file that is not understood to its last word is refused, like the one of quiet hours.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from server.domain.folding import fold
from server.domain.strict import only, word

_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class BadContent(ValueError):
    """The file cannot be used; the text is a sentence that says where the fault is."""


_only, _word = partial(only, BadContent), partial(word, BadContent)


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of content, with the `sentence` for who is about to send it."""

    code: str
    sentence: str
    words: tuple[str, ...]
    but_not: tuple[str, ...]
    source: str
    reviewed: date
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Suspect:
    """What was found at ``[start, end)`` of a text, and why it is looked at."""

    start: int
    end: int
    category: Category


@dataclass(frozen=True, slots=True)
class CarrierContent:
    """A whole file; `version` is its own."""

    version: str
    shorteners: frozenset[str]
    categories: tuple[Category, ...]

    def suspects(self, text: str) -> tuple[Suspect, ...]:
        """What *text* says that carriers filter, in the order of the text; accents, case and punctuation do not count.

        Whole words alone: Essex, a shot of the house and Hunter's Point are none.
        """
        folded = fold(text)
        found = [
            Suspect(*folded.span(match.start(), match.end()), category)
            for category in self.categories
            for match in category.pattern.finditer(folded.words)
            if match["meant"]
        ]
        return tuple(sorted(found, key=lambda suspect: suspect.start))


def parse_content(text: str, name: str) -> CarrierContent:
    """The content of a TOML *text*; *name* stands for the file in the sentence of `BadContent`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadContent(f"{name} is no TOML: {error}.") from None
    _only(table, {"version", "shorteners", "category"}, name)
    shorteners = table.get("shorteners")
    entries = table.get("category")
    if not isinstance(shorteners, dict) or not isinstance(entries, list):
        raise BadContent(f"{name}: [shorteners] or [[category]] is missing.")
    _only(shorteners, {"hosts", "source", "reviewed"}, f"{name}, shorteners")
    _reviewed(shorteners, f"{name}, shorteners")
    hosts = _words(shorteners, "hosts", f"{name}, shorteners")
    if wrong := next((host for host in hosts if not _HOST.fullmatch(host)), None):
        raise BadContent(f"{name}, shorteners: {wrong!r} is no name of a web site.")
    categories = [_category(entry, f"{name}, category {nth}") for nth, entry in enumerate(entries, 1)]
    if len({category.code for category in categories}) < len(categories):
        raise BadContent(f"{name}: a category stands there twice.")
    return CarrierContent(_word(table, "version", name), frozenset(hosts), tuple(categories))


def _category(entry: Mapping[str, Any], where: str) -> Category:
    _only(entry, {"code", "sentence", "words", "but_not", "source", "reviewed"}, where)
    words, but_not = _words(entry, "words", where), _words(entry, "but_not", where)
    if not words:
        raise BadContent(f"{where}: words are missing.")
    for phrase in (*words, *but_not):
        if fold(phrase).words != f"| {phrase} |":
            raise BadContent(f"{where}: {phrase!r} is not written as it is compared.")
    pattern = re.compile(rf"(?<![^ ])(?:(?:{_any(but_not)})|(?P<meant>{_any(words)}))(?:es|s)?(?![^ ])")
    return Category(
        code=_word(entry, "code", where),
        sentence=_word(entry, "sentence", where),
        words=words,
        but_not=but_not,
        source=_word(entry, "source", where),
        reviewed=_reviewed(entry, where),
        pattern=pattern,
    )


def _any(phrases: Collection[str]) -> str:
    """A pattern for the longest of *phrases*; for none of them one that matches nothing."""
    return "|".join(map(re.escape, sorted(phrases, key=len, reverse=True))) or r"(?!)"


def _words(entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    words = entry.get(key)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise BadContent(f"{where}: {key} must be a list of words.")
    return tuple(words)


def _reviewed(entry: Mapping[str, Any], where: str) -> date:
    reviewed = entry.get("reviewed")
    if type(reviewed) is not date:
        raise BadContent(f"{where}: reviewed must be a day such as 2026-11-22.")
    _word(entry, "source", where)
    return reviewed


@cache
def shipped_content() -> CarrierContent:
    """The content of the file in the package."""
    text = (files("server.domain") / "data" / "carrier_content.toml").read_text(encoding="utf-8")
    return parse_content(text, "carrier_content.toml")
