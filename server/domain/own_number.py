"""Decides whether a telephone is a member's own: a text came from it that says the code which its member was shown.

The text goes from the telephone to us and not the other way round. Whoever would prove a stranger's number so has to
make that stranger text us a number of six digits within minutes; nobody gets a text whom we do not know, and the
carrier tells who sends. What was texted is compared by its hash, in constant time, and the code is stored nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

WITHIN: Final = timedelta(minutes=15)
LOOKED_FOR: Final = WITHIN + timedelta(minutes=1)  # what came in the last moment is looked at after it
TRIES: Final = 5  # wrong codes; with a million of them a guess is right once in 200,000
DIGITS: Final = 6
SALT_BYTES: Final = 16

NumberState = Literal["none", "waiting", "verified", "expired", "spent", "taken"]
"""`spent`: too many wrong codes came. `taken`: it was proven to be a colleague's."""


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """A member's telephone, as far as it is known. `text_to`: where the code is to be texted; any of ours will do."""

    workspace_id: int
    member_id: int
    state: NumberState = "none"
    address: str | None = None
    asked_at: datetime | None = None
    verified_at: datetime | None = None
    tries_left: int = TRIES
    text_to: str | None = None

    @property
    def expires_at(self) -> datetime | None:
        return self.asked_at + WITHIN if self.state == "waiting" and self.asked_at is not None else None


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is waited for since `asked_at`. A salted hash does not hide six digits from who reads the table: it keeps
    them out of backups and logs, and a code is worth nothing without the telephone.
    """

    asked_at: datetime
    salt: bytes
    code_hash: bytes
    tries_left: int = TRIES


@dataclass(frozen=True, slots=True)
class Said:
    """A text from the telephone, as T1 stored it."""

    seq: int
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """What the texts up to `seen_seq` say: the number is proven, or so many wrong codes are left."""

    proven: bool
    tries_left: int
    seen_seq: int


def code_of(number: int) -> str:
    """The code for a number that was drawn.

    >>> code_of(42)
    '000042'
    """
    return f"{number % 10**DIGITS:0{DIGITS}}"


def code_in(body: str) -> str | None:
    """The code that a text is, if it is nothing else.

    >>> code_in(" 482913\\n"), code_in("it is 482913"), code_in("48291")
    ('482913', None, None)
    """
    told = body.strip()
    return told if len(told) == DIGITS and told.isascii() and told.isdigit() else None


def hashed(code: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + code.encode()).digest()


def judge(challenge: Challenge, said: Sequence[Said], seen_seq: int) -> Judged:
    """Look at what was *said* in its order. What is no code costs nothing, and neither does one that came too late."""
    left = challenge.tries_left
    for text in said:
        seen_seq = max(seen_seq, text.seq)
        code = code_in(text.body)
        if code is None or text.at >= challenge.asked_at + WITHIN or left == 0:
            continue
        if hmac.compare_digest(hashed(code, challenge.salt), challenge.code_hash):
            return Judged(True, left, seen_seq)
        left -= 1
    return Judged(False, left, seen_seq)


def state_of(
    now: datetime, asked_at: datetime, *, verified: bool, waits: bool, tries_left: int, taken: bool
) -> NumberState:
    """How it stands. `waits`: a code is still waited for; `taken`: it was proven to be another member's."""
    if verified:
        return "verified"
    if taken:
        return "taken"
    if tries_left == 0:
        return "spent"
    return "waiting" if waits and now < asked_at + WITHIN else "expired"
