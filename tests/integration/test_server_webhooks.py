"""A carrier's webhooks at a whole server: in which order they are refused, and that what was taken is there once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import trio

from server.carriers.simulator.webhooks import twilio_signature
from server.store import embedded
from server.store.schema import schema_sql
from server.store.store import open_store
from tests.integration.server import ANN, MAYA, NUMBER, SID, TOKEN, Live, eventually, running

FORM = "application/x-www-form-urlencoded"
INBOUND = f"/webhooks/twilio/{SID}/inbound"

Fields = list[tuple[str, str]]


def text(body: str = "Hello", *, sid: str | None = None, from_: str = MAYA, to: str = NUMBER) -> Fields:
    return [("MessageSid", sid or f"SM{uuid4().hex}"), ("From", from_), ("To", to), ("Body", body)]


async def stored(it: Live) -> list[str]:
    return [row["body"] for row in await it.sql("SELECT body FROM message WHERE direction = 'in' ORDER BY seq")]


# Checks


@pytest.mark.parametrize(
    ("method", "path", "headers", "size", "status"),
    [
        pytest.param("GET", INBOUND, {}, 0, 405, id="only POST"),
        pytest.param(
            "POST", INBOUND, {"Content-Type": "text/plain"}, 300_000, 413, id="too big, whatever else is wrong"
        ),
        pytest.param("POST", INBOUND, {"Content-Type": "application/json"}, 10, 415, id="no form"),
        pytest.param("POST", "/webhooks/twilio/AC1/inbound", {}, 5_000, 400, id="unparsable, whoever is meant"),
        pytest.param("POST", "/webhooks/twilio/AC1/inbound", {}, 10, 404, id="an unknown account, signed or not"),
        pytest.param("POST", "/webhooks/other/AC1/inbound", {}, 10, 404, id="an unknown carrier"),
        pytest.param("POST", "/webhooks/twilio", {}, 10, 404, id="no webhook"),
        pytest.param("POST", INBOUND, {}, 10, 403, id="not signed"),
    ],
)
async def test_what_is_wrong_is_told_in_a_fixed_order(
    dsn: str, tmp_path: Path, method: str, path: str, headers: dict[str, str], size: int, status: int
) -> None:
    body = b"a=&" * size if size == 5_000 else b"x" * size  # too many fields cannot be parsed
    async with running(dsn, tmp_path) as it:
        answer = await it.http.request(method, path, content=body, headers={"Content-Type": FORM} | headers)
        assert answer.status_code == status
        assert await stored(it) == []


@pytest.mark.parametrize("signature", [None, "", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "another's"])
async def test_a_forged_or_absent_signature_stores_nothing(dsn: str, tmp_path: Path, signature: str | None) -> None:
    async with running(dsn, tmp_path) as it:
        fields = text()
        if signature == "another's":
            signature = twilio_signature("another secret", it.url + INBOUND, fields)
        headers = {} if signature is None else {"X-Twilio-Signature": signature}
        for kind in ("inbound", "status"):
            assert (await it.post_form(kind, urlencode(fields).encode(), None, **headers)).status_code == 403
        assert await stored(it) == []
        assert await it.value("SELECT count(*) FROM provider_ref") + await it.value("SELECT count(*) FROM thread") == 0


@pytest.mark.parametrize(
    ("extra", "seen"),
    [
        pytest.param([("SomethingNew", "1")], [("SomethingNew", "2")], id="a parameter that is new to us"),
        pytest.param([("FromCity", "")], [("FromCity", "Boston")], id="an empty one"),
        pytest.param([("MediaUrl", "a"), ("MediaUrl", "b")], [("MediaUrl", "a")], id="a repeated one"),
        pytest.param([("ProfileName", "Zoë 🏡")], [("ProfileName", "Zoe")], id="Unicode"),
    ],
)
async def test_every_parameter_counts_in_the_signature(dsn: str, tmp_path: Path, extra: Fields, seen: Fields) -> None:
    async with running(dsn, tmp_path) as it:
        fields = text()
        forged = await it.post_form("inbound", urlencode(fields + seen).encode(), fields + extra)
        missing = await it.post_form("inbound", urlencode(fields).encode(), fields + extra)
        right = await it.post_form("inbound", urlencode(fields + extra).encode(), fields + extra)
        assert (forged.status_code, missing.status_code, right.status_code) == (403, 403, 200)
        assert await stored(it) == ["Hello"]


async def test_a_form_that_lacks_what_it_must_have_is_unparsable(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        assert (await it.post_inbound([("Body", "Hello")])).status_code == 400


# Once


async def test_a_webhook_20_times_at_once_and_once_more_next_day_is_one_text(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread, fields, codes = await it.meet(), text("Twenty times"), list[int]()
        async with it.socket(ANN, f"thread:{thread}", "user") as tab:
            await tab.quiet()

            async def post() -> None:
                codes.append((await it.post_inbound(fields)).status_code)

            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(post)
            await it.sql("UPDATE provider_ref SET at = at - interval '25 hours'")
            await post()
            await it.post_inbound(text("The end"))
            heard = [await tab.hear("event") for _ in range(2)]
            rest = [frame for frame in await tab.quiet() if frame["t"] == "event"]
        assert codes == [200] * 21
        assert [event["data"]["message"]["body"] for event in heard] == ["Twenty times", "The end"]
        assert rest == []
        assert await it.value("SELECT in_total FROM thread") == 3
        assert (await it.store.inbox.unread_threads([ANN]))[ANN] == 1


async def test_bytes_that_cannot_be_stored_cost_their_neighbours_nothing(dsn: str, tmp_path: Path) -> None:
    """Fifty at once share commits: a NUL in one and broken UTF-8 in another must not take the others along."""
    async with running(dsn, tmp_path) as it:
        codes: list[int] = []

        async def post(fields: Sequence[tuple[str, str]]) -> None:
            body = urlencode([(name, value.encode("latin-1")) for name, value in fields]).encode()
            signature = _signed_bytes(it, fields)
            codes.append((await it.post_form("inbound", body, None, **{"X-Twilio-Signature": signature})).status_code)

        async with trio.open_nursery() as nursery:
            for n in range(48):
                nursery.start_soon(post, text(f"good {n}", from_=f"+1617555{1000 + n}"))
            nursery.start_soon(post, text("a\0b", from_="+16175552000"))
            nursery.start_soon(post, text("a\xff\xfeb", from_="+16175552001"))
        assert codes == [200] * 50
        bodies = await stored(it)
        assert len(bodies) == 50
        assert {"ab", "a��b"} <= set(bodies)


def _signed_bytes(it: Live, fields: Sequence[tuple[str, str]]) -> str:
    """Twilio's signature where values are bytes that no text is made of."""
    message = (it.url + INBOUND).encode() + b"".join(
        name.encode() + value.encode("latin-1") for name, value in sorted(fields)
    )
    return base64.b64encode(hmac.new(TOKEN.encode(), message, hashlib.sha1).digest()).decode()


async def test_a_text_to_a_number_that_is_not_ours_is_kept_apart(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        assert (await it.post_inbound(text(to="+16175550199"))).status_code == 200
        assert [row["to_"] for row in await it.sql("SELECT to_ FROM unassigned_mo")] == ["+16175550199"]
        assert await stored(it) == []


# Outage


class OwnPostgres:
    """A PostgreSQL of this test's own, which it may stop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: embedded.EmbeddedPostgres | None = None

    async def start(self) -> str:
        self._server = await trio.to_thread.run_sync(embedded.start, self.folder)
        return self._server.dsn

    async def stop(self) -> None:
        if self._server is not None:
            await trio.to_thread.run_sync(self._server.stop)
            self._server = None


@asynccontextmanager
async def own_postgres() -> AsyncIterator[OwnPostgres]:
    folder = tempfile.mkdtemp(prefix="threadline-outage-")
    if os.geteuid() == 0:
        os.chmod(folder, 0o711)  # noqa: S103 - root's PostgreSQL runs as somebody else
    postgres = OwnPostgres(Path(folder))
    try:
        yield postgres
    finally:
        with trio.CancelScope(shield=True):
            await postgres.stop()
            await trio.to_thread.run_sync(embedded.destroy, postgres.folder)
            shutil.rmtree(folder)


async def test_what_came_while_postgres_was_stopped_is_swept_once(tmp_path: Path) -> None:
    async with own_postgres() as postgres:
        dsn = await postgres.start()
        async with open_store(dsn, schema=schema_sql()):
            pass
        async with running(dsn, tmp_path) as it:
            thread = await it.meet()
            async with it.socket(ANN, f"thread:{thread}") as tab:
                await postgres.stop()
                answer = await it.post_inbound(text("Directly"))
                assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
                assert (await it.post_inbound(text(), sign=False)).status_code == 403
                for n in range(5):
                    it.write_in(f"missed {n}")
                await eventually(lambda: _posted(it, 6))
                await postgres.start()
                heard = [(await tab.hear("event"))["data"]["message"]["body"] for _ in range(5)]
                assert sorted(heard) == [f"missed {n}" for n in range(5)]
                reply = await tab.command("send", thread_id=thread, body="We are back")
                assert reply["t"] == "ack"
                await it.becomes(thread, "delivered")
                assert len(await stored(it)) == 6


async def _posted(it: Live, count: int) -> bool:
    return it.carrier.ledger.counts["mo"] >= count
