"""Webhooks that go out: where to, of what, how they are signed, and what became of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from server.domain.roles import Deed
from server.domain.webhooks import Kind, new_secret, url_fault
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import Id, part
from server.http.rules import Routes, whoever_may
from server.ports.events import Delivery, HookEndpoint

PROGRAMS: Final = whoever_may(Deed.CONNECT_PROGRAMS)
routes: Final = Routes("webhooks")

_HOOKS: Final = "/api/v1/webhooks"
_ONE: Final = f"{_HOOKS}/{part('endpoint_id')}"
_OLD_SIGNS_FOR: Final = timedelta(hours=24)
MOST: Final = 20

Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class WebhookIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Url
    kinds: set[Kind] = Field(min_length=1)


class WebhookChange(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    kinds: set[Kind] | None = Field(default=None, min_length=1)
    disabled: bool | None = None


class WebhookOut(BaseModel):
    """`old_secret_until`: until then two signatures are sent. `disabled_why`: in a sentence."""

    id: int
    url: str
    kinds: list[str]
    old_secret_until: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None
    created_at: datetime


class WebhookSecretOut(WebhookOut):
    """`secret` is what its receiver verifies signatures with; it is shown only when it is made."""

    secret: str


class WebhooksOut(BaseModel):
    webhooks: list[WebhookOut]


class DeliveriesQuery(BaseModel):
    """`before` is the `event_seq` of the last one read."""

    model_config = ConfigDict(extra="forbid")

    before: Id | None = None
    limit: int = Field(default=50, ge=1, le=200)


class DeliveryOut(BaseModel):
    """`status` and `error` are of the last try; `due_at`: when the next one is, while it is pending."""

    id: int
    webhook_id: str
    event_seq: int
    kind: str
    state: Literal["pending", "delivered", "failed"]
    tries: int
    at: datetime
    tried_at: datetime | None
    due_at: datetime | None
    status: int | None
    error: str | None


class DeliveriesOut(BaseModel):
    deliveries: list[DeliveryOut]


@routes.get(_HOOKS, PROGRAMS, answers={200: WebhooksOut})
async def webhooks(call: Call) -> Answer:
    """Where events of this workspace are posted to."""
    return Answer(
        WebhooksOut(webhooks=[_out(one) for one in await call.deps.hooks.endpoints(call.member.workspace_id)])
    )


@routes.post(_HOOKS, PROGRAMS, body=WebhookIn, answers={201: WebhookSecretOut})
async def add_webhook(call: Call, body: WebhookIn) -> Answer:
    """Post events to an address from now on. Its secret is shown in this answer and never again."""
    _check(call, body.url)
    member, secret = call.member, new_secret()
    if len(await call.deps.hooks.endpoints(member.workspace_id)) >= MOST:
        raise Problem(409, "too_many", f"There are {MOST} webhooks already; change one of them.")
    added = await call.deps.hooks.add(member.workspace_id, member.member_id, body.url, sorted(body.kinds), secret)
    return Answer(WebhookSecretOut(**_out(added).model_dump(), secret=secret), 201)


@routes.patch(_ONE, PROGRAMS, body=WebhookChange, answers={200: WebhookOut})
async def change_webhook(call: Call, endpoint_id: int, body: WebhookChange) -> Answer:
    """Another address, other events, off or on again. What waited while it was off is posted then."""
    if body.url is not None:
        _check(call, body.url)
    changed = await call.deps.hooks.change(
        call.member.workspace_id,
        endpoint_id,
        call.member.member_id,
        url=body.url,
        kinds=None if body.kinds is None else sorted(body.kinds),
        disabled=body.disabled,
        now=call.deps.now(),
    )
    call.deps.ring_hooks()
    return Answer(_out(_found(changed)))


@routes.post(f"{_ONE}/secret", PROGRAMS, answers={200: WebhookSecretOut})
async def rotate_secret(call: Call, endpoint_id: int) -> Answer:
    """Make a new secret. For a day the old one signs too, so that the receiver can change over."""
    member, secret = call.member, new_secret()
    until = call.deps.now() + _OLD_SIGNS_FOR
    rotated = await call.deps.hooks.rotate(member.workspace_id, endpoint_id, member.member_id, secret, until)
    return Answer(WebhookSecretOut(**_out(_found(rotated)).model_dump(), secret=secret))


@routes.get(f"{_ONE}/deliveries", PROGRAMS, query=DeliveriesQuery, answers={200: DeliveriesOut})
async def deliveries(call: Call, endpoint_id: int, query: DeliveriesQuery) -> Answer:
    """What was posted there, the newest first, and what became of it; kept for seven days."""
    found = await call.deps.hooks.deliveries(
        call.member.workspace_id, endpoint_id, before=query.before, limit=query.limit
    )
    if found is None:
        raise not_found()
    return Answer(DeliveriesOut(deliveries=[_delivery(one) for one in found]))


@routes.post(f"{_HOOKS}/deliveries/{part('delivery_id')}/replay", PROGRAMS, answers={200: DeliveryOut})
async def replay(call: Call, delivery_id: int) -> Answer:
    """Post it once more, under the same id, with all its retries."""
    again = await call.deps.hooks.replay(call.member.workspace_id, delivery_id, call.member.member_id)
    if again is None:
        raise not_found()
    call.deps.ring_hooks()
    return Answer(_delivery(again))


def _check(call: Call, url: str) -> None:
    fault = url_fault(url, simulated=call.logged_in.workspace.simulated)
    if fault is not None:
        raise Problem(422, "bad_url", fault, field="url")


def _found(endpoint: HookEndpoint | None) -> HookEndpoint:
    if endpoint is None:
        raise not_found()
    return endpoint


def _out(one: HookEndpoint) -> WebhookOut:
    return WebhookOut(
        id=one.endpoint_id,
        url=one.url,
        kinds=list(one.kinds),
        old_secret_until=one.old_secret_until,
        disabled_at=one.disabled_at,
        disabled_why=one.disabled_why,
        created_at=one.created_at,
    )


def _delivery(one: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=one.delivery_id,
        webhook_id=f"msg_{one.delivery_id}",
        event_seq=one.event_seq,
        kind=one.kind,
        state=one.state,
        tries=one.tries,
        at=one.at,
        tried_at=one.tried_at,
        due_at=one.due_at,
        status=one.status,
        error=one.error,
    )
