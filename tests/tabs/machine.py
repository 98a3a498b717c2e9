"""The state machine: acts of contacts and agents in any order, and the look at every tab after each.

All examples are lived on one server, each in a house of its own: another workspace, with new people and new threads. So
an example does not hang on those before it, and what fails is made smaller. What several do at once may come out one
way or another; an example that fails so may not fail again, and Hypothesis says that, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import trio
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.integration.server import WITHIN_S
from tests.tabs.desks import Desks, Wrong
from tests.tabs.frames import undescribed
from tests.tabs.hall import Hall
from tests.tabs.steps import PERSON, WORDS, Act, take, taken

_AFTER_A_FAULT_S: Final = 1.0
"""What is being made smaller has been waited for in full once."""


@dataclass
class Lived:
    """What the examples held."""

    histories: int = 0
    refused: int = 0
    acts: Counter[str] = field(default_factory=Counter)


_threads: Final[Bundle[int]] = Bundle("threads")
_TAKEN: Final = taken(_threads)
_ACT: Final = st.one_of([st.tuples(st.just(name), st.fixed_dictionaries(of)) for name, of in _TAKEN.items()])


def _alone(name: str) -> Any:
    """A rule: the one act, and nothing beside it."""

    def act(self: Tabs, **given: Any) -> None:
        self.live([(name, given)])

    act.__name__ = name
    named: Any = rule  # its overloads want each strategy by name
    return named(**_TAKEN[name])(act)


class Tabs(RuleBasedStateMachine):
    """Two agents at two tabs each."""

    threads = _threads
    hall: ClassVar[Hall]
    lived: ClassVar[Lived]
    patience_s: ClassVar[float]

    def __init__(self) -> None:
        super().__init__()
        self.desks: Desks = self.hall.do(self.hall.sit_down, self.patience_s)
        self.known: set[int] = set()
        self.wrong = False
        self.lived.histories += 1

    @initialize(target=_threads, person=PERSON, words=WORDS)
    def begin(self, person: int, words: str) -> int:
        """Somebody texts first: nearly all else wants a thread."""
        self.live([("write_in", {"person": person, "words": words})])
        self.known.add(person)
        return person

    @rule(target=_threads, person=PERSON, words=WORDS)
    def write_in(self, person: int, words: str) -> int | MultipleResults[int]:
        self.live([("write_in", {"person": person, "words": words})])
        new = person not in self.known
        self.known.add(person)
        return person if new else multiple()

    write_again = _alone("write_again")
    look_at = _alone("look_at")
    leave = _alone("leave")
    read = _alone("read")
    unread = _alone("unread")
    older = _alone("older")
    next_page = _alone("next_page")
    send = _alone("send")
    type = _alone("type")
    answer = _alone("answer")
    drop = _alone("drop")
    note = _alone("note")
    see_mentions = _alone("see_mentions")
    assign = _alone("assign")
    close = _alone("close")
    snooze = _alone("snooze")
    claim = _alone("claim")
    unclaim = _alone("unclaim")
    merge = _alone("merge")
    cut = _alone("cut")
    back = _alone("back")
    reload = _alone("reload")

    @rule(one=_ACT, other=_ACT)
    def both_at_once(self, one: Act, other: Act) -> None:
        self.live([one, other])

    @rule(acts=st.lists(_ACT, min_size=3, max_size=5))
    def all_at_once(self, acts: list[Act]) -> None:
        self.live(acts)

    @invariant()
    def every_tab_shows_what_the_tables_hold(self) -> None:
        self.look(self.desks.settle)

    def live(self, acts: Sequence[Act]) -> None:
        """Do them at once."""
        self.lived.acts.update(name for name, _ in acts)
        self.look(self._at_once, acts)

    async def _at_once(self, acts: Sequence[Act]) -> None:
        async with trio.open_nursery() as nursery:
            for act in acts:
                nursery.start_soon(take, self.desks, act)

    def look(self, work: Callable[..., Any], *values: object) -> None:
        """Do *work*. Where it shows a fault, later ones are not waited for as long."""
        try:
            self.hall.do(work, *values)
        except BaseException as fault:
            self.wrong = True
            if isinstance(fault, Wrong):
                type(self).patience_s = _AFTER_A_FAULT_S
            raise

    def teardown(self) -> None:
        """Those who are away come back first."""
        try:
            if not self.wrong:
                self.look(self._all_come_back)
        finally:
            self.lived.refused += self.desks.refused
            self.hall.do(self.desks.leave_all)

    async def _all_come_back(self) -> None:
        for tab in self.desks.tabs:
            if tab.away:
                await tab.back()
        await self.desks.settle()
        assert [frame for tab in self.desks.tabs for frame in undescribed(tab.told)] == []


def live(hall: Hall, histories: int, length: int) -> Lived:
    """Live so many examples of so many rules in *hall*. Raises desks.Wrong with the smallest example that was found."""

    class Here(Tabs):
        pass

    Here.hall, Here.lived, Here.patience_s = hall, Lived(), WITHIN_S
    lived_as = settings(
        max_examples=histories,
        stateful_step_count=length,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(Here, settings=lived_as)
    return Here.lived
