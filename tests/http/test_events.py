"""The API of the stream and of webhooks, over the real store: what a reader hears, and whose it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest
import trio

from server.http.call import Call, Session, token_hash
from server.http.dialer.events import Position, _position, pieces
from server.http.errors import Problem
from server.ports import MoArrival
from server.ports.events import Event, EventPage
from server.store.store import Store
from server.ws.channels import Channels
from server.ws.protocol import Subscribe
from tests.http.house import DANA, HARBOR, House
from tests.http.office import Office
from tests.http.test_tokens import asked, made
from tests.store.world import mo

pytestmark = pytest.mark.integration


async def write(store: Store, *bodies: str) -> list[Event]:
    """Texts come in, and have their places in the stream."""
    for body in bodies:
        text = mo(body, from_="+12025550123", to="+16175550100").text
        await store.ledger.record_mo(MoArrival.of(1, text))
    return list(await store.events.number(100))


class Reader:
    """Who reads the stream: a call of Dana's, and the pieces as they come."""

    def __init__(self, house: House, after: int, *, void: bool = False, token_id: int | None = None) -> None:
        session = Session(DANA, HARBOR, token_hash("t"), token_id)
        self.call = Call(house.deps, None, "", session)
        self.pieces: Any = pieces(self.call, Position(after, void), "e1")

    async def hear(self) -> tuple[str, Any]:
        """The next event: its name, and what it says."""
        with trio.fail_after(60):
            while True:
                fields = dict(line.split(": ", 1) for line in (await anext(self.pieces)).decode().splitlines() if line)
                if "event" in fields:
                    return fields["event"], json.loads(fields["data"])


async def test_a_reader_goes_on_behind_what_it_heard_last(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.http.dialer.events.TRUSTED_FOR_S", 3600.0)
    await office.store.events.listen(1)
    await write(office.store, "one", "two", "three")
    reader = Reader(office.house, 1)
    assert [(await reader.hear())[1]["seq"] for _ in range(2)] == [2, 3]
    await write(office.store, "four")
    kind, event = await reader.hear()
    assert (kind, event["seq"], event["data"]["body"]) == ("message.received", 4, "four")
    await reader.pieces.aclose()


async def test_a_reader_who_has_heard_all_looks_again_when_there_is_news(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, did, after = office.store, list[str](), office.store.events.after

    async def look(*asked: int) -> EventPage:
        did.append("look")
        return await after(*asked)

    class News:
        async def wait(self) -> None:
            did.append("wait")
            await write(store, "two")

    monkeypatch.setattr("server.http.dialer.events.TRUSTED_FOR_S", 3600.0)
    monkeypatch.setattr(store.events, "after", look)
    await store.events.listen(1)
    await write(store, "one")
    monkeypatch.setattr(office.house, "deps", replace(office.house.deps, event_news=lambda: cast("trio.Event", News())))
    reader = Reader(office.house, 0)
    assert [(await reader.hear())[1]["seq"] for _ in range(2)] == [1, 2]
    assert did == ["look", "look", "wait", "look"]
    await reader.pieces.aclose()


async def test_a_reader_is_told_what_it_cannot_hear_any_more(office: Office) -> None:
    await office.store.events.listen(1)
    await write(office.store, "one", "two", "three")
    await office.sql("DELETE FROM integration_event WHERE seq < 3")
    reader = Reader(office.house, 0)
    assert await reader.hear() == ("reset", {"head": 3, "oldest": 3})
    assert (await reader.hear())[1]["seq"] == 3
    await reader.pieces.aclose()
    for lost in (Reader(office.house, 99), Reader(office.house, 2, void=True)):
        assert (await lost.hear())[0] == "reset"
        await lost.pieces.aclose()


@pytest.mark.parametrize(
    ("said", "position"),
    [
        pytest.param("7", Position(7), id="a plain number"),
        pytest.param("e1:7", Position(7), id="as we gave it"),
        pytest.param("e0:7", Position(7, void=True), id="of another history"),
    ],
)
def test_what_a_last_event_id_means(said: str, position: Position) -> None:
    assert _position(said, "e1") == position


@pytest.mark.parametrize("said", ["", "x", "e1:", "e1:-1", "9" * 19])
def test_a_last_event_id_that_means_nothing_is_refused(said: str) -> None:
    with pytest.raises(Problem):
        _position(said, "e1")


async def test_a_reader_whose_token_was_revoked_is_cut_at_the_next_heartbeat(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.dialer.events.HEARTBEAT_S", 0.0)
    monkeypatch.setattr("server.http.dialer.events.LOOK_EVERY_S", 0.0)
    reader = Reader(office.house, 0, token_id=99)
    with trio.fail_after(60):
        assert [piece async for piece in reader.pieces] == [b"retry: 2000\n\n"]


async def test_a_reader_whose_token_was_revoked_hears_of_nothing_that_happens_later(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much happens: it need not wait for a heartbeat, which a busy stream never has."""
    monkeypatch.setattr("server.http.dialer.events.TRUSTED_FOR_S", 0.0)
    await office.store.events.listen(1)
    await write(office.store, "one")
    reader = Reader(office.house, 0, token_id=99)
    with trio.fail_after(20):
        assert [piece async for piece in reader.pieces] == [b"retry: 2000\n\n"]


async def test_the_stream_is_one_of_the_dialers_scope_and_of_its_own_workspace(office: Office) -> None:
    token, other = await made(office, "dialer"), await made(office, "read")
    assert (await asked(office, token["token"], "GET", "/api/v1/events/list")).json["events"] == []
    await write(office.store, "hello")
    heard = (await asked(office, token["token"], "GET", "/api/v1/events/list")).json
    assert (heard["head"], heard["oldest"], heard["events"][0]["data"]["body"]) == (1, 1, "hello")
    assert (await asked(office, other["token"], "GET", "/api/v1/events/list")).status == 403
    assert (await (await office.eve()).get("/api/v1/events/list")).json["events"] == []


async def test_the_socket_replays_what_was_missed_and_shows_the_newest_to_who_is_lost(office: Office) -> None:
    store = office.store
    channels = Channels(store.inbox, "e1", lambda kind, code: None, events=store.events)
    await store.events.listen(1)
    await write(store, "one", "two", "three")

    async def opened(**position: Any) -> list[dict[str, Any]]:
        opening: Any = await channels.open(DANA, Subscribe(id=1, ch="dialer", **position))
        return [json.loads(frame[2 if frame[1] < 126 else 4 :]) for frame in opening.frames]

    subscribed, *events = await opened(after=1, epoch="e1")
    assert (subscribed["resumed"], [event["seq"] for event in events]) == (True, [2, 3])
    for lost in ({}, {"after": 1, "epoch": "e0"}, {"after": 9, "epoch": "e1"}):
        subscribed, snapshot = await opened(**lost)
        assert (subscribed["resumed"], snapshot["t"], snapshot["data"]["head"]) == (False, "snapshot", 3)


# Webhooks


HOOK = {"url": "http://127.0.0.1:9/hook", "kinds": ["contact.opted_out"]}


async def test_a_webhooks_secret_is_shown_when_it_is_made_and_when_it_changes(office: Office) -> None:
    dana = await office.dana()
    added = await dana.post("/api/v1/webhooks", HOOK)
    assert (added.status, added.json["secret"][:6]) == (201, "whsec_")
    [listed] = (await dana.get("/api/v1/webhooks")).json["webhooks"]
    assert "secret" not in listed
    rotated = (await dana.post(f"/api/v1/webhooks/{listed['id']}/secret")).json
    assert rotated["secret"] != added.json["secret"]
    assert rotated["old_secret_until"] is not None
    audits = await office.sql("SELECT action, detail::text FROM audit WHERE action LIKE 'webhook%' ORDER BY id")
    assert [audit["action"] for audit in audits] == ["webhook_added", "webhook_rotated"]
    assert not any("whsec" in audit["detail"] for audit in audits)


async def test_an_address_that_cannot_be_posted_to_is_refused_in_a_sentence(office: Office) -> None:
    refused = await (await office.dana()).post("/api/v1/webhooks", HOOK | {"url": "http://10.0.0.1/"})
    assert (refused.status, refused.json["code"], refused.json["field"]) == (422, "bad_url", "url")


async def test_a_webhook_of_another_workspace_is_not_there(office: Office) -> None:
    hook = (await (await office.dana()).post("/api/v1/webhooks", HOOK)).json["id"]
    eve = await office.eve()
    assert (await eve.get("/api/v1/webhooks")).json["webhooks"] == []
    assert (await eve.patch(f"/api/v1/webhooks/{hook}", {"disabled": True})).status == 404
    assert (await eve.post(f"/api/v1/webhooks/{hook}/secret")).status == 404
    assert (await eve.get(f"/api/v1/webhooks/{hook}/deliveries")).status == 404


async def test_the_log_tells_what_became_of_each_and_posts_again(office: Office) -> None:
    dana = await office.dana()
    hook = (await dana.post("/api/v1/webhooks", HOOK | {"kinds": ["message.received"]})).json["id"]
    await write(office.store, "one", "two")
    log = (await dana.get(f"/api/v1/webhooks/{hook}/deliveries")).json["deliveries"]
    assert [(one["event_seq"], one["state"], one["tries"]) for one in log] == [(2, "pending", 0), (1, "pending", 0)]
    older = await dana.get(f"/api/v1/webhooks/{hook}/deliveries?before=2")
    assert [one["event_seq"] for one in older.json["deliveries"]] == [1]
    await office.sql("UPDATE webhook_delivery SET state = 'failed', tries = 10")
    again = await dana.post(f"/api/v1/webhooks/deliveries/{log[0]['id']}/replay")
    assert (again.json["state"], again.json["tries"]) == ("pending", 0)
    assert (await (await office.eve()).post(f"/api/v1/webhooks/deliveries/{log[0]['id']}/replay")).status == 404


async def test_an_agent_changes_no_webhooks(office: Office) -> None:
    assert (await (await office.raj()).post("/api/v1/webhooks", HOOK)).status == 403
