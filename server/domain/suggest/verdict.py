"""Decides what a member made of suggestions, by what was sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from server.domain.segments import smart_encode
from server.domain.suggest.guard import AGENT_NAME

Word = Literal["accepted", "edited", "ignored"]

_ALIKE: Final = 0.5  # of the words of the shorter: below it nothing was left but a greeting


@dataclass(frozen=True, slots=True)
class Verdict:
    """`item`: which of them was used."""

    word: Word
    item: int | None = None


def verdict(items: Sequence[str], picked: int | None, body: str, author: str = "") -> Verdict:
    """What *body*, sent after *items* were suggested, says of them. *picked*: which of them was clicked last.

    Without a click only the very words count: people say "Thank you!" on their own.

    >>> verdict(["Yes, it is!", "Shall we go?"], 0, "Yes, it is! Sunday?").word
    'edited'
    """
    said = _plain(body)
    for place, item in enumerate(items):
        if _plain(item.replace(AGENT_NAME, author)) == said:
            return Verdict("accepted", place)
    if picked is None or not 0 <= picked < len(items):
        return Verdict("ignored")
    before = _plain(items[picked].replace(AGENT_NAME, author)).split()
    alike = SequenceMatcher(None, before, said.split(), autojunk=False)
    kept = sum(block.size for block in alike.get_matching_blocks())
    shorter = min(len(before), len(said.split()))
    return Verdict("edited", picked) if kept and kept / shorter >= _ALIKE else Verdict("ignored")


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\S+", smart_encode(text)))
