"""Which limits a text falls under: by its destination carrier, and by what a carrier complains about.

Carriers are known by short names ("att", "tmobile", "verizon"); an empty name is a recipient whose carrier nobody has
looked up.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

OTHER: Final = "other"
"""In a registration's rates: all carriers that have none of their own there."""

UNKNOWN: Final = "unknown"
"""Among the carriers that count towards a cap: recipients whose carrier is not known."""


class LimitScope(StrEnum):
    """What a carrier's complaint about the pace was about."""

    NUMBER = "number"
    ACCOUNT = "account"
    REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Segments per second (0 pauses), and segments that may leave at once after a rest."""

    rate: float
    burst: int


def rate_for(allowances: Mapping[str, Allowance], dest_carrier: str) -> str | None:
    """The name of the allowance that a text to *dest_carrier* is charged to; None where there is none for it.

    An unknown destination is charged to the most restrictive one that could apply: the slowest.

    >>> rates = {"att": Allowance(75.0, 5), "tmobile": Allowance(4.0, 1)}
    >>> rate_for(rates, "att"), rate_for(rates, "verizon"), rate_for(rates, "")
    ('att', None, 'tmobile')
    """
    if not dest_carrier:
        return min(allowances, key=lambda name: (allowances[name].rate, allowances[name].burst, name), default=None)
    if dest_carrier in allowances:
        return dest_carrier
    return OTHER if OTHER in allowances else None


def counts_toward_cap(carriers: Collection[str], dest_carrier: str) -> bool:
    """Whether a text to *dest_carrier* uses up a brand's day that is counted for *carriers*."""
    return (dest_carrier or UNKNOWN) in carriers
