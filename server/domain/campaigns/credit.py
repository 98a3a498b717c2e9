"""Decides to which campaign a reply, a STOP or a click is credited: that of the latest campaign's text to the number.

A text that a person sent to many from People is no campaign's and gets no credit; neither does it take any away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from server.domain.optout import Heard

WITHIN: Final = timedelta(days=7)
"""Where the workspace sets nothing else: who writes later has something else in mind."""


class Kind(StrEnum):
    """What somebody did; each is counted once for a recipient, however often they did it."""

    REPLIED = "replied"
    OPTED_OUT = "opted_out"
    CLICKED = "clicked"


_STOPS: Final = frozenset({Heard.STOP, Heard.STOP_IN_WORDS})


@dataclass(frozen=True, slots=True)
class CampaignText:
    """A text of a campaign to this number that the carrier accepted. `bulk`: it was sent from People."""

    campaign_id: int
    ord: int
    left_at: datetime
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that the owner of this number did. `link_of`: for a click, the campaign whose link it was."""

    kind: Kind
    at: datetime
    link_of: int | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """The recipient whose figure rises. Equal ones are one: it is the key under which a credit is stored."""

    campaign_id: int
    ord: int
    kind: Kind


def kind_of(heard: Heard | None) -> Kind | None:
    """How an inbound text counts. An unclear one is a reply until a person has decided that it was a STOP.

    One that let texts come again answers the confirmation of a STOP, and counts as nothing.

    >>> kind_of(Heard.STOP), kind_of(None)
    (<Kind.OPTED_OUT: 'opted_out'>, <Kind.REPLIED: 'replied'>)
    """
    if heard is Heard.START:
        return None
    return Kind.OPTED_OUT if heard in _STOPS else Kind.REPLIED


def credit(happening: Happening, texts: Iterable[CampaignText], within: timedelta = WITHIN) -> Credit | None:
    """Who gets it, of the *texts* to this number in any order; None: nobody.

    A text counts from its first byte, since people answer before the carrier has answered us. Of two that left at once
    the later campaign gets it. A click knows its campaign by its link: only that one's text can have been clicked, a
    later campaign may not have had any link.
    """
    seen = [
        text
        for text in texts
        if not text.bulk
        and timedelta() <= happening.at - text.left_at <= within
        and happening.link_of in (None, text.campaign_id)
    ]
    if not seen:
        return None
    latest = max(seen, key=lambda text: (text.left_at, text.campaign_id))
    return Credit(latest.campaign_id, latest.ord, happening.kind)


def recount(
    happenings: Iterable[Happening], texts: Iterable[CampaignText], within: timedelta = WITHIN
) -> frozenset[Credit]:
    """All credits of one number, from the beginning: what the figures are checked against."""
    known = list(texts)
    return frozenset(given for one in happenings if (given := credit(one, known, within)) is not None)
