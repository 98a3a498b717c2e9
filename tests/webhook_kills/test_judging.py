"""The judge of a run sees each promise that was broken, and none where all were kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.webhook_kills.judging import Facts, Heard, Row, faults

RETRIES_S = (1.0, 2.0)
TEXT, OUT = "message.received", "contact.opted_out"
RARE, ALL = [OUT], [TEXT, OUT]


def kept() -> tuple[Facts, list[Heard]]:
    """A text and an opt-out, told to all: slow was killed once, flaky and hangs failed first, never always fails."""
    rows = [
        Row("steady", "msg_1", 1, TEXT, "delivered", 1),
        Row("steady", "msg_2", 2, OUT, "delivered", 1),
        Row("slow", "msg_3", 1, TEXT, "delivered", 2),
        Row("slow", "msg_4", 2, OUT, "delivered", 1),
        Row("flaky", "msg_5", 1, TEXT, "delivered", 3),
        Row("flaky", "msg_6", 2, OUT, "delivered", 1),
        Row("hangs", "msg_7", 2, OUT, "delivered", 2),
        Row("never", "msg_8", 2, OUT, "failed", 3),
        Row("gone", "msg_9", 1, TEXT, "failed", 1, -0.1),
        Row("gone", "msg_10", 2, OUT, "pending", 0),
    ]
    answers: dict[str, list[tuple[float, int | None]]] = {
        "msg_1": [(0, 204)], "msg_2": [(0, 204)], "msg_3": [(0, 200), (4, 200)], "msg_4": [(0, 200)],
        "msg_5": [(0, 500), (1, 500), (3, 204)], "msg_6": [(0, 204)], "msg_7": [(0, None), (3, 204)],
        "msg_8": [(0, 503), (1, 503), (3, 503)], "msg_9": [(0, 410)],
    }  # fmt: skip
    receivers = {row.webhook_id: row.receiver for row in rows}
    heard = [
        Heard(receivers[id_], id_, at, id_.encode(), True, status)
        for id_, posts in answers.items()
        for at, status in posts
    ]
    disabled = dict.fromkeys(("steady", "slow", "flaky", "hangs", "never")) | {"gone": "The receiver answered 410."}
    kinds = dict.fromkeys(("steady", "slow", "flaky", "gone"), ALL) | dict.fromkeys(("hangs", "never"), RARE)
    return Facts([(7, 1)], {OUT: 1}, [(1, TEXT, (7, 1)), (2, OUT, None)], rows, kinds, disabled), heard


def test_where_all_was_kept_nothing_is_said() -> None:
    assert list(faults(*kept(), RETRIES_S)) == []


def row(facts: Facts, webhook_id: str, **new: object) -> Facts:
    changed = [replace(one, **new) if one.webhook_id == webhook_id else one for one in facts.rows]  # type: ignore[arg-type]  # names are those of Row
    return replace(facts, rows=changed)


def without(facts: Facts, webhook_id: str) -> Facts:
    return replace(facts, rows=[one for one in facts.rows if one.webhook_id != webhook_id])


def only(heard: list[Heard], webhook_id: str, **new: object) -> list[Heard]:
    return [replace(one, **new) if one.webhook_id == webhook_id else one for one in heard]  # type: ignore[arg-type]  # names are those of Heard


Tamper = Callable[[Facts, list[Heard]], tuple[Facts, list[Heard]]]


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        pytest.param(lambda f, h: (replace(f, texts=[(7, 1), (7, 2)]), h), "texts came in", id="a text is not told"),
        pytest.param(
            lambda f, h: (replace(f, events=[*f.events, (3, TEXT, (7, 1))]), h), "2 times", id="a text is told twice"
        ),
        pytest.param(lambda f, h: (replace(f, events=[f.events[0], (3, OUT, None)]), h), "a gap", id="a gap"),
        pytest.param(lambda f, h: (replace(f, flips={OUT: 2}), h), "flipped", id="an opt-out is not told"),
        pytest.param(lambda f, h: (without(f, "msg_1"), h), "are queued", id="nothing was queued"),
        pytest.param(lambda f, h: (f, only(h, "msg_2", answered=None)), "was lost", id="nobody took it"),
        pytest.param(lambda f, h: (row(f, "msg_2", state="pending"), h), "is pending", id="it is still due"),
        pytest.param(
            lambda f, h: (row(f, "msg_9", state="delivered"), h), "did not take it", id="the log says what is not so"
        ),
        pytest.param(lambda f, h: (row(f, "msg_8", state="pending"), h), "given up", id="it is never given up"),
        pytest.param(lambda f, h: (row(f, "msg_8", tries=2), h[:-2] + h[-1:]), "given up", id="it is given up early"),
        pytest.param(lambda f, h: (row(f, "msg_3", tries=1), h), "counts 1 tries", id="a try is not in the log"),
        pytest.param(lambda f, h: (f, only(h, "msg_4", ours=False)), "not signed", id="a wrong signature"),
        pytest.param(
            lambda f, h: (f, [*h[:2], replace(h[2], body=b"other"), *h[3:]]), "different", id="another text in a retry"
        ),
        pytest.param(lambda f, h: (f, only(h, "msg_5", at=0.5)), "too soon", id="a retry at once"),
        pytest.param(
            lambda f, h: (f, [*h, replace(h[0], webhook_id="msg_99")]), "no delivery", id="what nobody queued"
        ),
        pytest.param(
            lambda f, h: (replace(f, disabled=dict(f.disabled) | {"gone": None}), h), "gone is turned on", id="410"
        ),
        pytest.param(
            lambda f, h: (replace(f, disabled=dict(f.disabled) | {"slow": "Why?"}), h), "slow is turned off", id="slow"
        ),
        pytest.param(lambda f, h: (row(f, "msg_9", late_s=9.0), h), "long after", id="told after 410"),
    ],
)
def test_what_was_broken_is_seen(tamper: Tamper, said: str) -> None:
    found = list(faults(*tamper(*kept()), RETRIES_S))
    assert any(said in sentence for sentence in found), found
