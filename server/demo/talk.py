"""Reads the demo's acts and makes conversations of them: an opening, what follows on later days, perhaps an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Final, Literal

Kind = Literal["open", "then", "end"]

_BLANKS: Final[Mapping[str, tuple[str, ...]]] = {
    "street": (
        "14 Maple Ave", "92 Harbor View Dr", "7 Linden St", "230 Willow Creek Rd", "51 Beacon St", "18 Orchard Ln",
        "405 Prospect Ave", "33 Juniper Way", "9 Cove Rd", "126 Chestnut St", "71 Pine Hill Rd", "3 Lighthouse Ln",
    ),
    "town": ("Denver", "Chicago", "Austin", "Raleigh", "San Diego", "Buffalo", "Seattle", "Philadelphia"),
    "price": ("$389,000", "$425,000", "$462,500", "$515,000", "$549,900", "$598,000", "$640,000", "$725,000"),
    "day": ("Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "hour": ("9:30", "10 am", "11:15", "1 pm", "2:30", "4 pm", "5:30"),
    "month": ("January", "February", "March", "April", "May"),
    "beds": ("2", "3", "4"),
}  # fmt: skip


STREETS: Final = _BLANKS["street"]

_KINDS: Final[Mapping[str, Kind]] = {"open": "open", "then": "then", "end": "end"}


@dataclass(frozen=True, slots=True)
class Line:
    inbound: bool
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    kind: Kind
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One text; `act` counts the acts of its conversation, which lie days apart."""

    inbound: bool
    body: str
    act: int


@cache
def acts() -> Mapping[Kind, tuple[Act, ...]]:
    """The acts of conversations.txt by their kind."""
    read: dict[Kind, list[Act]] = {"open": [], "then": [], "end": []}
    text = (Path(__file__).parent / "conversations.txt").read_text(encoding="utf-8")
    for block in text.split("\n== ")[1:]:
        head, *lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        word, _, title = head.partition(" ")
        kind = _KINDS[word]
        said = tuple(Line(line[0] == "<", tuple(line[2:].split(" | "))) for line in lines)
        read[kind].append(Act(kind, title, said))
    return {kind: tuple(found) for kind, found in read.items()}


def converse(rng: Random, first: str, agent: str, opening: int, texts: int, *, waits: bool) -> list[Said]:
    """About *texts* texts between *first* and *agent*, begun with the *opening*th opening (counted round).

    With *waits* the contact has the last word. What follows comes in the order of the file, so that nobody gets the
    keys before the offer; no act comes twice.
    """
    openings, follow, ends = acts()["open"], acts()["then"], acts()["end"]
    chosen: list[Act] = []
    for act in rng.sample(follow, len(follow)):
        if sum(len(act.lines) for act in (openings[opening % len(openings)], *chosen)) < texts:
            chosen.append(act)
    chosen.sort(key=follow.index)
    said: list[Said] = []
    home = _home(rng)
    for number, act in enumerate((openings[opening % len(openings)], *chosen)):
        home = _home(rng) if act.title == "checking in" else home  # that one brings another home up
        said += _perform(rng, act, number, home | {"first": first or "there", "agent": agent})
    said = said[:texts]
    if waits or rng.random() < 0.4:
        last = rng.choice([act for act in ends if act.lines[-1].inbound or not waits])
        later = said[-1].act + rng.choice((0, 1, 1))
        said += _perform(rng, last, later, home | {"first": first or "there", "agent": agent})
    return said


def _home(rng: Random) -> dict[str, str]:
    return {name: rng.choice(_BLANKS[name]) for name in ("street", "beds", "price")}


def _perform(rng: Random, act: Act, number: int, fixed: Mapping[str, str]) -> list[Said]:
    blanks = {name: rng.choice(values) for name, values in _BLANKS.items()} | dict(fixed)
    # One way runs through an act, since the second answer often fits only the second question.
    way = rng.randrange(2)
    return [Said(line.inbound, line.ways[way % len(line.ways)].format(**blanks), number) for line in act.lines]
