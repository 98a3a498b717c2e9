"""Decides what of a conversation the team can learn from: who answered what, in the words of a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from server.domain.suggest.memory import Exchange
from server.domain.suggest.situation import Line

_MOST_ASKED: Final = 3
"""Texts in a row that are answered in one."""


def exchanges_of(thread_id: int, first_name: str, lines: Sequence[Line]) -> Iterator[Exchange]:
    """Each first answer of a person to what the contact had written since our last text; *lines* rise in seq.

    Keywords and what machines say are no part of it: an answer to STOP teaches nothing.
    """
    asked: list[str] = []
    before = ""
    for line in lines:
        if line.inbound:
            asked = [] if line.keyword else [*asked, line.body][-_MOST_ASKED:]
            continue
        if asked and line.person and line.author:
            yield Exchange(thread_id, "\n".join(asked), line.body, before, first_name, line.author)
        asked, before = [], line.body
