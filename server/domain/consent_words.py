"""The words for people about consent: how a number stands, and what each line of its ledger says."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from server.domain.consent import ConsentKind


class Stand(StrEnum):
    """How a number's consent stands, the gravest first."""

    CARRIER_BLOCKED = "carrier_blocked"
    OPTED_OUT = "opted_out"
    HELD = "held"
    CONSENTED = "consented"
    NONE = "none"


def stand(*, opted_out: bool, carrier_blocked: bool, held: bool, consented: bool) -> Stand:
    """What counts of all that is known of a number."""
    if carrier_blocked:
        return Stand.CARRIER_BLOCKED
    if opted_out:
        return Stand.OPTED_OUT
    if held:
        return Stand.HELD
    return Stand.CONSENTED if consented else Stand.NONE


_SENTENCES: Final[Mapping[Stand, str]] = {
    Stand.CARRIER_BLOCKED: "The carrier blocks this number. Nothing can be sent; only the contact's START lifts it.",
    Stand.OPTED_OUT: "Opted out. No bulk texts; you can still write to them yourself, after a warning.",
    Stand.HELD: "A text may have asked to stop. No bulk texts until somebody decides.",
    Stand.CONSENTED: "Opted in. Bulk texts may go to this number.",
    Stand.NONE: "No opt-in on record. Bulk texts may go to this number all the same.",
}


def sentence(standing: Stand, *, opt_in_required: bool) -> str:
    """What it means for who wants to write.

    >>> sentence(Stand.NONE, opt_in_required=True)
    'No opt-in on record. This workspace requires one, so no bulk texts go to this number.'
    """
    if standing is Stand.NONE and opt_in_required:
        return "No opt-in on record. This workspace requires one, so no bulk texts go to this number."
    return _SENTENCES[standing]


KIND_WORDS: Final[Mapping[ConsentKind, str]] = {
    ConsentKind.OPTED_OUT: "Opted out",
    ConsentKind.OPTED_IN: "Opted in again",
    ConsentKind.HELP_ASKED: "Asked for help",
    ConsentKind.STOP_REPEATED: "Asked to stop once more",
    ConsentKind.CARRIER_BLOCKED: "Refused by the carrier, which holds an opt-out",
    ConsentKind.ACKNOWLEDGED: "Written to in spite of it, knowingly",
    ConsentKind.AMBIGUOUS: "A text that may ask to stop",
    ConsentKind.WRONG_NUMBER: "A text that says: wrong number",
    ConsentKind.RELEASED: "No request to stop after all",
    ConsentKind.CONSENT_INVALID: "Wrong number: opted out",
    ConsentKind.CONSENT_GIVEN: "Opted in",
    ConsentKind.REVOKED: "Consent taken back",
    ConsentKind.UNDONE: "Opt-out undone",
    ConsentKind.IMPORT_UNDONE: "The list was taken back, and its opt-in with it",
}

SOURCE_WORDS: Final[Mapping[str, str]] = {
    "text": "by text",
    "carrier": "told by the carrier",
    "member": "written down by a member",
    "import": "with an imported list",
    "api": "by another program",
}
