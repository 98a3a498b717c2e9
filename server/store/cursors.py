"""Cursors of keyset pages: an instant to the microsecond and an id, as a client may keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def made_cursor(at: datetime, id_: int) -> str:
    return f"{(at - _EPOCH) // _MICROSECOND}.{id_}"


def parsed_cursor(cursor: str) -> tuple[datetime, int]:
    """Raises ValueError for what `made_cursor` did not make."""
    at, dot, id_ = cursor.partition(".")
    if not (dot and at.removeprefix("-").isdecimal() and id_.isdecimal() and len(cursor) <= 40):
        raise ValueError("This is not a cursor from here.")
    try:
        return _EPOCH + int(at) * _MICROSECOND, int(id_)
    except OverflowError:
        raise ValueError("This is not a cursor from here.") from None
