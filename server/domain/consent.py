"""Decides what a keyword changes, which answer is owed for it, and the words of that answer.

47 CFR 64.1200(a)(12): one confirmation of an opt-out, without marketing, within five minutes, none where it repeats.
CTIA: HELP is answered with who we are, how to reach us and how to stop.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from server.domain.optout import Keyword
from server.domain.segments import smart_encode

ANSWER_WITHIN: Final = timedelta(minutes=5)  # 47 CFR 64.1200(a)(12): later, a confirmation is one more unwanted text
HELP_EVERY: Final = timedelta(minutes=5)  # two machines that answer each other's HELP must not talk for ever


class ConsentKind(StrEnum):
    """The kinds of rows in the append-only record of consent."""

    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    HELP_ASKED = "help_asked"
    STOP_REPEATED = "stop_repeated"
    CARRIER_BLOCKED = "carrier_blocked"  # the carrier refused an MT since it holds a STOP of its own
    ACKNOWLEDGED = "acknowledged"  # a person wrote to an opted-out contact and said that they knew


ANSWERED: Final[Mapping[ConsentKind, Keyword]] = {
    ConsentKind.OPTED_OUT: Keyword.STOP,
    ConsentKind.OPTED_IN: Keyword.START,
    ConsentKind.HELP_ASKED: Keyword.HELP,
}
"""Which kinds are owed an answer, and the keyword that it answers."""

_TEXTS: Final[Mapping[Keyword, str]] = {
    Keyword.STOP: "{brand}: You are unsubscribed and will get no more texts from us. Reply START to resubscribe.",
    Keyword.START: "{brand}: You are subscribed again. Reply HELP for help, STOP to stop. Msg & data rates may apply.",
    Keyword.HELP: "{brand}: For help contact {contact}. Reply STOP to stop. Msg & data rates may apply.",
}


def effect(keyword: Keyword, *, opted_out: bool) -> ConsentKind:
    """The kind of consent event that *keyword* is for a contact who is *opted_out* or not.

    Only OPTED_OUT and OPTED_IN flip the endpoint and raise its epoch; a second STOP changes nothing, is owed nothing.
    """
    if keyword is Keyword.HELP:
        return ConsentKind.HELP_ASKED
    if keyword is Keyword.START:
        return ConsentKind.OPTED_IN
    return ConsentKind.STOP_REPEATED if opted_out else ConsentKind.OPTED_OUT


def answer_is_owed(
    kind: ConsentKind, *, at: datetime, now: datetime, carrier_answered: bool, last_help_at: datetime | None = None
) -> bool:
    """Whether the event of *kind* that happened *at* is still to be answered *now*.

    *carrier_answered*: the carrier said that it has answered by itself. *last_help_at* is our last answer to a HELP of
    this contact. That an answer goes out once per consent epoch is the database's constraint, not decided here.
    """
    if kind not in ANSWERED or carrier_answered or now - at > ANSWER_WITHIN:
        return False
    return kind is not ConsentKind.HELP_ASKED or last_help_at is None or now - last_help_at >= HELP_EVERY


def answer_text(keyword: Keyword, *, brand: str, contact: str) -> str:
    """The answer to *keyword*, in GSM-7 as far as *brand* and *contact* (a number, an address) allow.

    >>> answer_text(Keyword.HELP, brand="Acme Realty", contact="(202) 555-0123")
    'Acme Realty: For help contact (202) 555-0123. Reply STOP to stop. Msg & data rates may apply.'
    """
    return smart_encode(_TEXTS[keyword].format(brand=" ".join(brand.split()), contact=" ".join(contact.split())))


def text_hash(text: str) -> str:
    """SHA-256 of the exact text that was shown or sent, in hex: the evidence beside a consent event."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
