"""A whole server and a power dialer: what is said to one is heard by the other, on every way at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trio
from standardwebhooks import Webhook

from server.cli import main
from server.domain.scopes import Scope
from server.domain.webhooks import new_secret
from server.http.tokens import new_token
from tests.integration.server import ANN, MAYA, Live, eventually, running
from tests.outgoing.conftest import Receiver

pytestmark = pytest.mark.integration


@pytest.fixture
async def it(dsn: str, tmp_path: Path) -> AsyncIterator[Live]:
    async with running(dsn, tmp_path) as live:
        yield live


async def token_of(it: Live, *scopes: Scope) -> dict[str, str]:
    token, new = new_token("Dialer", frozenset(scopes))
    await it.store.tokens.add(1, ANN, new)
    return {"Authorization": f"Bearer {token}"}


async def listening(nursery: trio.Nursery) -> Receiver:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    receiver = Receiver(listeners[0].socket.getsockname()[1])
    nursery.start_soon(trio.serve_listeners, receiver.serve, listeners)
    return receiver


async def test_a_reply_and_an_opt_out_are_heard_on_every_way(it: Live, nursery: trio.Nursery) -> None:
    headers, receiver, secret = await token_of(it, Scope.DIALER), await listening(nursery), new_secret()
    url, kinds = f"http://127.0.0.1:{receiver.port}/hook", ("message.received", "contact.opted_out")
    await it.store.hooks.add(1, ANN, url, kinds, secret)
    ticket = (await it.http.post("/api/v1/tickets", headers=headers)).json()["ticket"]
    read: list[Any] = []

    async def read_stream(task_status: trio.TaskStatus[None]) -> None:
        async with it.http.stream("GET", "/api/v1/events", headers=headers, timeout=30.0) as stream:
            task_status.started()
            async for line in stream.aiter_lines():
                read.extend(json.loads(line.removeprefix("data: ")) for _ in range(line.startswith("data: ")))

    await nursery.start(read_stream)
    async with it.socket(headers={}, path=f"/ws?ticket={ticket}") as tab:
        await tab.open("dialer")
        it.write_in("STOP", from_=MAYA)
        told = [(await tab.hear("event", ch="dialer", seq=seq))["data"]["kind"] for seq in (1, 2)]
    assert told == ["contact.opted_out", "message.received"]
    await receiver.posted(2)
    posted = [Webhook(secret).verify(body, head) for head, body in receiver.posts]
    assert sorted(one["seq"] for one in posted) == [1, 2]

    async def both_are_read() -> bool:
        return [event["seq"] for event in read] == [1, 2]

    await eventually(both_are_read)
    assert {event["data"]["address"] for event in read} == {MAYA}


async def test_a_quick_text_leaves_and_what_becomes_of_it_is_heard(it: Live) -> None:
    headers = await token_of(it, Scope.DIALER)
    await it.http.get("/api/v1/events/list", headers=headers)
    cmd_id = str(uuid4())
    body = {"cmd_id": cmd_id, "to": MAYA, "text": "Here is the address."}
    sent = await it.http.post("/api/v1/dialer/sms", json=body, headers=headers)
    assert sent.status_code == 202, sent.text

    async def heard() -> list[Any]:
        page = (await it.http.get("/api/v1/events/list", headers=headers)).json()
        return [event["data"]["state"] for event in page["events"] if event["data"].get("cmd_id") == cmd_id]

    async def is_delivered() -> bool:
        return "delivered" in await heard()

    await eventually(is_delivered)
    assert it.wired() == ["Here is the address."]


async def test_the_script_of_a_dialer_runs_against_a_server(
    it: Live, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = await token_of(it, Scope.READ, Scope.DIALER)
    await it.meet()
    monkeypatch.setenv("THREADLINE_TOKEN", headers["Authorization"].removeprefix("Bearer "))
    asked = ["dialer", "--url", it.url, "--people", "1", "--listen", "0"]
    with trio.fail_after(60):
        assert await trio.to_thread.run_sync(main, asked) == 0
    said = capsys.readouterr().out
    assert MAYA in said
    assert "Call over: talked." in said or "Not called:" in said
    monkeypatch.setenv("THREADLINE_TOKEN", "tl_wrong")
    assert await trio.to_thread.run_sync(main, asked) == 1
    assert "not valid" in capsys.readouterr().err
