"""What may happen at the desks, one step each, and how a step is drawn. Places beyond what is there wrap around."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from hypothesis import strategies as st

from tests.integration.server import ANN, BOB
from tests.tabs.desks import AGENTS, KNOWN, PEOPLE, Desks

Step = tuple[Any, ...]
"""A name of `STEPS`, and what that takes."""

_WORDS: Final = ("Hello", "Is it still available?", "Tomorrow at ten?", "Ok, see you", "👍 " * 30)
_NOTES: Final = ("Called, nobody there", "@Ann please look", "@Bob and @Ann: who takes this?")


async def text_in(desks: Desks, person: int, words: int) -> None:
    await desks.text_in(person, _WORDS[words])


async def merge(desks: Desks, agent: int, one: int, other: int) -> None:
    body = {"other_id": desks.contacts[other]}
    await desks.by_api(agent, "POST", f"contacts/{desks.contacts[one]}/merge", body)


def in_thread(do: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[None]]:
    """A step whose second value is the place of a thread; nothing happens where there is none yet."""

    async def step(desks: Desks, who: int, place: int, *more: Any) -> None:
        thread = await desks.thread(place)
        if thread is not None:
            await do(desks, who, thread, *more)

    return step


async def send(desks: Desks, tab: int, thread: int, words: int) -> None:
    await desks.tabs[tab].call("send", thread, _WORDS[words])


async def type_(desks: Desks, tab: int, thread: int, typing: bool) -> None:
    await desks.tabs[tab].call("typing", thread, typing)


async def answer(desks: Desks, tab: int, thread: int, over: bool) -> None:
    """What the page does as soon as somebody writes there, or takes the conversation over."""
    await desks.tabs[tab].call("claim", thread, over)


async def drop(desks: Desks, tab: int, thread: int) -> None:
    await desks.tabs[tab].call("unclaim", thread)


async def note(desks: Desks, agent: int, thread: int, words: int) -> None:
    await desks.by_api(agent, "POST", f"threads/{thread}/notes", {"cmd_id": str(uuid4()), "body": _NOTES[words]})


async def assign(desks: Desks, agent: int, thread: int, to: int | None) -> None:
    await desks.by_api(agent, "PUT", f"threads/{thread}/assignee", {"member_id": to})


async def close(desks: Desks, agent: int, thread: int, closed: bool) -> None:
    await desks.by_api(agent, "PUT", f"threads/{thread}/closed", {"closed": closed})


async def claim(desks: Desks, agent: int, thread: int, over: bool) -> None:
    await desks.by_api(agent, "PUT", f"threads/{thread}/claim", {"over": over})


async def unclaim(desks: Desks, agent: int, thread: int) -> None:
    await desks.by_api(agent, "DELETE", f"threads/{thread}/claim")


async def see_mentions(desks: Desks, agent: int, thread: int) -> None:
    await desks.by_api(agent, "POST", f"threads/{thread}/mentions/seen")


STEPS: Final[Mapping[str, Callable[..., Awaitable[None]]]] = {
    "text_in": text_in, "merge": merge, "cut": Desks.cut, "back": Desks.back, "reload": Desks.reload,
    "next_page": Desks.next_page,
    "look_at": in_thread(Desks.look_at), "leave": in_thread(Desks.leave), "read": in_thread(Desks.read),
    "unread": in_thread(Desks.unread), "older": in_thread(Desks.older), "send": in_thread(send),
    "type": in_thread(type_), "note": in_thread(note), "assign": in_thread(assign), "close": in_thread(close),
    "snooze": in_thread(Desks.snooze), "claim": in_thread(claim), "unclaim": in_thread(unclaim),
    "see_mentions": in_thread(see_mentions), "answer": in_thread(answer), "drop": in_thread(drop),
}  # fmt: skip

_tab = st.integers(0, len(AGENTS) - 1)
_agent = st.sampled_from((ANN, BOB))
_place = st.integers(0, len(PEOPLE) - 1)
_known = st.integers(0, KNOWN - 1)
_words = st.integers(0, len(_WORDS) - 1)
_notes = st.integers(0, len(_NOTES) - 1)

_TAKES: Final[Mapping[str, tuple[st.SearchStrategy[Any], ...]]] = {
    "text_in": (_place, _words), "merge": (_agent, _known, _known), "cut": (_tab, st.integers(0, 2_000)),
    "back": (_tab,), "reload": (_tab,), "next_page": (_tab,), "look_at": (_tab, _place), "leave": (_tab, _place),
    "read": (_tab, _place), "unread": (_tab, _place, st.integers(0, 9)), "older": (_tab, _place),
    "send": (_tab, _place, _words), "type": (_tab, _place, st.booleans()), "note": (_agent, _place, _notes),
    "assign": (_agent, _place, st.sampled_from((ANN, BOB, None))), "close": (_agent, _place, st.booleans()),
    "snooze": (_agent, _place, st.booleans()), "claim": (_agent, _place, st.booleans()),
    "answer": (_tab, _place, st.booleans()), "drop": (_tab, _place), "unclaim": (_agent, _place),
    "see_mentions": (_agent, _place),
}  # fmt: skip
_OFTEN: Final = ("text_in", "text_in", "look_at", "look_at", "read", "send", "cut", "back")

STEP: Final[st.SearchStrategy[Step]] = st.sampled_from((*_TAKES, *_OFTEN)).flatmap(
    lambda name: st.tuples(st.just(name), *_TAKES[name])
)


async def take(desks: Desks, step: Step) -> None:
    """Carry *step* out."""
    await STEPS[step[0]](desks, *step[1:])
