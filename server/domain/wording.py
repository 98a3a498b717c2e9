"""Decides what a text asks for that is more than a keyword: to be left alone, perhaps that, or a wrong number.

47 CFR 64.1200(a)(10): consent may be revoked in any reasonable manner, and wording that a reasonable person would take
as a request to stop counts. A false stop silences a customer, a missed one is a violation: so where both readings are
plausible the text is UNCLEAR, which stops bulk at once and asks a person. What decides, in this order:

1. a phone's reaction that quotes our own text ("Liked “… Reply STOP …”") asks for nothing;
2. nothing but stop words and courtesies ("stop please", "stpo"), or such a sentence among few words: PLAIN;
3. a phrase of `phrases.PLAIN` is PLAIN, unless it is narrowed ("about condos", "before nine"), told of others ("I told
   my ex to …"), quoted, or asks for another way to be reached: then UNCLEAR; a negated one ("don't stop") is nothing;
4. a phrase about another thing of the trade ("opt out of the inspection") is nothing, however it is worded;
5. a wrong number or person: WRONG_NUMBER, even where other wording is unclear; a plain request outranks it;
6. a phrase of `phrases.UNCLEAR`, or a stop word among at most three words that is no idiom ("stop by"): UNCLEAR;
7. all else is an ordinary text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from server.domain import lone_words, phrases, surroundings
from server.domain.folding import Folded, fold

Span = tuple[int, int]
Mark = tuple["Meaning", int, int]

_FEW: Final = 8  # words: among more, a lone "stop" between commas may be part of a route or of a story
_SHORT: Final = 3  # words beside courtesies, among which a stop word is hardly anything else
_STOP: Final = re.compile(r"\b(?:stop|unsubscribe|optout)\b")
_MAY_BE_MISSPELT: Final = re.compile(r"[a-z]+")


class Meaning(IntEnum):
    """What a text means for consent; the higher one outranks the lower."""

    NOTHING = 0
    UNCLEAR = 1
    WRONG_NUMBER = 2
    PLAIN = 3


@dataclass(frozen=True, slots=True)
class Weighed:
    """`spans` are the parts of the text that decided, in rising order and apart."""

    meaning: Meaning
    spans: tuple[Span, ...] = ()


_NOTHING: Final = Weighed(Meaning.NOTHING)

_ALL: Final = (*phrases.PLAIN, *phrases.CALLS_ONLY, *phrases.UNCLEAR, *phrases.WRONG_NUMBER)
_LONE: Final = frozenset((*lone_words.STRONG, *lone_words.WEAK, *lone_words.MISSPELT))
_STRETCHED: Final = frozenset(("sstop", "ssto", "stoo", "sttt", "stto", "unsu"))
_STRANGER: Final = frozenset(("not", "isnt", "aint", "soy"))
_BY_HEAD: Final = {
    head: tuple(phrase for phrase in _ALL if head in phrase.heads) for phrase in _ALL for head in phrase.heads
}
_HEADS: Final = frozenset(_BY_HEAD)


def may_ask(words: Sequence[str]) -> bool:
    """Whether a text of these *words*, small ASCII letters and digits, is worth weighing.

    Cheap, and never wrongly no: most texts that come in end here.
    """
    if not _LONE.isdisjoint(words):
        return True
    heads = {word[:4] for word in words}
    if not _STRETCHED.isdisjoint(heads) or (len(words) <= _FEW and not _STRANGER.isdisjoint(heads)):
        return True
    for head in _HEADS.intersection(heads):
        for phrase in _BY_HEAD[head]:
            if not phrase.also or not phrase.also.isdisjoint(heads):
                return True
    return False


def weigh(body: str) -> Weighed:
    """What *body* means; keywords alone on their line are read before, by `domain.optout`.

    >>> weigh("Please take me off your list").meaning.name
    'PLAIN'
    >>> weigh("Can you stop by at 5?").meaning.name
    'NOTHING'
    """
    if surroundings.TAPBACK.match(body):
        return _NOTHING
    found = _weigh_words(body)
    if found.meaning is Meaning.NOTHING:
        name = surroundings.NOT_THAT_PERSON.match(body.strip())
        return Weighed(Meaning.WRONG_NUMBER, (name.span(),)) if name else found
    outside = surroundings.QUOTED.sub(lambda quote: " " * len(quote[0]), body)
    if outside != body and _wordy(outside) and _weigh_words(outside).meaning < found.meaning:
        return Weighed(Meaning.UNCLEAR, found.spans)  # somebody else's words, or ours
    return found


def _wordy(body: str) -> bool:
    return any(char.isalnum() for char in body)


def _weigh_words(body: str) -> Weighed:
    read = _respelt(fold(body))
    heads = {word[:4] for word in read.words.split()}
    marks = _bare(read.words)
    marks += _requests(read.words, heads)
    marks += _wrong_number(read.words, heads)
    if not any(meaning >= Meaning.WRONG_NUMBER for meaning, *_ in marks):
        marks += _unclear(read.words, heads)
    if not marks:
        return _NOTHING
    meaning = max(mark[0] for mark in marks)
    spans = [read.span(start, end) for found, start, end in marks if found is meaning]
    return Weighed(meaning, _apart(spans))


def _matches(table: Sequence[phrases.Phrase], words: str, heads: set[str]) -> list[re.Match[str]]:
    return [
        match
        for phrase in table
        if not phrase.heads.isdisjoint(heads) and (not phrase.also or not phrase.also.isdisjoint(heads))
        for match in phrase.pattern.finditer(words)
    ]


def _apart(spans: list[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _respelt(read: Folded) -> Folded:
    """With misspelt stop words put right; letters that were added stand where the word's last letter stood."""
    content = [word for word in _words(read.words) if word not in lone_words.FILLER]
    alone = all(word in lone_words.MISSPELT or word in lone_words.STRONG for word in content)
    words: list[str] = []
    where: list[int] = []
    done = 0
    for match in _MAY_BE_MISSPELT.finditer(read.words):
        right = lone_words.MISSPELT.get(_calm(match[0]))
        if right is None or right == match[0] or (match[0] in lone_words.ALSO_WORDS and not alone):
            continue
        words += (read.words[done : match.start()], right)
        where += read.where[done : match.start()]
        old = read.where[match.start() : match.end()]
        where += ((*old, *(old[-1:] * len(right)))[: len(right) - 1]) + old[-1:]
        done = match.end()
    if not words:
        return read
    return Folded("".join((*words, read.words[done:])), (*where, *read.where[done:]))


def _calm(word: str) -> str:
    """STOOOP is a stop; two letters in a row may be meant."""
    calm = re.sub(r"(.)\1{2,}", r"\1", word)
    return "stopp" if calm == "stop" and word != "stop" else calm


def _words(words: str) -> list[str]:
    return [word for word in words.split() if word not in {"|", ","}]


# 2. Stop words alone


def _bare(words: str) -> list[Mark]:
    everything = _words(words)
    whole = _bare_clause(everything)
    if whole is not Meaning.NOTHING:
        return [(whole, 0, len(words))]
    found = []
    for clause in re.finditer(r"(?<=\|)[^|]+(?=\|)|(?<=[|,])[^|,]+(?=[|,])", words):
        said = _words(clause[0])
        if _bare_clause(said) is Meaning.PLAIN:
            hard = words[clause.start() - 1] == "|" and words[clause.end() : clause.end() + 1] == "|"
            sure = not lone_words.POLITE.isdisjoint(said) or (hard and len(everything) <= _FEW)
            found.append((Meaning.PLAIN if sure else Meaning.UNCLEAR, clause.start(), clause.end()))
    return found


def _bare_clause(said: list[str]) -> Meaning:
    content = [word for word in said if word not in lone_words.FILLER]
    if not content and len(said) > 1 and said[-1] == "stop":
        return Meaning.PLAIN
    if content and all(word in lone_words.STRONG for word in content):
        return Meaning.PLAIN
    if len("".join(said)) == len(said) and "".join(said) in lone_words.STRONG:
        return Meaning.PLAIN  # s t o p
    if 0 < len(content) <= 2 and all(word in lone_words.STRONG or word in lone_words.WEAK for word in content):
        return Meaning.UNCLEAR
    return Meaning.NOTHING


# 3. and 4. Requests


def _requests(words: str, heads: set[str]) -> list[Mark]:
    found: list[Mark] = []
    calls = [match for match in _matches(phrases.CALLS_ONLY, words, heads) if not _wants_texts(words, match)]
    for match in (*_matches(phrases.PLAIN, words, heads), *calls):
        meaning = _judged(words, match.start(), match.end())
        if meaning is not Meaning.NOTHING:
            found.append((meaning, match.start(), match.end()))
    return found


def _wants_texts(words: str, match: re.Match[str]) -> bool:
    """Whether the rest of the text asks for texts in the place of calls."""
    return surroundings.WANTS_TEXTS.search(f"{words[: match.start()]} | {words[match.end() :]}") is not None


def _judged(words: str, start: int, end: int) -> Meaning:
    """A request that matched, in its surroundings."""
    before = re.split(r"[|,]", words[:start])[-1]
    if surroundings.NEGATED_BY_YOU.search(before) or surroundings.HEARSAY.search(before):
        return Meaning.UNCLEAR
    if surroundings.NEGATED.search(before):
        return Meaning.NOTHING
    after = words[end:]
    if surroundings.NARROWS.match(after) and not surroundings.DOES_NOT_NARROW.match(after):
        return Meaning.NOTHING if _is_business(after) and "text" not in words[start:end] else Meaning.UNCLEAR
    if surroundings.WANTS_ANOTHER_WAY.search(after):
        return Meaning.UNCLEAR
    return Meaning.PLAIN


def _is_business(after: str) -> bool:
    """Whether the same clause goes on about a thing that one may stop, cancel or leave without a word on texts."""
    clause = re.split(r"[|,]", after)[0]
    return surroundings.BUSINESS.search(" ".join(clause.split()[:6])) is not None


# 5. Somebody else's number


def _wrong_number(words: str, heads: set[str]) -> list[Mark]:
    found = _matches(phrases.WRONG_NUMBER, words, heads)
    own = surroundings.GIVES_A_NUMBER.search(words) is not None
    return [(Meaning.UNCLEAR if own else Meaning.WRONG_NUMBER, match.start(), match.end()) for match in found]


# 6. Perhaps


def _unclear(words: str, heads: set[str]) -> list[Mark]:
    plain = surroundings.IDIOMS.sub(lambda idiom: "_" * len(idiom[0]), words)
    found: list[Mark] = []
    for match in _matches(phrases.UNCLEAR, plain, heads):
        before = re.split(r"[|,]", plain[: match.start()])[-1]
        negated = surroundings.NEGATED.search(before) and not surroundings.NEGATED_BY_YOU.search(before)
        other = "call" in match[0] and _wants_texts(plain, match)
        business = not surroundings.NAMES_A_KEYWORD.match(match[0]) and _is_business(plain[match.end() :])
        if not (negated or other or business):
            found.append((Meaning.UNCLEAR, match.start(), match.end()))
    return found or _short(plain)


def _short(words: str) -> list[Mark]:
    content = [word for word in _words(words) if word not in lone_words.FILLER and "_" not in word]
    stop = _STOP.search(words)
    if (
        stop is None
        or len(content) > _SHORT
        or surroundings.NEGATED.search(re.split(r"[|,]", words[: stop.start()])[-1])
    ):
        return []
    return [(Meaning.UNCLEAR, stop.start(), stop.end())]
