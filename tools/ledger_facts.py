"""What the simulated carrier says of one run, read as it stands and compared with nothing here.

The carrier's ledger is its own truth: JSON lines, several for one text. A carrier that was killed may leave its last
line torn; any other line that cannot be read is an error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson


class UnreadableLedger(Exception):
    """The ledger is no ledger; the text is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A well-formed request to send reached the carrier.

    *attempt* is the id in its callback's address; *at_s* is CLOCK_MONOTONIC at the arrival of its first byte.
    """

    attempt: str | None
    from_: str
    to: str
    segments: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Request):
    """The carrier took the text, whatever its answer said."""

    sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Request):
    """The carrier did not take it. *told* is the status of the answer, None where there was none."""

    told: int | None

    @property
    def proven(self) -> bool:
        """Whether the answer was one that proves it: whoever read it may try again where the code allows that."""
        return self.told is not None and 400 <= self.told < 500


@dataclass(frozen=True, slots=True)
class Webhook:
    """One attempt of the carrier to tell us something. *answered* is our status, None where there was no answer."""

    sid: str
    answered: int | None
    posted_s: float
    answered_s: float

    @property
    def taken(self) -> bool:
        return self.answered is not None and 200 <= self.answered < 300


@dataclass(frozen=True, slots=True)
class Mo(Webhook):
    """*told_s* is the wall's time at the answer, in seconds since the epoch."""

    told_s: float
    from_: str
    to: str
    body_sha256: str

    @property
    def text(self) -> tuple[str, str, str]:
        return self.from_, self.to, self.body_sha256


@dataclass(frozen=True, slots=True)
class Receipt(Webhook):
    status: str


@dataclass(frozen=True, slots=True)
class Ledger:
    accepted: Sequence[Accepted]
    refused: Sequence[Refused]
    mos: Sequence[Mo]
    receipts: Sequence[Receipt]

    def requests(self) -> Iterator[Request]:
        """Everything that was asked, in no order."""
        yield from self.accepted
        yield from self.refused


def read_ledger(path: Path) -> Ledger:
    """Raises UnreadableLedger, and OSError."""
    entries = list(_entries(path.read_bytes()))
    return Ledger(
        accepted=[Accepted(**_request(entry), sid=entry["sid"]) for entry in entries if entry["t"] == "accepted"],
        refused=[Refused(**_request(entry), told=entry["told"]) for entry in entries if entry["t"] == "refused"],
        mos=[
            Mo(
                **_webhook(entry),
                told_s=datetime.fromisoformat(entry["wall"]).timestamp(),
                from_=entry["from"],
                to=entry["to"],
                body_sha256=entry["body_sha256"],
            )
            for entry in entries
            if entry["t"] == "mo"
        ],
        receipts=[Receipt(**_webhook(entry), status=entry["status"]) for entry in entries if entry["t"] == "receipt"],
    )


def _entries(raw: bytes) -> list[dict[str, Any]]:
    *whole, torn = raw.split(b"\n")
    try:
        entries = [orjson.loads(line) for line in whole]
    except orjson.JSONDecodeError as error:
        raise UnreadableLedger("A line of the ledger, and not its last, cannot be read.") from error
    try:
        return [*entries, orjson.loads(torn)]
    except orjson.JSONDecodeError:
        return entries


def _request(entry: dict[str, Any]) -> dict[str, Any]:
    query = parse_qs(urlsplit(entry["status_callback"] or "").query)
    return {
        "attempt": query.get("attempt", [None])[0],
        "from_": entry["from"],
        "to": entry["to"],
        "segments": entry["segments"],
        "at_s": entry["mono_ns"] / 1e9,
    }


def _webhook(entry: dict[str, Any]) -> dict[str, Any]:
    times = {"posted_s": entry["posted_ns"] / 1e9, "answered_s": entry["mono_ns"] / 1e9}
    return {"sid": entry["sid"], "answered": entry["answered"], **times}
