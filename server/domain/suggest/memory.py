"""Decides what the team would say: what it has answered to texts like this one, and the templates that fit.

Every reply that somebody here once wrote is kept as the text that it answers, the reply, and what was said before. A
new text is compared with those by its words, rare words counting more (the vector space of Salton, tf-idf and the
cosine); replies that say the same count together. What speaks of somebody else (a number, a place, a price that is not
in this conversation) is not proposed, names become tokens.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from server.domain.filling import fill
from server.domain.suggest.guard import AGENT_NAME, MOST, Knowledge, fault_of
from server.domain.suggest.language import apart
from server.domain.suggest.masking import PLACEHOLDER, Masks
from server.domain.suggest.situation import Situation

_WORD: Final = re.compile(r"[^\W_]+")
_FIRST_NAME: Final = "{{first_name}}"
_NAMELESS: Final = (
    (re.compile(r"\b(hi|hello|hey|morning|good morning) \{\{first_name\}\}", re.IGNORECASE), r"\1"),
    (re.compile(r"[,¡]?\s*\{\{first_name\}\}"), ""),
)
_BEFORE: Final = 0.35  # how much what was said before counts beside the text itself
_TEMPLATE: Final = 0.5  # a template is a text of its own, not one that answered something like this
_HABIT: Final = 0.02  # for a template's use, so that of two that fit as well the one in use comes first
_FITS: Final = 0.12  # below it the words in common are those of any two texts
_OF_THE_BEST: Final = 0.3  # and what is so much farther than the best answers another question
_FEWEST: Final = 2
_ALIKE: Final = 0.6
_SHORTEST: Final = 3  # characters


@dataclass(frozen=True, slots=True)
class Exchange:
    """Somebody here `replied` to what was `asked`. `before`: what we had said last; `names`: of the contact, of
    ours.
    """

    thread_id: int
    asked: str
    replied: str
    before: str = ""
    first_name: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A template that everybody may use."""

    name: str
    body: str
    used: int


@dataclass(frozen=True, slots=True)
class _Kept:
    thread_id: int
    reply: str
    words: Mapping[str, float]


class Memory:
    """What the team has said, ready to be asked."""

    def __init__(self, exchanges: Iterable[Exchange], saved: Iterable[Saved]) -> None:
        general = [(one, reply) for one in exchanges if (reply := generalised(one)) is not None]
        counts = [_counted(one.asked, one.before) for one, _ in general]
        seen = Counter(word for count in counts for word in count)
        self._rarity = {word: math.log((1 + len(counts)) / (1 + times)) + 1 for word, times in seen.items()}
        self._common = math.log(1 + len(counts)) + 1
        self._kept = [
            _Kept(one.thread_id, reply, self._weighed(count))
            for (one, reply), count in zip(general, counts, strict=True)
        ]
        self._where: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, kept in enumerate(self._kept):
            for word, weight in kept.words.items():
                self._where[word].append((place, weight))
        self._saved = [(one, self._weighed(_counted(f"{one.name} {one.body}", ""))) for one in saved]

    def propose(self, situation: Situation) -> list[str]:
        """At most three replies that differ, the best first; none where the team has never said anything that fits."""
        before = next((line.body for line in reversed(situation.lines) if not line.inbound), "")
        asked = self._weighed(_counted(situation.asked, before))
        ranked = sorted(self._scores(asked, situation).items(), key=lambda scored: (-scored[1], scored[0]))
        known = _knowledge(situation)
        theirs = " ".join(line.body for line in situation.lines if line.inbound)
        saved = {one.body for one, _ in self._saved}
        least = max(_FITS, _OF_THE_BEST * ranked[0][1]) if ranked else 0.0
        chosen: list[str] = []
        for reply, score in ranked:
            if len(chosen) == MOST or (score < least and len(chosen) >= _FEWEST):
                break
            if score < least and reply not in saved:
                continue  # what is made to fit many people may fill a gap, what was said to one may not
            text = _filled(reply, situation)
            if text is None or fault_of(text, known) is not None or apart(text, theirs):
                continue
            if all(likeness(text, other) < _ALIKE for other in chosen):
                chosen.append(text)
        return chosen

    def _scores(self, asked: Mapping[str, float], situation: Situation) -> Mapping[str, float]:
        near: dict[int, float] = defaultdict(float)
        for word, weight in asked.items():
            for place, other in self._where.get(word, ()):
                near[place] += weight * other
        votes: dict[str, list[float]] = defaultdict(list)
        for place, cosine in near.items():
            if self._kept[place].thread_id != situation.thread_id:
                votes[self._kept[place].reply].append(cosine)
        scores = {reply: _together(cosines) for reply, cosines in votes.items()}
        for one, words in self._saved:
            cosine = sum(weight * words.get(word, 0.0) for word, weight in asked.items())
            scores[one.body] = max(scores.get(one.body, 0.0), _TEMPLATE * cosine + _HABIT * math.log1p(one.used) / 10)
        return scores

    def _weighed(self, counted: Mapping[str, float]) -> Mapping[str, float]:
        weights = {word: times * self._rarity.get(word, self._common) for word, times in counted.items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {word: weight / length for word, weight in weights.items()}


def generalised(one: Exchange) -> str | None:
    """The reply as it may be said to others; None where it speaks of what is nobody else's business, or is not a text.

    >>> generalised(Exchange(1, "Is it free?", "Hi Ana, it is! Marcus", "", "Ana", "Marcus Bell"))
    'Hi {{first_name}}, it is! {{agent_name}}'
    """
    reply = one.replied.strip()
    if len(reply) < _SHORTEST or "{{" in reply or PLACEHOLDER.search(Masks().mask(reply)):
        return None
    for name, token in (
        (one.first_name, _FIRST_NAME),
        (one.author, AGENT_NAME),
        (one.author.split(" ")[0], AGENT_NAME),
    ):
        if len(name.strip()) > 1:
            reply = re.sub(rf"\b{re.escape(name.strip())}\b", token, reply)
    return reply


def likeness(one: str, other: str) -> float:
    """How much of two texts is the same words: their F1, from 0 to 1.

    >>> likeness("See you on Sunday!", "see you sunday"), likeness("Yes", "No")
    (0.8571428571428571, 0.0)
    """
    first, second = Counter(_WORD.findall(one.casefold())), Counter(_WORD.findall(other.casefold()))
    both = sum((first & second).values())
    return 2 * both / (first.total() + second.total()) if both else 0.0


def _counted(text: str, before: str) -> Mapping[str, float]:
    words = _WORD.findall(text.casefold())
    counts: dict[str, float] = defaultdict(float)
    for word in (*words, *(f"{one} {two}" for one, two in pairwise(words))):
        counts[word] += 1.0
    for word in set(_WORD.findall(before.casefold())):
        counts[f"before {word}"] += _BEFORE
    return counts


def _together(cosines: Sequence[float]) -> float:
    """The nearest, and a little for each other time that the same was said to something like it."""
    best = sorted(cosines, reverse=True)[:4]
    return best[0] + 0.15 * sum(best[1:])


def _filled(reply: str, situation: Situation) -> str | None:
    values = {**situation.values, "agent_name": AGENT_NAME}
    if not (values.get("first_name") or "").strip():
        for pattern, instead in _NAMELESS:
            reply = pattern.sub(instead, reply)
    filled = fill(reply, values, known=situation.known | {"agent_name", "first_name"})
    return filled.text.strip() if filled.complete and filled.text else None


def _knowledge(situation: Situation) -> Knowledge:
    values = [value for value in situation.values.values() if value]
    ours = [line.body for line in situation.lines if not line.inbound]
    return Knowledge.of([*(line.body for line in situation.lines), *values, situation.brand], [*ours, *values])
