"""What a member may write down about consent, case by case, and which evidence it needs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from server.domain.consent import TAKEN_BACK, ConsentKind
from server.domain.testimony import (
    ALLOWED,
    CHANNELS,
    FIELDS,
    KINDS,
    OBJECTIONS,
    Channel,
    Entry,
    Objection,
    Standing,
    Statement,
    objection,
)

NOW = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
STOPPED_AT = NOW - timedelta(days=2)
SINCE = NOW - timedelta(days=1)
NOBODY = Standing(opted_out=False, carrier_blocked=False, epoch=0)
STOPPED = Standing(opted_out=True, carrier_blocked=False, epoch=1, said_no_at=STOPPED_AT)
BLOCKED = replace(STOPPED, carrier_blocked=True)
STARTED = replace(STOPPED, opted_out=False, epoch=2)

OPT_IN = Statement(Entry.OPTED_IN, Channel.FORM, "I agree to texts from Acme.", SINCE)
REVOKED = Statement(Entry.REVOKED, Channel.VERBAL, "Told Dana on the phone: no more texts.")
UNDO = Statement(Entry.UNDO, Channel.WRITTEN, "Please text me again.", SINCE, epoch=1)


def but(told: Statement, **what: Any) -> Statement:
    return replace(told, **what)


CASES: dict[str, tuple[Statement, Standing, Objection | None]] = {
    "an opt-in by form": (OPT_IN, NOBODY, None),
    "an opt-in without a time counts from now": (but(OPT_IN, at=None), NOBODY, None),
    "an opt-in that was spoken": (but(OPT_IN, channel=Channel.VERBAL), NOBODY, None),
    "an opt-in by a keyword": (but(OPT_IN, channel=Channel.KEYWORD, words="JOIN"), NOBODY, None),
    "an opt-in of an imported list": (but(OPT_IN, channel=Channel.IMPORT), NOBODY, None),
    "an opt-in by another program": (but(OPT_IN, channel=Channel.API), NOBODY, None),
    "a form whose file shows the words": (but(OPT_IN, words="", has_proof=True), NOBODY, None),
    "a letter whose file shows the words": (
        but(OPT_IN, channel=Channel.WRITTEN, words=" ", has_proof=True),
        NOBODY,
        None,
    ),
    "spoken words that nobody wrote down": (
        but(OPT_IN, channel=Channel.VERBAL, words="", has_proof=True),
        NOBODY,
        Objection.NO_WORDS,
    ),
    "an import without its wording": (
        but(OPT_IN, channel=Channel.IMPORT, words="", has_proof=True),
        NOBODY,
        Objection.NO_WORDS,
    ),
    "an opt-in with nothing to show": (but(OPT_IN, words=" \n"), NOBODY, Objection.NO_WORDS),
    "an opt-in of tomorrow": (but(OPT_IN, at=NOW + timedelta(days=1)), NOBODY, Objection.IN_FUTURE),
    "an opt-in by a clock that is a minute ahead": (but(OPT_IN, at=NOW + timedelta(minutes=1)), NOBODY, None),
    "an opt-in lifts no opt-out": (OPT_IN, STOPPED, Objection.OPTED_OUT),
    "an opt-in lifts no carrier's block": (OPT_IN, BLOCKED, Objection.OPTED_OUT),
    "an opt-in after a START": (OPT_IN, STARTED, None),
    "a revocation on the phone": (REVOKED, NOBODY, None),
    "a revocation by a web form with a screenshot": (
        but(REVOKED, channel=Channel.FORM, words="", has_proof=True),
        NOBODY,
        None,
    ),
    "a revocation without any word of it": (but(REVOKED, words=""), NOBODY, Objection.NO_WORDS),
    "a revocation of one who has opted out is one more": (REVOKED, STOPPED, None),
    "a revocation of one whom the carrier blocks": (REVOKED, BLOCKED, None),
    "a revocation older than a START counts all the same": (
        but(REVOKED, at=STOPPED_AT - timedelta(days=9)),
        STARTED,
        None,
    ),
    "an undo upon a newer consent": (UNDO, STOPPED, None),
    "an undo upon a form whose file is there": (
        but(UNDO, channel=Channel.FORM, words="", has_proof=True),
        STOPPED,
        None,
    ),
    "an undo upon spoken words": (but(UNDO, channel=Channel.VERBAL), STOPPED, None),
    "an undo by an imported list": (but(UNDO, channel=Channel.IMPORT), STOPPED, Objection.CHANNEL),
    "an undo by another program": (but(UNDO, channel=Channel.API), STOPPED, Objection.CHANNEL),
    "an undo by a keyword that we did not get": (but(UNDO, channel=Channel.KEYWORD), STOPPED, Objection.CHANNEL),
    "an undo without evidence": (but(UNDO, words=""), STOPPED, Objection.NO_WORDS),
    "an undo that does not say when": (but(UNDO, at=None), STOPPED, Objection.NO_TIME),
    "an undo upon a consent of tomorrow": (but(UNDO, at=NOW + timedelta(days=1)), STOPPED, Objection.IN_FUTURE),
    "an undo that names no epoch": (but(UNDO, epoch=None), STOPPED, Objection.NO_EPOCH),
    "an undo that saw an older epoch": (but(UNDO, epoch=0), STOPPED, Objection.CHANGED_MEANWHILE),
    "an undo that another was faster than": (UNDO, STARTED, Objection.CHANGED_MEANWHILE),
    "an undo where nobody has opted out": (but(UNDO, epoch=0), NOBODY, Objection.NOT_OPTED_OUT),
    "an undo upon a consent from before the STOP": (
        but(UNDO, at=STOPPED_AT - timedelta(days=1)),
        STOPPED,
        Objection.OLDER,
    ),
    "an undo upon a consent of the STOP's own second": (but(UNDO, at=STOPPED_AT), STOPPED, Objection.OLDER),
    "an undo after which STOP was said once more": (UNDO, replace(STOPPED, said_no_at=NOW), Objection.OLDER),
    "an undo of the carrier's block": (UNDO, BLOCKED, Objection.CARRIER_BLOCKED),
    "an undo of the carrier's block that saw an older epoch": (
        but(UNDO, epoch=0),
        BLOCKED,
        Objection.CARRIER_BLOCKED,
    ),
}


@pytest.mark.parametrize(("told", "standing", "expected"), CASES.values(), ids=CASES)
def test_what_is_written_down(told: Statement, standing: Standing, expected: Objection | None) -> None:
    assert objection(told, standing, NOW) is expected


def test_each_channel_of_an_undo_is_the_contacts_own_new_word() -> None:
    for channel in Channel:
        refused = objection(but(UNDO, channel=channel), STOPPED, NOW) is Objection.CHANNEL
        assert refused == (channel not in ALLOWED[Entry.UNDO])
    assert ALLOWED[Entry.UNDO] == {Channel.FORM, Channel.VERBAL, Channel.WRITTEN}


def test_no_entry_of_any_kind_lifts_the_carriers_block() -> None:
    for channel, epoch, proof in product(Channel, (0, 1, None), (False, True)):
        told = Statement(Entry.UNDO, channel, "Please", SINCE, proof, epoch)
        assert objection(told, BLOCKED, NOW) is not None


def test_a_revocation_is_refused_for_want_of_words_only() -> None:
    for standing, channel in product((NOBODY, STOPPED, BLOCKED, STARTED), Channel):
        assert objection(but(REVOKED, channel=channel), standing, NOW) is None


def test_every_objection_has_words_and_those_about_the_entry_a_field() -> None:
    assert set(OBJECTIONS) == set(Objection)
    assert set(FIELDS) == set(Objection) - {
        Objection.OPTED_OUT,
        Objection.NOT_OPTED_OUT,
        Objection.CARRIER_BLOCKED,
        Objection.CHANGED_MEANWHILE,
    }
    assert set(CHANNELS) == set(Channel)
    assert set(KINDS) == set(ALLOWED) == set(Entry)


def test_whatever_opts_out_is_a_no_and_nothing_else_is() -> None:
    assert {ConsentKind.OPTED_OUT, ConsentKind.REVOKED, ConsentKind.CARRIER_BLOCKED} <= TAKEN_BACK
    assert not TAKEN_BACK & {ConsentKind.OPTED_IN, ConsentKind.CONSENT_GIVEN, ConsentKind.UNDONE, ConsentKind.RELEASED}
