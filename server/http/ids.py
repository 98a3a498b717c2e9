"""Ids as they are written in addresses and bodies: positive, and no larger than a column can hold."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

BIGINT: Final = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=BIGINT)]


def part(name: str) -> str:
    """An id in an address, given to the handler as *name*; a larger one is an address that leads nowhere.

    >>> part("tag_id")
    '<int(max=9223372036854775807):tag_id>'
    """
    return f"<int(max={BIGINT}):{name}>"
