"""Decides what the end of a call means for texts, and whether somebody may be called now.

Calls have the hours of 47 CFR 64.1200(c)(1), 8 to 21 where the contact is, and the states' own: those of texts here.
Who has told us to stop is not called either: a request not to be called counts for the company (47 CFR 64.1200(d)),
and nobody asks of a STOP which of the two it meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Disposition(StrEnum):
    """How a call ended, as the dialer tells it."""

    TALKED = "talked"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    CALL_BACK = "call_back"
    WRONG_NUMBER = "wrong_number"
    DO_NOT_CONTACT = "do_not_contact"


SUPPRESSES: Final[Mapping[Disposition, str]] = MappingProxyType(
    {
        Disposition.DO_NOT_CONTACT: "Asked on a call not to be contacted.",
        Disposition.WRONG_NUMBER: "Said on a call that this is somebody else's number.",
    }
)
"""After which nothing more is sent, and the words for the ledger of consent: whoever answered there has not agreed."""


class NoCall(StrEnum):
    """Why somebody may not be called now."""

    OPTED_OUT = "opted_out"
    HELD = "recipient_held"
    QUIET_HOURS = "quiet_hours"


NO_CALL: Final[Mapping[NoCall, str]] = MappingProxyType(
    {
        NoCall.OPTED_OUT: "They have asked us to stop.",
        NoCall.HELD: "They may have asked us to stop; somebody has to read their text first.",
        NoCall.QUIET_HOURS: "It is too early or too late where they may be.",
    }
)


def no_call(*, opted_out: bool, held: bool, hours_open: bool) -> tuple[NoCall, ...]:
    """Every reason against a call now; none: it may be made.

    >>> no_call(opted_out=False, held=False, hours_open=True)
    ()
    >>> [str(why) for why in no_call(opted_out=True, held=False, hours_open=False)]
    ['opted_out', 'quiet_hours']
    """
    told = ((NoCall.OPTED_OUT, opted_out), (NoCall.HELD, held), (NoCall.QUIET_HOURS, not hours_open))
    return tuple(why for why, counts in told if counts)
