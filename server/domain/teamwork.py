"""Decides what colleagues on one thread owe each other: how long a claim holds, how far ahead a snooze may lie, whom a
note asks to look.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from server.domain.messages import Colleague

CLAIM_FOR: Final = timedelta(seconds=90)
"""Whoever types renews it long before; a browser that vanished keeps a conversation no longer than that."""

LONGEST_SNOOZE: Final = timedelta(days=366)


def snooze_fault(until: datetime, now: datetime) -> str | None:
    """Why a thread cannot be put off until then, in a sentence.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    >>> snooze_fault(noon, noon)
    'Choose a time in the future.'
    >>> snooze_fault(noon + timedelta(days=1), noon) is None
    True
    """
    if until <= now:
        return "Choose a time in the future."
    if until > now + LONGEST_SNOOZE:
        return "Choose a time within a year."
    return None


def mentioned(body: str, members: Sequence[Colleague]) -> tuple[int, ...]:
    """The members whom *body* names after an @, rising: by their whole name, or by a first name that only one bears.

    >>> team = [Colleague(1, "Dana Whitfield"), Colleague(2, "Priya Shah")]
    >>> mentioned("@Priya Shah, can you call? cc @dana", team)
    (1, 2)
    """
    names = _names(members)
    if not names:
        return ()
    return tuple(sorted({names[_plain(match[1])] for match in _pattern(tuple(names)).finditer(body)}))


def _names(members: Sequence[Colleague]) -> dict[str, int]:
    """What each may be called by. Of two who share a name neither is meant by it."""
    called: dict[str, set[int]] = {}
    for one in members:
        whole = _plain(one.name)
        for name in {whole, whole.partition(" ")[0]} - {""}:
            called.setdefault(name, set()).add(one.member_id)
    return {name: next(iter(ids)) for name, ids in called.items() if len(ids) == 1}


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """An @ that begins a word, and the longest of the names that ends with one."""
    by_length = sorted(names, key=len, reverse=True)
    words = "|".join(r"\s+".join(map(re.escape, name.split())) for name in by_length)
    return re.compile(rf"(?<![\w@.])@({words})(?!\w)", re.IGNORECASE)
