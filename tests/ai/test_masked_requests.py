"""Whatever a thread says, no raw phone number and no e-mail address leaves in a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from server.ai.model import ModelSuggester
from server.domain.suggest.situation import Line, Situation
from tests.ai.test_model import LONG, Clock, Purse
from tests.domain.suggest.test_masking import EMAILS, NUMBERS

NOW = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
WORDS = st.text(alphabet="abcdefghij klmnop.,!?'\n áñß😊", max_size=25)
BODIES = st.tuples(WORDS, st.one_of(NUMBERS, EMAILS, st.just("")), WORDS)


class Listening:
    """A chat that keeps what it is told."""

    model = "tiny"

    def __init__(self) -> None:
        self.told: list[str] = []

    async def ask(self, rules: str, told: str, heard: Callable[[str], bool]) -> int | None:
        self.told.append(rules + told)
        await trio.lowlevel.checkpoint()
        heard('{"replies": ["Yes!"]}')
        return 1


@settings(deadline=None)  # a trio run in each, on a machine that others use too
@given(st.lists(BODIES, min_size=1, max_size=6), st.one_of(NUMBERS, EMAILS), st.one_of(NUMBERS, EMAILS))
def test_nothing_raw_in_any_request(bodies: list[tuple[str, str, str]], tone: str, garage: str) -> None:
    chat = Listening()
    lines = tuple(Line(n, n % 2 == 0, " ".join(body), NOW) for n, body in enumerate(bodies))
    situation = Situation(1, 1, lines, "model", "Harbor", f"sign with {tone}", values={"garage": garage})

    async def run() -> None:
        await ModelSuggester(chat, Purse(), Clock(), LONG).suggest(situation, lambda items, whole: None)

    trio.run(run)
    [told] = chat.told
    for secret in (tone, garage, *(body[1] for body in bodies)):
        assert not secret or secret not in told
    conversation = told[told.index("<<") :]
    assert not re.search(r"\d{3}[^a-f\d]{0,3}\d{4}", conversation.split(">>", 1)[1].rsplit("<<", 1)[0])
    assert "@" not in conversation
