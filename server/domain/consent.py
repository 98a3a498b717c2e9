"""Names the kinds of consent events, and decides which of them are answered, how long that is owed, and in which words.

What a text changes is decided where it is stored, under the endpoint's lock: `record_mo` and `decide_review` in
schema.sql, which are given the times below. What a member may write down is decided in `domain.testimony`.
47 CFR 64.1200(a)(12): one confirmation of an opt-out, without marketing, within five minutes, none where it repeats.
CTIA: HELP is answered with who we are, how to reach us and how to stop.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
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
    ACKNOWLEDGED = "acknowledged"  # a person wrote to an opted-out or held contact and said that they knew
    AMBIGUOUS = "ambiguous"  # may have asked to stop: held until a person decides
    WRONG_NUMBER = "wrong_number"  # says that it is somebody else's number: held until a person decides
    RELEASED = "released"  # a person, or the contact's own START, said that it was no revocation
    CONSENT_INVALID = "consent_invalid"  # a person said that the number is somebody else's: opted out without a word
    CONSENT_GIVEN = "consent_given"  # an opt-in on record: by form, in words, by import; it lifts no opt-out
    REVOKED = "revoked"  # a member wrote down that the contact took it back elsewhere: opted out like by a STOP
    UNDONE = "undone"  # a member lifted an opt-out, upon the contact's own newer consent
    IMPORT_UNDONE = "import_undone"  # the import that had brought the opt-in was a mistake


TAKEN_BACK: Final = frozenset(
    {
        ConsentKind.OPTED_OUT,
        ConsentKind.STOP_REPEATED,
        ConsentKind.CARRIER_BLOCKED,
        ConsentKind.CONSENT_INVALID,
        ConsentKind.REVOKED,
    }
)
"""By each of these the contact has said no, whether or not that changed anything."""


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


def answer_text(keyword: Keyword, *, brand: str, contact: str) -> str:
    """The answer to *keyword*, in GSM-7 as far as *brand* and *contact* (a number, an address) allow.

    >>> answer_text(Keyword.HELP, brand="Acme Realty", contact="(202) 555-0123")
    'Acme Realty: For help contact (202) 555-0123. Reply STOP to stop. Msg & data rates may apply.'
    """
    return smart_encode(_TEXTS[keyword].format(brand=" ".join(brand.split()), contact=" ".join(contact.split())))


def text_hash(text: str) -> str:
    """SHA-256 of the exact text that was shown or sent, in hex: the evidence beside a consent event."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
