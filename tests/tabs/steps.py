"""What may happen at the desks: each act, and what it takes.

An agent is named by the first of their tabs, a person by the place in `PEOPLE`, a thread by the person who texts there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from hypothesis import strategies as st

from tests.tabs.desks import KNOWN, PEOPLE, TABS, Desks

Act = tuple[str, Mapping[str, Any]]
"""A name of `ACTS`, and what that takes, by name."""

_WORDS: Final = ("Hello", "Is it still available?", "Tomorrow at ten?", "Ok, see you", "👍 " * 30)
_NOTES: Final = ("Called, nobody there", "@Ann please look", "@Bob and @Ann: who takes this?")


async def write_in(desks: Desks, person: int, words: str) -> None:
    await desks.text_in(person, words)


async def write_again(desks: Desks, thread: int, words: str) -> None:
    await desks.text_in(thread, words)


async def merge(desks: Desks, agent: int, one: int, other: int) -> None:
    body = {"other_id": desks.contacts[other]}
    await desks.by_api(desks.agents[agent], "POST", f"contacts/{desks.contacts[one]}/merge", body)


def in_thread(do: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[None]]:
    """An act in the thread of a person who has texted, by whoever has this tab."""

    async def act(desks: Desks, tab: int, thread: int, **more: Any) -> None:
        await do(desks, tab, await desks.thread(thread), **more)

    return act


def by_agent(method: str, path: str, body: Callable[..., Any] = lambda desks: None) -> Callable[..., Awaitable[None]]:
    """An act that a page asks of the API, in a thread."""

    async def act(desks: Desks, agent: int, thread: int, **more: Any) -> None:
        id_ = await desks.thread(thread)
        await desks.by_api(desks.agents[agent], method, f"threads/{id_}/{path}", body(desks, **more))

    return act


async def send(desks: Desks, tab: int, thread: int, words: str) -> None:
    await desks.tabs[tab].call("send", thread, words)


async def type_(desks: Desks, tab: int, thread: int, on: bool) -> None:
    await desks.tabs[tab].call("typing", thread, on)


async def answer(desks: Desks, tab: int, thread: int, over: bool) -> None:
    """What the page does as soon as somebody writes there, or takes the conversation over."""
    await desks.tabs[tab].call("claim", thread, over)


async def drop(desks: Desks, tab: int, thread: int) -> None:
    await desks.tabs[tab].call("unclaim", thread)


async def snooze(desks: Desks, agent: int, thread: int, on: bool) -> None:
    await desks.snooze(desks.agents[agent], await desks.thread(thread), on)


def _note(_: Desks, words: str) -> dict[str, str]:
    return {"cmd_id": str(uuid4()), "body": words}


def _assigned(desks: Desks, to: int | None) -> dict[str, int | None]:
    return {"member_id": None if to is None else desks.agents[to]}


ACTS: Final[Mapping[str, Callable[..., Awaitable[None]]]] = {
    "write_in": write_in, "write_again": write_again, "merge": merge, "send": in_thread(send),
    "look_at": in_thread(Desks.look_at), "leave": in_thread(Desks.leave),
    "read": in_thread(Desks.read), "unread": in_thread(Desks.unread), "older": in_thread(Desks.older),
    "next_page": Desks.next_page, "type": in_thread(type_), "answer": in_thread(answer), "drop": in_thread(drop),
    "note": by_agent("POST", "notes", _note), "see_mentions": by_agent("POST", "mentions/seen"),
    "assign": by_agent("PUT", "assignee", _assigned),
    "close": by_agent("PUT", "closed", lambda _, on: {"closed": on}), "snooze": snooze,
    "claim": by_agent("PUT", "claim", lambda _, over: {"over": over}), "unclaim": by_agent("DELETE", "claim"),
    "cut": Desks.cut, "back": Desks.back, "reload": Desks.reload,
}  # fmt: skip

# One tab and one person are busier than the others: else hardly anything would be done twice to the same.
_tab = {"tab": st.sampled_from((*range(TABS), 0, 0, 0, 0))}
_agent = {"agent": st.sampled_from((0, TABS // 2))}
PERSON: Final = st.sampled_from((*range(len(PEOPLE)), 0, 0, 0, 0))
WORDS: Final = st.sampled_from(_WORDS)
_words = {"words": WORDS}
_on = {"on": st.booleans()}
_over = {"over": st.booleans()}
_known = st.integers(0, KNOWN - 1)

Takes = dict[str, st.SearchStrategy[Any]]


def taken(threads: st.SearchStrategy[int]) -> Mapping[str, Takes]:
    """What each act takes. *threads* gives people who have texted."""
    thread = {"thread": threads}
    at_tab, by_api = _tab | thread, _agent | thread
    return {
        "write_in": {"person": PERSON} | _words, "write_again": thread | _words,
        "merge": _agent | {"one": _known, "other": _known}, "send": at_tab | _words,
        "look_at": at_tab, "leave": at_tab, "read": at_tab, "unread": at_tab | {"ordinal": st.integers(0, 9)},
        "older": at_tab, "next_page": _tab, "type": at_tab | _on, "answer": at_tab | _over, "drop": at_tab,
        "note": by_api | {"words": st.sampled_from(_NOTES)}, "see_mentions": by_api,
        "assign": by_api | {"to": st.sampled_from((None, 0, TABS // 2))}, "close": by_api | _on,
        "snooze": by_api | _on, "claim": by_api | _over, "unclaim": by_api,
        "cut": _tab | {"after": st.integers(0, 2_000)}, "back": _tab, "reload": _tab,
    }  # fmt: skip


async def take(desks: Desks, act: Act) -> None:
    """Carry *act* out."""
    name, given = act
    await ACTS[name](desks, **given)
