"""Decides what a member may write down about a contact's consent, and which evidence each entry needs.

Three things can be told: an opt-in that was given, a revocation that came another way than by text, and that an opt-out
is undone. A revocation is taken in any reasonable form (47 CFR 64.1200(a)(10)) and always counts. An opt-in lifts no
opt-out. An opt-out is undone only upon the contact's own newer consent, and never where the carrier holds it: its list
is lifted by the contact's START alone. Who undoes names the consent epoch that they saw, so that a STOP that came
meanwhile wins. An imported list can hold opt-ins that are older than a STOP: it undoes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from server.domain.consent import ConsentKind

CLOCKS_DIFFER: Final = timedelta(minutes=2)  # between a member's clock and ours
MOST_WORDS: Final = 4000


class Entry(StrEnum):
    """What is written down."""

    OPTED_IN = "opted_in"
    REVOKED = "revoked"
    UNDO = "undo"


class Channel(StrEnum):
    """How the contact said it."""

    FORM = "form"
    VERBAL = "verbal"
    WRITTEN = "written"
    KEYWORD = "keyword"
    IMPORT = "import"
    API = "api"


CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.FORM: "a form",
    Channel.VERBAL: "spoken words",
    Channel.WRITTEN: "a letter or an e-mail",
    Channel.KEYWORD: "a keyword",
    Channel.IMPORT: "an imported list",
    Channel.API: "another program",
}

ALLOWED: Final[Mapping[Entry, frozenset[Channel]]] = {
    Entry.OPTED_IN: frozenset(Channel),
    Entry.REVOKED: frozenset(Channel),
    Entry.UNDO: frozenset({Channel.FORM, Channel.VERBAL, Channel.WRITTEN}),
}

KINDS: Final[Mapping[Entry, ConsentKind]] = {
    Entry.OPTED_IN: ConsentKind.CONSENT_GIVEN,
    Entry.REVOKED: ConsentKind.REVOKED,
    Entry.UNDO: ConsentKind.UNDONE,
}

_A_FILE_WILL_DO: Final = frozenset({Channel.FORM, Channel.WRITTEN})


class Objection(StrEnum):
    """Why an entry is not taken; `OBJECTIONS` has the words."""

    CHANNEL = "channel"
    NO_WORDS = "no_words"
    NO_TIME = "no_time"
    IN_FUTURE = "in_future"
    NO_EPOCH = "no_epoch"
    OPTED_OUT = "opted_out"
    NOT_OPTED_OUT = "not_opted_out"
    CARRIER_BLOCKED = "carrier_blocked"
    CHANGED_MEANWHILE = "changed_meanwhile"
    OLDER = "older"


OBJECTIONS: Final[Mapping[Objection, str]] = {
    Objection.CHANNEL: "An opt-out is undone by a form, spoken words, a letter or an e-mail only",
    Objection.NO_WORDS: "Write down the exact words, or add the file that shows them",
    Objection.NO_TIME: "Say when the contact consented again",
    Objection.IN_FUTURE: "This lies in the future",
    Objection.NO_EPOCH: "Say which state of consent you saw",
    Objection.OPTED_OUT: "The contact has opted out; only a newer consent of their own undoes that",
    Objection.NOT_OPTED_OUT: "The contact has not opted out",
    Objection.CARRIER_BLOCKED: "The carrier blocks this number; only the contact's START lifts that",
    Objection.CHANGED_MEANWHILE: "The contact's consent has changed since you looked",
    Objection.OLDER: "This is older than the contact's opt-out; a newer consent is needed",
}

FIELDS: Final[Mapping[Objection, str]] = {
    Objection.CHANNEL: "channel",
    Objection.NO_WORDS: "statement",
    Objection.NO_TIME: "at",
    Objection.IN_FUTURE: "at",
    Objection.NO_EPOCH: "epoch",
    Objection.OLDER: "at",
}
"""What is wrong with the entry itself. The others speak of how things stand."""


@dataclass(frozen=True, slots=True)
class Statement:
    """An entry as it is offered. `words`: exactly what was said or agreed to. `epoch`: the one that an undo saw."""

    entry: Entry
    channel: Channel
    words: str = ""
    at: datetime | None = None
    has_proof: bool = False
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The endpoint as it is, read under its lock. `said_no_at`: when the contact said so last, however it was said."""

    opted_out: bool
    carrier_blocked: bool
    epoch: int
    said_no_at: datetime | None = None


def objection(told: Statement, standing: Standing, now: datetime) -> Objection | None:
    """Why *told* is not taken down, None where it is. What is wrong with the entry itself comes first."""
    return _evidence(told, now) or _position(told, standing)


def _evidence(told: Statement, now: datetime) -> Objection | None:
    if told.channel not in ALLOWED[told.entry]:
        return Objection.CHANNEL
    if not told.words.strip() and not (told.has_proof and told.channel in _A_FILE_WILL_DO):
        return Objection.NO_WORDS
    if told.at is not None and told.at > now + CLOCKS_DIFFER:
        return Objection.IN_FUTURE
    if told.entry is not Entry.UNDO:
        return None
    if told.at is None:
        return Objection.NO_TIME
    return Objection.NO_EPOCH if told.epoch is None else None


def _position(told: Statement, standing: Standing) -> Objection | None:
    if told.entry is Entry.OPTED_IN:
        return Objection.OPTED_OUT if standing.opted_out else None
    if told.entry is Entry.REVOKED:
        return None
    if standing.carrier_blocked:
        return Objection.CARRIER_BLOCKED
    if told.epoch != standing.epoch:
        return Objection.CHANGED_MEANWHILE
    if not standing.opted_out:
        return Objection.NOT_OPTED_OUT
    older = told.at is None or (standing.said_no_at is not None and told.at <= standing.said_no_at)
    return Objection.OLDER if older else None
