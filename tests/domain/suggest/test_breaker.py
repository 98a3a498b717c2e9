"""An endpoint that failed is left alone, asked once, and longer each time."""

from server.domain.suggest.breaker import (
    FAILURES,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    Breaker,
    answered,
    ask,
    failed,
    given_up,
)


def broken(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker = failed(breaker, now)
    return breaker


def test_few_failures_change_nothing() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker = failed(breaker, 0.0)
    assert ask(breaker, 0.0) is not None


def test_after_some_in_a_row_nobody_asks_for_a_while() -> None:
    assert ask(broken(), FIRST_PAUSE_S - 0.1) is None


def test_then_one_asks_and_the_others_wait_for_it() -> None:
    asking = ask(broken(), FIRST_PAUSE_S)
    assert asking is not None
    assert ask(asking, FIRST_PAUSE_S) is None


def test_an_answer_closes_it() -> None:
    assert answered(broken()) == Breaker()


def test_each_further_failure_doubles_the_pause_up_to_a_limit() -> None:
    breaker, now = broken(), 0.0
    for _ in range(20):
        now = breaker.until
        breaker = failed(breaker, now)
    assert breaker.until - now == LONGEST_PAUSE_S
    assert failed(broken(), 100.0).until == 100.0 + 2 * FIRST_PAUSE_S


def test_one_word_that_there_is_too_much_is_enough() -> None:
    assert ask(failed(Breaker(), 0.0, 60.0), 59.0) is None
    assert ask(failed(Breaker(), 0.0, 60.0), 60.0) is not None


def test_who_gives_up_leaves_the_question_to_the_next() -> None:
    asking = ask(broken(), FIRST_PAUSE_S)
    assert asking is not None
    assert ask(given_up(asking), FIRST_PAUSE_S) is not None
