"""Decides what a campaign may become: its states, the commands that move it, and what may still be edited.

A command that arrives twice, from a second click, a second browser or a second server, answers as the first did and
changes nothing. One that cannot be meant answers with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CampaignState(StrEnum):
    """Where a campaign stands. Active before all recipients are built, too."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Command(StrEnum):
    """What moves a campaign. `DUE`, `MISS` and `EXHAUSTED` are the server's own, the others people's."""

    LAUNCH_NOW = "launch_now"
    LAUNCH_AT = "launch_at"
    DUE = "due"
    MISS = "miss"  # its hour passed while no server ran, and a person is to decide: see domain.missed
    UNSCHEDULE = "unschedule"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    EXHAUSTED = "exhausted"  # no recipient is pending or in flight any more, counted from rows


class PausedBy(StrEnum):
    """Why a campaign is paused; pausing it once more does not change that."""

    MEMBER = "member"
    FAILURES = "failures"
    OPT_OUTS = "opt_outs"
    MISSED = "missed"


_S: Final = CampaignState
_C: Final = Command

WORDS: Final[Mapping[CampaignState, str]] = {
    _S.DRAFT: "Draft",
    _S.SCHEDULED: "Scheduled",
    _S.ACTIVE: "Active",
    _S.PAUSED: "Paused",
    _S.COMPLETED: "Completed",
    _S.CANCELLED: "Cancelled",
}

PAUSE_WORDS: Final[Mapping[PausedBy, str]] = {
    PausedBy.MEMBER: "Paused by a member",
    PausedBy.FAILURES: "Paused: too many texts failed",
    PausedBy.OPT_OUTS: "Paused: too many people opted out",
    PausedBy.MISSED: "Paused: the server was not running when it was to begin",
}

TRANSITIONS: Final[Mapping[CampaignState, Mapping[Command, CampaignState]]] = {
    _S.DRAFT: {_C.LAUNCH_NOW: _S.ACTIVE, _C.LAUNCH_AT: _S.SCHEDULED},
    _S.SCHEDULED: {_C.DUE: _S.ACTIVE, _C.MISS: _S.PAUSED, _C.UNSCHEDULE: _S.DRAFT, _C.CANCEL: _S.CANCELLED},
    _S.ACTIVE: {_C.PAUSE: _S.PAUSED, _C.EXHAUSTED: _S.COMPLETED, _C.CANCEL: _S.CANCELLED},
    _S.PAUSED: {_C.RESUME: _S.ACTIVE, _C.CANCEL: _S.CANCELLED},
    _S.COMPLETED: {},
    _S.CANCELLED: {},
}

FINAL: Final = frozenset({_S.COMPLETED, _S.CANCELLED})
OPEN: Final = frozenset({_S.SCHEDULED, _S.ACTIVE, _S.PAUSED})
"""Launched and not at its end: a recipient in one of these stands "in another active campaign"."""

_LAUNCHED: Final = frozenset({_S.ACTIVE, _S.PAUSED, _S.COMPLETED})
_REPEATED: Final[Mapping[Command, frozenset[CampaignState]]] = {
    _C.LAUNCH_NOW: _LAUNCHED,  # not while it is scheduled: who clicks "Launch now" then must not believe that it runs
    _C.LAUNCH_AT: _LAUNCHED | {_S.SCHEDULED},
    _C.DUE: frozenset({_S.ACTIVE}),
    _C.MISS: frozenset({_S.PAUSED}),
    _C.UNSCHEDULE: frozenset({_S.DRAFT}),
    _C.PAUSE: frozenset({_S.PAUSED}),
    _C.RESUME: frozenset({_S.ACTIVE}),
    _C.CANCEL: frozenset({_S.CANCELLED}),
    _C.EXHAUSTED: frozenset({_S.COMPLETED}),
}
"""Where what a command asks for has been done already."""


@dataclass(frozen=True, slots=True)
class Moved:
    state: CampaignState


@dataclass(frozen=True, slots=True)
class Unchanged:
    """It was done before; whoever asks again gets the campaign as it stands."""

    state: CampaignState


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed; the sentence is for whoever gave the command."""

    sentence: str


def after(state: CampaignState, command: Command) -> Moved | Unchanged | Refused:
    """What *command* makes of a campaign in *state*.

    >>> after(CampaignState.DRAFT, Command.LAUNCH_NOW), after(CampaignState.ACTIVE, Command.LAUNCH_NOW)
    (Moved(state=<CampaignState.ACTIVE: 'active'>), Unchanged(state=<CampaignState.ACTIVE: 'active'>))
    """
    if (moved := TRANSITIONS[state].get(command)) is not None:
        return Moved(moved)
    if state in _REPEATED[command]:
        return Unchanged(state)
    return Refused(_refusal(state, command))


def _refusal(state: CampaignState, command: Command) -> str:
    if state in FINAL:
        return _ENDED[state]
    return _BY_STATE.get((state, command)) or _NOT_NOW[command]


_ENDED: Final = {
    _S.COMPLETED: "This campaign is completed. Duplicate it to send it again.",
    _S.CANCELLED: "This campaign was cancelled. Duplicate it to send it.",
}
_BY_STATE: Final = {
    (_S.SCHEDULED, _C.LAUNCH_NOW): "This campaign is scheduled. Unschedule it first to launch it now.",
    (_S.SCHEDULED, _C.PAUSE): "This campaign has not begun. Unschedule or cancel it instead.",
    (_S.DRAFT, _C.CANCEL): "This campaign is a draft: nothing of it is sent unless somebody launches it.",
    (_S.PAUSED, _C.EXHAUSTED): "This campaign is paused. It is completed after it was resumed.",
}
_NOT_NOW: Final = {
    _C.LAUNCH_NOW: "This campaign was launched already.",
    _C.LAUNCH_AT: "This campaign was launched already.",
    _C.DUE: "Only a scheduled campaign becomes due.",
    _C.MISS: "Only a scheduled campaign can miss its hour.",
    _C.UNSCHEDULE: "This campaign has begun. Pause or cancel it instead.",
    _C.PAUSE: "Only an active campaign can be paused.",
    _C.RESUME: "Only a paused campaign can be resumed.",
    _C.CANCEL: "Only a scheduled, active or paused campaign can be cancelled.",
    _C.EXHAUSTED: "Only an active campaign can be completed.",
}


# Editing


class Part(StrEnum):
    """A part of a campaign that somebody may want to change."""

    NAME = "name"
    DESCRIPTION = "description"
    TEXT = "text"
    RATE = "rate"
    DRIP = "drip"
    SCHEDULE = "schedule"
    SHARES = "shares"
    AUDIENCE = "audience"
    NUMBER = "number"  # from which new threads are written
    RULES = "rules"  # when it is paused by itself, whether a reply ends it, whether the inbox shows it


_ALWAYS: Final = frozenset(CampaignState)
_EDITABLE: Final[Mapping[Part, frozenset[CampaignState]]] = {
    # A name moves nothing that was or will be sent, and it is after the end that people tidy their lists.
    Part.NAME: _ALWAYS,
    Part.DESCRIPTION: _ALWAYS,
    Part.TEXT: _ALWAYS - FINAL,
    Part.RATE: _ALWAYS - FINAL,
    Part.DRIP: _ALWAYS - FINAL,
    Part.SCHEDULE: frozenset({_S.DRAFT, _S.SCHEDULED}),
    # Other shares would give some recipients another variant than those beside them were measured with.
    Part.SHARES: frozenset({_S.DRAFT}),
    Part.AUDIENCE: frozenset({_S.DRAFT}),
    Part.NUMBER: frozenset({_S.DRAFT, _S.SCHEDULED}),
    # Who looks at a campaign that a limit has paused may find the limit wrong, and must not have to begin anew.
    Part.RULES: _ALWAYS - FINAL,
}
_ALSO_MEANWHILE: Final = frozenset({Part.NAME, Part.DESCRIPTION})


def may_edit(state: CampaignState, part: Part, *, launching: bool = False) -> Refused | None:
    """Why *part* cannot be changed in *state*; None where it can, for what is not yet sent.

    *launching*: the snapshot is being taken. What decides who stands in it and what was confirmed waits until it is.

    >>> may_edit(CampaignState.ACTIVE, Part.TEXT) is None
    True
    """
    if launching and part not in _ALSO_MEANWHILE:
        return Refused("This campaign is being launched. Change it once that is done.")
    if state in _EDITABLE[part]:
        return None
    if state in FINAL:
        return Refused(f"This campaign is {state.value}: only its name and description can be changed.")
    if part is Part.SCHEDULE:
        return Refused("This campaign has begun: its start can no longer be changed.")
    if part is Part.NUMBER:
        return Refused("This campaign has begun: its number can no longer be changed.")
    if part is Part.SHARES:
        return Refused("The shares of the variants are fixed at the launch.")
    if state is CampaignState.SCHEDULED:
        return Refused("The recipients are fixed at the launch. Unschedule the campaign to change them.")
    return Refused("The recipients are fixed at the launch.")
