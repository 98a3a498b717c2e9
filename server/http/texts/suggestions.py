"""Suggested replies: those for a thread as it stands, which of them a member took up, and what a workspace wants."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from server.domain.roles import Deed
from server.domain.suggest.guard import AGENT_NAME, MOST
from server.http.call import Answer, Call
from server.http.errors import not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes, whoever_may
from server.http.settings import change
from server.http.texts.threads import Ordinal

_THREAD: Final = f"/api/v1/threads/{part('thread_id')}/suggestions"
_COUNTED: Final = timedelta(days=30)

routes: Final = Routes("suggestions")


class SuggestedOut(BaseModel):
    """`based_on`: the seq of the text that they answer; null where nothing is suggested now. They are never sent by
    themselves. `source`: `model`, called `label`, or `offline`: what the team has answered before, and its templates.
    """

    based_on: int | None
    source: Literal["model", "offline"] | None
    label: str
    items: list[str]


class PickedIn(BaseModel):
    """`item` counts from 0."""

    model_config = ConfigDict(extra="forbid")

    based_on: Ordinal
    item: int = Field(ge=0, lt=MOST)


Tone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]


class SuggestionSettingsIn(BaseModel):
    """`mode`: `off`, `offline` (nothing leaves the server), or `model`, where the server has the key of one. `tone` is
    told to the model. A day (UTC) has at most so many requests to it, and so many tokens; then the offline ones stand
    in.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Literal["off", "offline", "model"]
    tone: Tone = ""
    day_requests: int = Field(ge=0, le=1_000_000)
    day_tokens: int = Field(ge=0, le=10_000_000_000)


class SuggestionSettingsOut(BaseModel):
    """`model`: the one that this server asks; null: it has the key of none, and the offline ones stand in.

    `accepted` were sent as they were, `edited` with other words, `ignored` not at all, `waiting` have not been
    answered: all of the last 30 days.
    """

    mode: Literal["off", "offline", "model"]
    tone: str
    day_requests: int
    day_tokens: int
    model: str | None
    requests_today: int
    tokens_today: int
    accepted: int
    edited: int
    ignored: int
    waiting: int


@routes.get(_THREAD, MEMBER, answers={200: SuggestedOut})
async def suggestions(call: Call, thread_id: int) -> Answer:
    """What is suggested for the newest text of a thread. The socket tells it as it comes."""
    workspace_id, deps = call.member.workspace_id, call.deps
    if await deps.inbox.thread(workspace_id, call.member.member_id, thread_id, limit=1) is None:
        raise not_found()
    found = await deps.suggestions.latest(workspace_id, thread_id)
    if found is None:
        return Answer(SuggestedOut(based_on=None, source=None, label="", items=[]))
    items = [item.replace(AGENT_NAME, call.member.name) for item in found.items]
    return Answer(SuggestedOut(based_on=found.based_on, source=found.source, label=found.label, items=items))


@routes.post(f"{_THREAD}/picked", MEMBER, body=PickedIn, answers={204: None})
async def picked(call: Call, thread_id: int, body: PickedIn) -> Answer:
    """A suggestion was put into the reply, where it can be changed. What is sent says what became of it."""
    member, now = call.member, call.deps.clock.wall()
    given = member.workspace_id, member.member_id, thread_id, body.based_on, body.item, now
    if not await call.deps.suggestions.pick(*given):
        raise not_found()
    return Answer(status=204)


@routes.get("/api/v1/settings/suggestions", MEMBER, answers={200: SuggestionSettingsOut})
async def suggestion_settings(call: Call) -> Answer:
    """What the workspace wants of suggested replies, what they cost today, and what became of them."""
    return Answer(await _settings(call))


@routes.put(
    "/api/v1/settings/suggestions",
    whoever_may(Deed.CHANGE_SETTINGS),
    body=SuggestionSettingsIn,
    answers={200: SuggestionSettingsOut},
)
async def change_suggestion_settings(call: Call, body: SuggestionSettingsIn) -> Answer:
    """Change what the workspace wants of suggested replies."""
    await change(call, {f"ai_{name}": value for name, value in body.model_dump().items()})
    return Answer(await _settings(call))


async def _settings(call: Call) -> SuggestionSettingsOut:
    workspace_id, deps = call.member.workspace_id, call.deps
    wanted = await deps.suggestions.settings(workspace_id)
    figures = await deps.suggestions.figures(workspace_id, deps.clock.wall() - _COUNTED, deps.now().date())
    return SuggestionSettingsOut(
        mode=wanted.mode,
        tone=wanted.tone,
        day_requests=wanted.day_requests,
        day_tokens=wanted.day_tokens,
        model=deps.suggesting_model,
        requests_today=figures.requests_today,
        tokens_today=figures.tokens_today,
        accepted=figures.accepted,
        edited=figures.edited,
        ignored=figures.ignored,
        waiting=figures.waiting,
    )
