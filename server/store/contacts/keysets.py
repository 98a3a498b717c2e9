"""Where a page of people ended, as a client keeps it: the order, the key and the id of its last row."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from server.store.cursors import made_cursor, parsed_cursor

Order = Literal["name", "created", "activity", "never"]
"""`never`: the second half of the order by activity, those without a text by creation."""

_LETTERS: dict[Order, str] = {"name": "n", "created": "c", "activity": "a", "never": "z"}


@dataclass(frozen=True, slots=True)
class Keyset:
    """Without a key it is where the order begins."""

    order: Order
    key: str | datetime | None = None
    tie: int = 0


def told(keyset: Keyset) -> str:
    letter = _LETTERS[keyset.order]
    match keyset.key:
        case None:
            return letter
        case datetime() as at:
            return f"{letter}.{made_cursor(at, keyset.tie)}"
        case name:
            return f"{letter}.{urlsafe_b64encode(name.encode()).decode()}.{keyset.tie}"


def parsed(cursor: str, order: Order) -> Keyset:
    """Raises ValueError for what `told` did not make of a page in this order."""
    letter, _, rest = cursor.partition(".")
    if order == "activity" and letter == _LETTERS["never"]:
        order = "never"
    if letter != _LETTERS[order]:
        raise ValueError("This is not a cursor of this order.")
    if not rest and order == "never":
        return Keyset(order)
    if order != "name":
        return Keyset(order, *parsed_cursor(rest))
    name, _, id_ = rest.partition(".")
    if not (id_.isascii() and id_.isdecimal() and len(id_) <= 18):
        raise ValueError("This is not a cursor from here.")
    try:
        key = urlsafe_b64decode(name.encode("ascii")).decode()
    except (binascii.Error, UnicodeError):
        raise ValueError("This is not a cursor from here.") from None
    if "\0" in key:
        raise ValueError("This is not a cursor from here.")
    return Keyset(order, key, int(id_))
