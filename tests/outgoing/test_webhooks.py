"""Webhooks as a receiver meets them: signed as Standard Webhooks has it, repeated under one id, and never astray."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import trio
from standardwebhooks import Webhook, WebhookVerificationError

from server.actors.webhooks import AT_ONCE
from server.domain.webhooks import new_secret
from server.outgoing.posting import WebPoster
from server.ports.events import Answered, Event, Post
from tests.outgoing.conftest import Outlet, Receiver
from tests.store.world import NOON

pytestmark = pytest.mark.integration


async def test_a_reply_is_posted_and_the_packages_own_check_agrees(outlet: Outlet) -> None:
    await outlet.world.receive("Is it still free?")
    await outlet.receiver.posted(1)
    [(headers, body)] = outlet.receiver.posts
    told = Webhook(outlet.secret).verify(body, headers)
    assert (told["type"], told["seq"], told["data"]["body"]) == ("message.received", 1, "Is it still free?")
    with pytest.raises(WebhookVerificationError):
        Webhook(outlet.secret).verify(body + b" ", headers)
    await outlet.settled("delivered")


async def test_while_a_secret_changes_both_fit(outlet: Outlet) -> None:
    fresh = new_secret()
    until = await outlet.world.value("SELECT clock_timestamp() + interval '1 hour'")
    await outlet.world.store.hooks.rotate(1, outlet.endpoint_id, 1, fresh, until)
    await outlet.world.receive()
    await outlet.receiver.posted(1)
    [(headers, body)] = outlet.receiver.posts
    for secret in (outlet.secret, fresh):
        Webhook(secret).verify(body, headers)
    await outlet.settled("delivered")
    await outlet.world.sql("UPDATE webhook_endpoint SET old_secret_until = clock_timestamp()")
    await outlet.world.receive()
    await outlet.receiver.posted(2)
    headers, body = outlet.receiver.posts[1]
    Webhook(fresh).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(outlet.secret).verify(body, headers)


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        pytest.param(500, [], "The server answered 500.", id="an error"),
        pytest.param(302, [("location", "http://127.0.0.1:1/")], "redirects are not followed", id="a redirect"),
        pytest.param(404, [], "The server answered 404.", id="nothing there"),
    ],
)
async def test_only_2xx_is_success_and_the_next_try_bears_the_same_id_and_words(
    outlet: Outlet, status: int, headers: list[tuple[str, str]], said: str
) -> None:
    outlet.receiver.answers.append((status, headers))
    await outlet.world.receive()
    await outlet.receiver.posted(1)
    assert said in str(await outlet.settled("pending"))
    assert await outlet.world.value("SELECT due_at - clock_timestamp() > interval '3 s' FROM webhook_delivery")
    await outlet.world.sql("UPDATE webhook_delivery SET due_at = clock_timestamp()")
    await outlet.receiver.posted(2)
    await outlet.settled("delivered", 2)
    (first, body), (second, again) = outlet.receiver.posts
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again


async def test_a_receiver_that_names_a_time_is_tried_no_earlier(outlet: Outlet) -> None:
    outlet.receiver.answers.append((503, [("retry-after", "3600")]))
    await outlet.world.receive()
    await outlet.receiver.posted(1)
    await outlet.settled("pending")
    assert await outlet.world.value("SELECT due_at - clock_timestamp() > interval '50 min' FROM webhook_delivery")


async def test_a_receiver_that_is_gone_is_told_nothing_any_more(outlet: Outlet) -> None:
    outlet.receiver.answers.append((410, []))
    await outlet.world.receive()
    await outlet.receiver.posted(1)
    await outlet.settled("failed")
    [row] = await outlet.world.sql("SELECT disabled_at, disabled_why FROM webhook_endpoint")
    assert row["disabled_at"] is not None
    assert "410 Gone" in row["disabled_why"]
    await outlet.world.receive()
    await outlet.world.store.events.number(10)
    assert await outlet.world.value("SELECT count(*) FROM webhook_delivery") == 1


async def test_what_was_delivered_can_be_posted_again_under_its_id(outlet: Outlet) -> None:
    await outlet.world.receive()
    await outlet.receiver.posted(1)
    await outlet.settled("delivered")
    delivery = await outlet.world.value("SELECT id FROM webhook_delivery")
    assert await outlet.world.store.hooks.replay(2, delivery, 1) is None, "not another workspace's"
    assert await outlet.world.store.hooks.replay(1, delivery, 1) is not None
    await outlet.receiver.posted(2)
    (first, _), (second, _) = outlet.receiver.posts
    assert first["webhook-id"] == second["webhook-id"]


async def test_one_that_hangs_holds_up_no_other(outlet: Outlet, nursery: trio.Nursery) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    stuck = Receiver(listeners[0].socket.getsockname()[1], hangs=True)
    nursery.start_soon(trio.serve_listeners, stuck.serve, listeners)
    url = f"http://127.0.0.1:{stuck.port}/"
    hung = await outlet.world.store.hooks.add(1, 1, url, ("message.received",), new_secret())
    for _ in range(40):
        await outlet.world.receive()
    await outlet.receiver.posted(40)
    query = "SELECT count(*) FROM webhook_delivery WHERE endpoint_id = $1 AND tries > 0"
    assert await outlet.world.value(query, hung.endpoint_id) <= 2 * AT_ONCE, "and it is not flooded"


# Where it may go


@pytest.fixture
async def poster() -> AsyncIterator[WebPoster]:
    poster = WebPoster()
    yield poster
    await poster.aclose()


def post(url: str, *, simulated: bool) -> Post:
    return Post(1, 1, 1, url, simulated, [], Event(1, 1, "message.received", {}, NOON))


@pytest.mark.parametrize(
    ("url", "simulated"),
    [
        pytest.param("https://127.0.0.1:{port}/", False, id="this machine"),
        pytest.param("https://localhost:{port}/", False, id="this machine by name"),
        pytest.param("http://[::ffff:10.0.0.1]:{port}/", True, id="a private address in disguise"),
        pytest.param("http://10.0.0.1:{port}/", True, id="a private address from a simulation"),
    ],
)
async def test_no_private_address_is_reached(poster: WebPoster, receiver: Receiver, url: str, simulated: bool) -> None:
    answered = await poster(post(url.format(port=receiver.port), simulated=simulated), b"{}", [])
    assert (answered.status, answered.error) == (None, "The address leads into a private network.")
    assert receiver.posts == []


async def test_a_name_is_looked_at_after_it_was_looked_up(
    poster: WebPoster, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One public address beside a private one: whoever answers for the name chooses the order."""

    async def lookup(host: str, port: int, **more: object) -> list[object]:
        return [(0, 0, 0, "", (ip, port)) for ip in ("93.184.215.14", "127.0.0.1")]

    monkeypatch.setattr(trio.socket, "getaddrinfo", lookup)
    answered = await poster(post(f"https://rebound.example:{receiver.port}/", simulated=False), b"{}", [])
    assert answered.error == "The address leads into a private network."


async def test_a_simulation_reaches_this_machine(poster: WebPoster, receiver: Receiver) -> None:
    url = f"http://localhost:{receiver.port}/hook"
    assert await poster(post(url, simulated=True), b"{}", []) == Answered(204)
    assert json.loads(receiver.posts[0][1]) == {}
