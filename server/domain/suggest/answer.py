"""Reads a model's answer while it comes: which replies are whole, what has begun, and whether it keeps to the form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # where JSON's own decoder reads a string, and ends
from typing import Final

MOST_CHARACTERS: Final = 4_000
"""Of a whole answer: thrice what was asked for; what goes on after that is not read."""

_OPENING: Final = re.compile(r"\s*(?:```(?:json)?\s*)?(?:\{\s*\"replies\"\s*:\s*)?\[")
_MAY_BECOME: Final = 60  # characters within which an opening must be there
_BETWEEN: Final = re.compile(r"[\s,]*")


class Malformed(Exception):
    """The answer is not in the form that was asked for."""


@dataclass(frozen=True, slots=True)
class Read:
    """`begun` is the text of a reply that has no end yet; `ended`: no more replies come."""

    whole: tuple[str, ...] = ()
    begun: str | None = None
    ended: bool = False


def read(answer: str) -> Read:
    r"""What of *answer* is there. Raises Malformed where it cannot become what was asked for.

    >>> read('{"replies": ["Yes!", "Sure, w')
    Read(whole=('Yes!',), begun='Sure, w', ended=False)
    >>> read('{"replies": ["Yes!"]}').ended
    True
    """
    if len(answer) > MOST_CHARACTERS:
        raise Malformed("it does not end")
    opening = _OPENING.match(answer)
    if opening is None:
        if len(answer.strip()) > _MAY_BECOME:
            raise Malformed("it does not begin with replies")
        return Read()
    return _replies(answer, opening.end())


def _replies(answer: str, place: int) -> Read:
    whole: list[str] = []
    while True:
        between = _BETWEEN.match(answer, place)
        place = between.end() if between else place
        if place == len(answer):
            return Read(tuple(whole))
        if answer[place] == "]":
            return Read(tuple(whole), ended=True)
        if answer[place] != '"':
            raise Malformed("a reply is not a text")
        try:
            text, place = scanstring(answer, place + 1, False)
        except json.JSONDecodeError as fault:
            if "Unterminated" not in fault.msg and not _cut_off(answer, fault):
                raise Malformed("a reply is not a text") from None
            return Read(tuple(whole), _beginning(answer[place + 1 :]))
        whole.append(text)


def _cut_off(answer: str, fault: json.JSONDecodeError) -> bool:
    """Whether the fault is an escape that has no end yet."""
    return fault.pos >= len(answer) - 6


def _beginning(raw: str) -> str:
    """The text of a string without its end, without an escape that is not whole."""
    for cut in range(7):
        try:
            text, _ = scanstring(raw[: len(raw) - cut] + '"', 0, False)
        except json.JSONDecodeError:
            continue
        return str(text)
    return ""
