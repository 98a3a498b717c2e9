"""How good the offline suggester is: on conversations of the demo that it has not seen.

Each conversation is held back in turn. For every text of the contact that a person answered, the suggester proposes up
to three replies from all other conversations and the templates; it is a hit where one of them resembles what was really
answered (half of the words, by F1). Besides it stands a baseline that always proposes the three templates that are used
most, filled for the contact.

The demo's people speak from a script, so an act of it that is held back in one conversation is often there in another:
the figure for `scripts` holds back all conversations' exchanges of the same act as well, and is the honest floor.

    python -m bench.suggest [--worlds 5]
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

from server.demo.people import MEMBERS
from server.demo.talk import acts
from server.demo.templates import TEMPLATES
from server.demo.world import DemoThread, make_world
from server.domain.suggest.guard import AGENT_NAME
from server.domain.suggest.memory import Exchange, Memory, Saved, generalised, likeness
from server.domain.suggest.situation import Line, Situation
from server.domain.suggest.team import exchanges_of
from server.domain.tokens import KNOWN

RESEMBLES: Final = 0.5
WALL: Final = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
_NAMES: Final = {member.email: member.name for member in MEMBERS}
_SAVED: Final = [Saved(one.name, one.body, one.used) for one in TEMPLATES if one.owner is None]


@dataclass(frozen=True, slots=True)
class Case:
    """A text that was answered: the situation at that moment, and what was said."""

    situation: Situation
    answered: str
    author: str
    act: str | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=5)
    worlds = parser.parse_args().worlds
    began = time.process_time()
    tally: dict[str, list[bool]] = {"conversations": [], "scripts": [], "most_said": [], "baseline": []}
    empty = 0
    for seed in range(worlds):
        threads = list(enumerate(make_world(WALL, seed).threads, 1))
        cases = [case for nth, thread in threads for case in _of_thread(nth, thread)]
        learnt = [one for nth, thread in threads for one in exchanges_of(nth, thread.contact.first, _lines(thread))]
        empty += _judge(cases, learnt, tally)
    figures = {name: round(sum(hits) / len(hits), 3) for name, hits in tally.items()}
    told = {"bench": "suggest", "worlds": worlds, "cases": len(tally["baseline"]), "hit_in_three": figures}
    told |= {"fewer_than_two": empty, "cpu_s": round(time.process_time() - began, 1)}
    print(json.dumps(told))


def _judge(cases: Sequence[Case], everything: Sequence[Exchange], tally: dict[str, list[bool]]) -> int:
    whole = Memory(everything, _SAVED)  # leaves out the conversation that asks by itself
    without = {act: Memory([e for e in everything if _act(e.replied) != act], _SAVED) for act in {c.act for c in cases}}
    often = sorted(_SAVED, key=lambda one: -one.used)[:3]
    said = Counter(reply for one in everything if (reply := generalised(one)) is not None).most_common(3)
    few = 0
    for case in cases:
        proposed = whole.propose(case.situation)
        few += len(proposed) < 2
        tally["conversations"].append(_hit(proposed, case))
        tally["scripts"].append(_hit(without[case.act].propose(case.situation), case))
        tally["most_said"].append(_hit([_roughly(reply, case) for reply, _ in said], case))
        tally["baseline"].append(_hit([_roughly(one.body, case) for one in often], case))
    return few


def _of_thread(thread_id: int, thread: DemoThread) -> Iterator[Case]:
    lines = _lines(thread)
    values = {"first_name": thread.contact.first or None}
    for place in range(1, len(lines)):
        answer = lines[place]
        if not answer.inbound and answer.person and lines[place - 1].inbound:
            situation = Situation(1, thread_id, tuple(lines[:place]), "offline", values=values, known=frozenset(KNOWN))
            yield Case(situation, answer.body, answer.author or "", _act(answer.body))


def _lines(thread: DemoThread) -> list[Line]:
    return [
        Line(
            seq=one.seq,
            inbound=one.direction == "in",
            body=one.body,
            at=one.at,
            person=one.klass == "person",
            keyword=one.keyword,
            author=_NAMES.get(one.author or ""),
        )
        for one in thread.messages
    ]


def _hit(proposed: Sequence[str], case: Case) -> bool:
    said = case.answered
    return any(likeness(one.replace(AGENT_NAME, case.author.split(" ")[0]), said) >= RESEMBLES for one in proposed)


def _roughly(body: str, case: Case) -> str:
    first = case.situation.values.get("first_name") or "there"
    filled = re.sub(r"\{\{first_name(?:\|[^}]*)?\}\}", first, body)
    return filled.replace("{{agent_name}}", AGENT_NAME)


@cache
def _ways() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (act.title, re.compile(".+?".join(map(re.escape, re.split(r"\{\w+\}", way)))))
        for kind in acts().values()
        for act in kind
        for line in act.lines
        for way in line.ways
    ]


@cache
def _act(reply: str) -> str | None:
    """The act of the script that *reply* comes from."""
    return next((title for title, way in _ways() if way.fullmatch(reply)), None)


if __name__ == "__main__":
    main()
