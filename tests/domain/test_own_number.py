"""What texts from a telephone say about whose it is."""

from datetime import UTC, datetime, timedelta

import pytest

from server.domain.own_number import (
    TRIES,
    WITHIN,
    Challenge,
    Judged,
    NumberState,
    Said,
    code_in,
    hashed,
    judge,
    state_of,
)

NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
SALT = bytes(range(16))
CODE, WRONG = "482913", "482914"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("482913", "482913", id="the bare code"),
        pytest.param("  482913 \r\n", "482913", id="spaces around it"),
        pytest.param("000042", "000042", id="zeros in front"),
        pytest.param("My code is 482913", None, id="words beside it"),
        pytest.param("482913.", None, id="a full stop"),
        pytest.param("482 913", None, id="in two pieces"),
        pytest.param("48291", None, id="too short"),
        pytest.param("4829130", None, id="too long"),
        pytest.param("٤٨٢٩١٣", None, id="digits of another script"),
        pytest.param("", None, id="nothing"),
        pytest.param("STOP", None, id="a keyword"),
    ],
)
def test_a_text_is_a_code_or_it_is_none(body: str, expected: str | None) -> None:
    assert code_in(body) == expected


def said(*texts: str | tuple[str, timedelta]) -> list[Said]:
    """From place 11 on, at noon or so long after it."""
    placed = [(text, timedelta(0)) if isinstance(text, str) else text for text in texts]
    return [Said(11 + nth, body, NOON + after) for nth, (body, after) in enumerate(placed)]


LAST = WITHIN - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([], Judged(False, TRIES, 10), id="nothing was said"),
        pytest.param([CODE], Judged(True, TRIES, 11), id="the code"),
        pytest.param(["Hello", CODE], Judged(True, TRIES, 12), id="a greeting before it costs nothing"),
        pytest.param([WRONG, CODE], Judged(True, TRIES - 1, 12), id="a slip of the finger before it"),
        pytest.param([CODE, WRONG], Judged(True, TRIES, 11), id="what comes after it is not looked at"),
        pytest.param([WRONG] * (TRIES - 1) + [CODE], Judged(True, 1, 10 + TRIES), id="the last try"),
        pytest.param([WRONG] * TRIES + [CODE], Judged(False, 0, 11 + TRIES), id="one try too many"),
        pytest.param([(CODE, LAST)], Judged(True, TRIES, 11), id="in the last second"),
        pytest.param([(CODE, WITHIN)], Judged(False, TRIES, 11), id="too late"),
        pytest.param([(WRONG, WITHIN)], Judged(False, TRIES, 11), id="wrong and too late costs nothing"),
        pytest.param(["482913 is it"], Judged(False, TRIES, 11), id="the code within a sentence"),
    ],
)
def test_what_was_said_is_judged_in_its_order(texts: list[str | tuple[str, timedelta]], expected: Judged) -> None:
    assert judge(Challenge(NOON, SALT, hashed(CODE, SALT)), said(*texts), 10) == expected


def test_tries_that_were_used_before_stay_used() -> None:
    challenge = Challenge(NOON, SALT, hashed(CODE, SALT), tries_left=1)
    assert judge(challenge, said(WRONG, CODE), 10) == Judged(False, 0, 12)


def test_the_same_code_has_another_hash_for_everybody() -> None:
    assert hashed(CODE, SALT) != hashed(CODE, SALT[::-1])
    assert CODE.encode() not in hashed(CODE, SALT)


@pytest.mark.parametrize(
    ("facts", "after", "expected"),
    [
        pytest.param({"waits": True}, timedelta(0), "waiting", id="just asked"),
        pytest.param({"waits": True}, WITHIN, "expired", id="a quarter of an hour later"),
        pytest.param({"verified": True}, WITHIN * 100, "verified", id="proven long ago"),
        pytest.param({"tries_left": 0}, timedelta(0), "spent", id="too many wrong codes"),
        pytest.param({"waits": True, "taken": True}, timedelta(0), "taken", id="a colleague was first"),
    ],
)
def test_how_it_stands(facts: dict[str, object], after: timedelta, expected: NumberState) -> None:
    plain: dict[str, object] = {"verified": False, "waits": False, "tries_left": TRIES, "taken": False}
    assert state_of(NOON + after, NOON, **plain | facts) == expected  # type: ignore[arg-type]  # of mixed kinds
