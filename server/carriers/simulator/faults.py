"""How the carrier misbehaves, and for whom.

A *magic recipient* is +1 802 555 01nn: nn chooses the behaviour in `MAGIC`. Scripted behaviours go before it, chance
comes after it; without any of them the carrier behaves.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal

MAGIC_PREFIX: Final = "+180255501"
"""Vermont: a real area code, one zone, and not among the demo's contacts."""


@dataclass(frozen=True, slots=True)
class Step:
    """The message turns *status* after *after_s*; the receipt of that is posted *times* times."""

    after_s: float
    status: str
    error_code: int | None = None
    times: int = 1


NORMAL: Final = (Step(0.05, "sent"), Step(0.25, "delivered"))

Ending = Literal["answer", "error", "hang", "reset", "cut", "close", "garbage", "redirect"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to one request to send.

    *accepts*: the message goes into the ledger. *ending* is what the client then sees after *delay_s*: `error` answers
    *http_status* and *code*, `reset` breaks before a byte, `cut` in the middle of the answer, `close` ends silently.
    *first* limits the behaviour to the first n requests for a recipient; *early*: receipts go before the answer.
    """

    accepts: bool = True
    ending: Ending = "answer"
    delay_s: float = 0.0
    http_status: int = 201
    code: int = 0
    retry_after_s: int | None = None
    steps: tuple[Step, ...] = NORMAL
    early: bool = False
    first: int | None = None


def _refused(code: int, http_status: int = 400) -> Behaviour:
    return Behaviour(accepts=False, ending="error", http_status=http_status, code=code)


def _ends(status: str, code: int) -> Behaviour:
    return Behaviour(steps=(Step(0.05, "sent"), Step(0.25, status, code)))


BEHAVIOURS: Final[dict[str, Behaviour]] = {
    "normal": Behaviour(),
    # Accepted, and the client cannot know it
    "slow": Behaviour(delay_s=3.0),
    "accept_hang": Behaviour(ending="hang"),
    "accept_500": Behaviour(ending="error", http_status=500, code=20500),
    "accept_503": Behaviour(ending="error", http_status=503, code=20503),
    "accept_cut": Behaviour(ending="cut"),
    "accept_reset": Behaviour(ending="reset"),
    "accept_close": Behaviour(ending="close"),
    "accept_garbage": Behaviour(ending="garbage"),
    "accept_302": Behaviour(ending="redirect"),
    # Not accepted, and the client cannot know that either
    "refuse_500": _refused(20500, 500),
    "refuse_reset": Behaviour(accepts=False, ending="reset"),
    "refuse_hang": Behaviour(accepts=False, ending="hang"),
    # Not accepted, and said so
    "throttle_twice": replace(_refused(20429, 429), retry_after_s=1, first=2),
    "throttle": replace(_refused(20429, 429), retry_after_s=1),
    "opted_out": _refused(21610),
    "invalid": _refused(21211),
    "landline": _refused(21614),
    "bad_credentials": _refused(20003, 401),
    "odd_error": _refused(99999),
    # Accepted; the receipts say more
    "filtered": _ends("undelivered", 30007),
    "unreachable": _ends("undelivered", 30003),
    "no_such_number": _ends("failed", 30005),
    "opted_out_receipt": _ends("undelivered", 21610),
    "receipts_twice": Behaviour(steps=tuple(replace(step, times=2) for step in NORMAL)),
    "receipts_reversed": Behaviour(steps=(Step(0.05, "delivered"), Step(0.25, "sent"))),
    "receipts_early": Behaviour(early=True, delay_s=0.2),
    "receipts_then_cut": Behaviour(ending="cut", early=True),
    "receipts_never": Behaviour(steps=()),
    "receipts_late": Behaviour(steps=(Step(0.05, "sent"), Step(10.0, "delivered"))),
}

MAGIC: Final[dict[str, str]] = {
    "00": "normal",
    "10": "slow",
    "11": "accept_hang",
    "12": "accept_500",
    "13": "accept_503",
    "14": "accept_cut",
    "15": "accept_reset",
    "16": "accept_close",
    "17": "accept_garbage",
    "18": "accept_302",
    "20": "refuse_500",
    "21": "refuse_reset",
    "22": "refuse_hang",
    "30": "throttle_twice",
    "31": "throttle",
    "32": "opted_out",
    "33": "invalid",
    "34": "landline",
    "35": "bad_credentials",
    "36": "odd_error",
    "40": "filtered",
    "41": "unreachable",
    "42": "no_such_number",
    "43": "opted_out_receipt",
    "50": "receipts_twice",
    "51": "receipts_reversed",
    "52": "receipts_early",
    "55": "receipts_then_cut",
    "53": "receipts_never",
    "54": "receipts_late",
}
"""The last two digits of a magic recipient and the behaviour that it gets."""

BY_CHANCE: Final = (
    "accept_500", "accept_cut", "accept_reset", "accept_close", "accept_garbage", "refuse_500", "refuse_reset",
    "receipts_twice", "receipts_reversed", "receipts_early", "receipts_never",
)  # fmt: skip
"""What `--fault-rate` draws from. Hangs and throttling are left out: they would measure patience."""


class Faults:
    """Chooses a behaviour for each request. *rate* is the share of ordinary requests that get one of *kinds*."""

    def __init__(
        self, rng: Random, *, rate: float = 0.0, slow_s: float = 0.0, kinds: Sequence[str] = BY_CHANCE
    ) -> None:
        self.rate = rate
        self.slow_s = slow_s
        self.kinds = kinds
        self.scripted: deque[str] = deque()
        self._rng = rng
        self._seen: Counter[str] = Counter()

    def choose(self, to: str) -> Behaviour:
        behaviour = BEHAVIOURS[self._name(to)]
        if behaviour.first is not None:
            self._seen[to] += 1
            if self._seen[to] > behaviour.first:
                behaviour = BEHAVIOURS["normal"]
        return replace(behaviour, delay_s=behaviour.delay_s + self.slow_s) if self.slow_s else behaviour

    def _name(self, to: str) -> str:
        if self.scripted:
            return self.scripted.popleft()
        if to.startswith(MAGIC_PREFIX):
            return MAGIC.get(to.removeprefix(MAGIC_PREFIX), "normal")
        if self.rate and self._rng.random() < self.rate:
            return self._rng.choice(self.kinds)
        return "normal"
