"""What other programs hear: a stream of events for each workspace, and the webhooks that post them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

DeliveryState = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Event:
    """`seq` has no gap within a workspace. `data` is as domain.webhooks.Kind has it, by kind. `seen_by`: the
    members whom it concerns, where that is not everybody.
    """

    workspace_id: int
    seq: int
    kind: str
    data: dict[str, Any]
    at: datetime
    seen_by: frozenset[int] | None = None


def withheld(event: Event) -> Event:
    """What those hear who may not see it: that its place in the stream is taken."""
    return Event(event.workspace_id, event.seq, "withheld", {}, event.at)


@dataclass(frozen=True, slots=True)
class EventPage:
    """`head` is the newest seq there is, `oldest` the first that is still kept; 0 where there is none."""

    events: Sequence[Event]
    head: int
    oldest: int


@dataclass(frozen=True, slots=True)
class HookEndpoint:
    endpoint_id: int
    url: str
    kinds: Sequence[str]
    secret: str = field(repr=False)
    old_secret_until: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint, in the log."""

    delivery_id: int
    endpoint_id: int
    event_seq: int
    kind: str
    state: DeliveryState
    tries: int
    due_at: datetime | None
    tried_at: datetime | None
    status: int | None
    error: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """A try that is to be made now. `secrets`: all that sign it."""

    delivery_id: int
    endpoint_id: int
    tries: int
    url: str
    simulated: bool
    secrets: Sequence[str] = field(repr=False)
    event: Event


@dataclass(frozen=True, slots=True)
class Answered:
    """`status` None: no answer, and `error` says in a sentence why."""

    status: int | None
    error: str | None = None
    retry_after_s: float | None = None


class EventStream(Protocol):
    async def listen(self, workspace_id: int) -> None:
        """From now on events of this workspace are kept. Safe to repeat."""

    async def number(self, limit: int) -> Sequence[Event]:
        """Give what waits its place in the streams, and its deliveries; what was given one now."""

    async def after(self, workspace_id: int, seq: int, limit: int) -> EventPage: ...

    async def newest(self, workspace_id: int, limit: int) -> EventPage: ...


class Hooks(Protocol):
    """Endpoints and their log, for people. Every method checks the workspace; changes are audited."""

    async def endpoints(self, workspace_id: int) -> Sequence[HookEndpoint]: ...

    async def add(
        self, workspace_id: int, member_id: int, url: str, kinds: Sequence[str], secret: str
    ) -> HookEndpoint: ...

    async def change(
        self,
        workspace_id: int,
        endpoint_id: int,
        member_id: int,
        *,
        url: str | None,
        kinds: Sequence[str] | None,
        disabled: bool | None,
        now: datetime,
    ) -> HookEndpoint | None: ...

    async def rotate(
        self, workspace_id: int, endpoint_id: int, member_id: int, secret: str, old_until: datetime
    ) -> HookEndpoint | None: ...

    async def deliveries(
        self, workspace_id: int, endpoint_id: int, *, before: int | None, limit: int
    ) -> Sequence[Delivery] | None: ...

    async def replay(self, workspace_id: int, delivery_id: int, member_id: int) -> Delivery | None:
        """Try it again from the start, under the same id."""


class HookQueue(Protocol):
    """The durable queue. A try that nobody answered for within *lease_s* is made again, under the same id."""

    async def claim(self, limit: int, busy: Sequence[int], lease_s: float) -> Sequence[Post]:
        """Deliveries that are due, none to the *busy* endpoints."""

    async def settle(self, post: Post, answered: Answered, *, state: DeliveryState, again_in_s: float | None) -> None:
        """Nothing where another try has begun meanwhile."""

    async def gone(self, post: Post, answered: Answered, why: str) -> None:
        """The endpoint is told nothing any more, and this delivery is at its end."""


class Poster(Protocol):
    async def __call__(self, post: Post, body: bytes, headers: Sequence[tuple[str, str]]) -> Answered:
        """Post it, follow no redirect, and say what came back."""

    async def aclose(self) -> None:
        """End the connections that are kept."""
