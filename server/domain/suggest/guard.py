"""Decides which of a model's replies a person is shown.

A model reads what strangers write, so its answer is taken for a stranger's: nothing of it is shown that says what the
conversation does not know (a number, a time, a price, an address), leads somewhere else (a link), claims to be a
machine, speaks of opting out, or has a blank in it that somebody would have to fill in. One that is refused is left
out; a person sees the others. The same rules hold for a reply of which only the beginning is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.domain.optout import Heard, classify
from server.domain.suggest.masking import EMAIL, Masks, visible

LONGEST: Final = 320  # characters: two segments of plain text; a longer one is not read before it is sent
MOST: Final = 3
AGENT_NAME: Final = "{{agent_name}}"
"""Stands in a reply where whoever sends it puts their own name."""


class Refusal(StrEnum):
    """Why a reply is not shown."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    LINK = "link"
    NUMBER = "number"
    PLACEHOLDER = "placeholder"
    MACHINE = "machine"
    OPT_OUT = "opt_out"
    INSTRUCTIONS = "instructions"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a reply may speak of: `numbers` and `emails` of the conversation, and the `links` that the team has sent.

    A link that the contact sent is none of them: it would lead others where a stranger wants them.
    """

    numbers: frozenset[str]
    links: frozenset[str]
    emails: frozenset[str] = frozenset()

    @classmethod
    def of(cls, said: Sequence[str], ours: Sequence[str]) -> Knowledge:
        """*said* is all that is known of the conversation and the contact, *ours* what the team has written."""
        texts = [visible(text) for text in said]
        numbers = {number for text in texts for number in _numbers(text)}
        links = {link for text in ours for link in _links(visible(text))}
        return cls(frozenset(numbers), frozenset(links), frozenset(found for text in texts for found in emails(text)))


_SPACE: Final = re.compile(r"\s+")
_LINK: Final = re.compile(
    r"(?:https?|ftp|tel|sms|mailto|whatsapp)\s*:\s*/*\S*|\bwww\.\S+"
    r"|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/\S*"
    r"|\b(?:[a-z0-9-]+\s?\.\s?)+(?:com|net|org|info|biz|io|co|us|ly|me|app|link|shop|xyz|online|site|top|ru|cn|uk|ca|de|"
    r"es|fr|mx|br|gov|edu|dev|example|gl|to|cc|tv|gg|be|eu|ai)\b(?:/\S*)?",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d[\d.,:/-]*\d|\d")
_THOUSANDS: Final = re.compile(r"(?<=\d)\s?k\b", re.IGNORECASE)
_BLANK: Final = re.compile(r"[\[\]<>{}]|_{3,}|\bXX+\b")
_MACHINE: Final = re.compile(
    r"\b(?:as an?|i(?:'| a)m an?|this is an?|you(?:'re| are) (?:talking|texting|chatting) (?:to|with) an?) "
    r"(?:\w+[ -]){0,2}(?:ai|a\.i\.|bot|chat ?bot|robot|language model|assistant|machine|computer|program)\b"
    r"|\bartificial intelligence\b|\blanguage model\b|\bchat ?gpt\b|\bopenai\b|\bauto(?:mated|matic)(?: \w+)? "
    r"(?:message|reply|response|text|system)\b|\bvirtual (?:assistant|agent)\b"
    r"|\bi (?:cannot|can't|am unable to) assist\b"
    r"|\b(?:asistente virtual|inteligencia artificial|modelo de lenguaje"
    r"|(?:soy|sou) un? (?:robot|rob[oô]|bot|asistente|ia)"
    r"|mensaje automático|intelligence artificielle|assistant virtuel|assistente virtual|künstliche intelligenz"
    r"|ich bin ein(?:e)? (?:bot|ki|assistent))\b",
    re.IGNORECASE,
)
_OPT_OUT: Final = re.compile(
    r"\b(?:unsubscribe|opt(?:ed|ing)?[ -]?(?:out|in)"
    r"|(?:reply|text|send|answer|responda|envíe|antworten sie)\s+(?:with\s+)?"
    r"[\"'“‘]?(?:stop|start|help|parar|alto|baja|quit|cancel|end)\b"
    r"|stop to (?:end|cancel|quit)|msg ?& ?data|darse de baja)",
    re.IGNORECASE,
)
_SHOUTED: Final = re.compile(r"\b(?:STOP|STOPALL|UNSTOP|PARAR)\b")
_INSTRUCTIONS: Final = re.compile(
    r"\b(?:system prompt|previous instructions?|these instructions|my instructions|i was instructed|json|placeholder"
    r"|suggested repl(?:y|ies)|the customer's (?:text|message))\b",
    re.IGNORECASE,
)


def judge(reply: str, masks: Masks, known: Knowledge, others: Sequence[str] = ()) -> str | Refusal:
    """The reply as people are shown it, or why not. *others* are those that are shown already."""
    put = masks.put_back(_SPACE.sub(" ", visible(reply)).strip().strip('"“”'))
    if put is None:
        return Refusal.PLACEHOLDER
    refusal = fault_of(put, known)
    if refusal is None and any(_plain(put) == _plain(other) for other in others):
        return Refusal.REPEATED
    return refusal or put


def beginning(reply: str, masks: Masks, known: Knowledge) -> str | None:
    """What of a reply that is still being written may be shown: whole words, and nothing that would be refused."""
    whole, _, _ = reply.rpartition(" ")
    judged = judge(whole, masks, known) if whole.strip() else Refusal.EMPTY
    return None if isinstance(judged, Refusal) else judged


def fault_of(text: str, known: Knowledge) -> Refusal | None:
    """Why *text* must not be proposed in a conversation of which *known* is known; None where it may."""
    bare = text.replace(AGENT_NAME, "")
    if not re.search(r"\w", bare) and not text.strip():
        return Refusal.EMPTY
    if len(text) > LONGEST:
        return Refusal.TOO_LONG
    if not known.emails.issuperset(emails(text)) or not known.links.issuperset(_links(EMAIL.sub(" ", text))):
        return Refusal.LINK
    if not known.numbers.issuperset(_numbers(text)) or "[CARD_" in Masks().mask(text):
        return Refusal.NUMBER
    if _BLANK.search(bare):
        return Refusal.PLACEHOLDER
    if _MACHINE.search(bare):
        return Refusal.MACHINE
    if _OPT_OUT.search(bare) or _SHOUTED.search(bare) or classify(bare) not in {None, Heard.YES}:
        return Refusal.OPT_OUT
    return Refusal.INSTRUCTIONS if _INSTRUCTIONS.search(bare) else None


def emails(text: str) -> set[str]:
    """The e-mail addresses in *text*."""
    return {found[0].casefold() for found in EMAIL.finditer(text)}


def _links(text: str) -> set[str]:
    return {re.sub(r"\s+", "", found[0]).casefold().rstrip(".,!?)/") for found in _LINK.finditer(text)}


def _numbers(text: str) -> set[str]:
    """The numbers in *text*, each as one word and by its parts: "10:30" knows of 10:30, 10 and 30, and of 10:00
    none.
    """
    plain = _THOUSANDS.sub(",000", text)
    found: set[str] = set()
    for match in _NUMBER.finditer(plain):
        word = re.sub(r"(?<=\d),(?=\d{3})", "", match[0]).removesuffix(":00")
        found |= {str(int(part)) for part in re.split(r"\D+", word) if part}
    return found


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
