"""The simulated carrier: what it accepts is in its ledger first, and it errs exactly as it was told."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import trio

from server.carriers.form import parse_form
from server.carriers.simulator.api import Api
from server.carriers.simulator.carrier import SimulatedCarrier
from server.carriers.simulator.command import start
from server.carriers.simulator.faults import BEHAVIOURS, MAGIC, MAGIC_PREFIX, Faults
from server.carriers.simulator.ledger import Ledger
from server.carriers.simulator.webhooks import Webhooks
from server.carriers.twilio import Twilio
from server.domain.carrier import MtRequest, Outcome
from tests.carriers.scripted import Connection, ScriptedOrigin, chance, eventually, serve

SID, TOKEN = "AC" + "1" * 32, "a-throw-away-token"
OURS, THEIRS = "+16175550100", "+16175550142"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Posted:
    """Webhooks that arrived at our side, verified, in the order of arrival."""

    origin: ScriptedOrigin | None = None
    fields: list[dict[str, str]] = field(default_factory=list)
    status: int = 200

    async def script(self, connection: Connection) -> None:
        assert self.origin is not None
        adapter = Twilio(SID, TOKEN, "http://127.0.0.1", public_url=self.origin.url)
        while request := await connection.request():
            head, _, body = request.partition(b"\r\n\r\n")
            line, *lines = head.split(b"\r\n")
            headers = {name.lower(): value for name, _, value in (entry.partition(b": ") for entry in lines)}
            form = parse_form(body)
            assert adapter.verify(line.split(b" ")[1], headers, form)
            self.fields.append({name.decode(): value.decode() for name, value in form})
            await connection.send(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % self.status)

    async def until(self, count: int) -> list[dict[str, str]]:
        await eventually(lambda: len(self.fields) >= count)
        return self.fields


@dataclass
class Running:
    url: str
    ledger: Path
    carrier: SimulatedCarrier
    adapter: Twilio
    posted: Posted

    async def submit(self, to: str, body: str = "Saturday at 11?") -> Outcome:
        return await self.adapter.submit(MtRequest(uuid4(), OURS, to, body), lambda: None, 0)

    async def control(self, **command: Any) -> dict[str, Any]:
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
            answer = await client.post(f"{self.url}/_control", json=command)
            answer.raise_for_status()
            state: dict[str, Any] = answer.json()
            return state

    def entries(self, kind: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.ledger.read_text().splitlines()]
        return [line for line in lines if line["t"] == kind]

    async def until(self, kind: str, count: int) -> list[dict[str, Any]]:
        await eventually(lambda: len(self.entries(kind)) >= count)
        return self.entries(kind)


@pytest.fixture
async def simulator(nursery: trio.Nursery, tmp_path: Path) -> AsyncIterator[Running]:
    posted = Posted()
    posted.origin = await serve(nursery, posted.script)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    carrier = SimulatedCarrier(
        SID,
        ledger,
        Webhooks(ledger, TOKEN, None),
        Faults(chance(7)),
        inbound_url=f"{posted.origin.url}/webhooks/twilio/{SID}/inbound",
    )
    url = await start(nursery, carrier, Api(carrier, TOKEN))
    adapter = Twilio(SID, TOKEN, url, public_url=posted.origin.url, answer_s=5.0)
    yield Running(url, tmp_path / "ledger.jsonl", carrier, adapter, posted)
    adapter.close()


# Sending


async def test_what_is_accepted_is_in_the_ledger_when_the_answer_comes(simulator: Running) -> None:
    outcome = await simulator.submit(THEIRS)
    [entry] = simulator.entries("accepted")
    assert type(outcome).__name__ == "Accepted"
    assert (entry["sid"], entry["to"], entry["from"], entry["segments"]) == (
        getattr(outcome, "provider_id", None), THEIRS, OURS, 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    "to",
    [
        "+16175551234",
        "+442071838750",
        "+1617555010",
        "+161755501000",
        "+11175550100",
        "tel:+16175550100",
        "+1617555015٠",
    ],
)
async def test_nobody_real_can_be_reached(simulator: Running, to: str) -> None:
    outcome = await simulator.submit(to)
    assert getattr(outcome, "code", None) == "21211"
    assert simulator.ledger.read_text() == ""


EXPECTED = {
    "normal": ("Accepted", True), "slow": ("Accepted", True),
    "accept_hang": ("Unknown", True), "accept_500": ("Unknown", True), "accept_503": ("Unknown", True),
    "accept_cut": ("Unknown", True), "accept_reset": ("Unknown", True), "accept_close": ("Unknown", True),
    "accept_garbage": ("Unknown", True), "accept_302": ("Unknown", True),
    "refuse_500": ("Unknown", False), "refuse_reset": ("Unknown", False), "refuse_hang": ("Unknown", False),
    "throttle_twice": ("Throttled", False), "throttle": ("Throttled", False),
    "opted_out": ("Rejected", False), "invalid": ("Rejected", False), "landline": ("Rejected", False),
    "bad_credentials": ("Rejected", False), "odd_error": ("Rejected", False),
    "filtered": ("Accepted", True), "unreachable": ("Accepted", True), "no_such_number": ("Accepted", True),
    "opted_out_receipt": ("Accepted", True), "receipts_twice": ("Accepted", True),
    "receipts_reversed": ("Accepted", True), "receipts_early": ("Accepted", True), "receipts_never": ("Accepted", True),
    "receipts_late": ("Accepted", True), "receipts_then_cut": ("Unknown", True),
}  # fmt: skip


@pytest.mark.parametrize(("digits", "name"), [pytest.param(*item, id=item[1]) for item in MAGIC.items()])
async def test_a_magic_recipient_gets_its_behaviour(simulator: Running, digits: str, name: str) -> None:
    impatient = Twilio(
        SID, TOKEN, simulator.url, public_url="http://127.0.0.1", answer_s=4.0 if name == "slow" else 1.0
    )
    request = MtRequest(uuid4(), OURS, f"{MAGIC_PREFIX}{digits}", "Hi")
    outcome = await impatient.submit(request, lambda: None, 0)
    impatient.close()
    kind, accepted = EXPECTED[name]
    assert type(outcome).__name__ == kind
    assert len(simulator.entries("accepted")) == accepted
    listed = await impatient.list_outbound(to=request.to, from_=OURS, since=LONG_AGO)
    assert [row.body for row in listed] == ["Hi"] * accepted


def test_every_behaviour_has_a_magic_recipient() -> None:
    assert set(MAGIC.values()) == set(BEHAVIOURS) == set(EXPECTED)


async def test_throttling_ends_after_two_refusals(simulator: Running) -> None:
    outcomes = [await simulator.submit(f"{MAGIC_PREFIX}30") for _ in range(3)]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Throttled", "Throttled", "Accepted"]
    assert getattr(outcomes[0], "retry_after_s", None) == 1.0


async def test_scripted_behaviours_come_first_and_once_each(simulator: Running) -> None:
    await simulator.control(faults={"script": ["accept_500", "opted_out"]})
    outcomes = [await simulator.submit(THEIRS) for _ in range(3)]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Unknown", "Rejected", "Accepted"]


def test_faults_by_chance_come_at_their_rate_and_can_be_repeated() -> None:
    def drawn() -> list[str]:
        faults = Faults(chance(3), rate=0.25, kinds=["accept_500"])
        return [faults.choose(THEIRS).ending for _ in range(1000)]

    assert drawn() == drawn()
    assert 200 < drawn().count("error") < 300


async def test_other_credentials_are_refused(simulator: Running) -> None:
    stranger = Twilio(SID, "another", simulator.url, public_url="http://127.0.0.1")
    outcome = await stranger.submit(MtRequest(uuid4(), OURS, THEIRS, "Hi"), lambda: None, 0)
    stranger.close()
    assert getattr(outcome, "code", None) == "20003"


# Lists


async def test_a_long_list_comes_page_by_page_newest_first(simulator: Running) -> None:
    for number in range(450):
        await simulator.submit(THEIRS, f"text {number}")
    await simulator.submit("+16175550143", "for somebody else")
    listed = await simulator.adapter.list_outbound(to=THEIRS, from_=OURS, since=LONG_AGO)
    assert [row.body for row in listed] == [f"text {number}" for number in reversed(range(450))]


async def test_inbound_texts_can_be_swept_whether_their_webhook_came_or_not(simulator: Running) -> None:
    await simulator.control(mo={"from": THEIRS, "to": OURS, "body": "unheard", "silent": True})
    await simulator.submit(THEIRS, "ours")
    [row] = await simulator.adapter.list_inbound(since=datetime.now(UTC) - timedelta(minutes=1))
    assert (row.direction, row.body, row.status) == ("in", "unheard", "received")
    assert list(await simulator.adapter.list_inbound(since=datetime.now(UTC) + timedelta(minutes=1))) == []


async def test_one_message_can_be_fetched_and_filters_are_read(simulator: Running) -> None:
    sid = getattr(await simulator.submit(THEIRS), "provider_id", "")
    base = f"{simulator.url}/2010-04-01/Accounts/{SID}/Messages"
    today = datetime.now(UTC).date().isoformat()
    async with httpx2.AsyncClient(trust_env=False, verify=False, auth=(SID, TOKEN)) as client:
        assert (await client.get(f"{base}/{sid}.json")).json()["to"] == THEIRS
        assert (await client.get(f"{base}/SM0.json")).status_code == 404
        for query, count in [
            ({"DateCreated": today}, 1), ({"DateCreated>": today}, 1), ({"DateCreated<": "2020-01-01"}, 0),
            ({"DateSent<": "2020-01-01"}, 0), ({"From": THEIRS}, 0), ({"To": THEIRS, "From": OURS}, 1),
        ]:  # fmt: skip
            page = (await client.get(f"{base}.json", params=query)).json()
            assert len(page["messages"]) == count, query
        assert (await client.get(f"{base}.json", params={"DateSent": "soon"})).status_code == 400


async def test_its_calendar_can_be_ahead_as_the_servers_is_in_a_rehearsal(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    ahead = datetime(2030, 3, 10, 15, tzinfo=UTC)
    ledger = Ledger(tmp_path / "ledger.jsonl", lambda: ahead)
    carrier = SimulatedCarrier(SID, ledger, Webhooks(ledger, TOKEN, None), Faults(chance(1)), inbound_url=None)
    url = await start(nursery, carrier, Api(carrier, TOKEN))
    adapter = Twilio(SID, TOKEN, url, public_url="http://127.0.0.1")
    await adapter.submit(MtRequest(uuid4(), OURS, THEIRS, "Hi"), lambda: None, 0)
    adapter.close()
    assert [row.created_at for row in await adapter.list_outbound(to=THEIRS, from_=OURS, since=ahead)] == [ahead]
    assert json.loads((tmp_path / "ledger.jsonl").read_text())["wall"].startswith("2030-03-10T15")


# Receipts


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("normal", ["sent", "delivered"]),
        ("receipts_reversed", ["delivered", "sent"]),
        ("receipts_twice", ["sent", "sent", "delivered", "delivered"]),
        ("filtered", ["sent", "undelivered"]),
    ],
)
async def test_receipts_come_signed_and_bear_our_attempt(simulator: Running, name: str, statuses: list[str]) -> None:
    await simulator.control(faults={"script": [name]})
    await simulator.submit(THEIRS)
    fields = await simulator.posted.until(len(statuses))
    assert [form["MessageStatus"] for form in fields] == statuses
    assert fields[-1].get("ErrorCode") == ("30007" if name == "filtered" else None)
    assert [entry["answered"] for entry in await simulator.until("receipt", len(statuses))] == [200] * len(statuses)
    assert simulator.posted.origin is not None
    assert all(b"/status?attempt=" in request for request in simulator.posted.origin.requests)


@pytest.mark.parametrize("name", ["receipts_early", "receipts_then_cut"])
async def test_receipts_may_come_before_the_answer_and_before_one_that_breaks_off(
    simulator: Running, name: str
) -> None:
    await simulator.control(faults={"script": [name]})
    await simulator.submit(THEIRS)
    assert [form["MessageStatus"] for form in simulator.posted.fields] == ["sent", "delivered"]


# Texts from handsets


async def test_a_handsets_text_is_posted_and_its_answer_recorded(simulator: Running) -> None:
    simulator.posted.status = 503
    sid = (await simulator.control(mo={"from": THEIRS, "to": OURS, "body": "Hi 👋", "opt_out_type": "STOP"}))["sid"]
    [form] = await simulator.posted.until(1)
    assert (form["MessageSid"], form["Body"], form["OptOutType"]) == (sid, "Hi 👋", "STOP")
    [entry] = await simulator.until("mo", 1)
    assert (entry["sid"], entry["answered"], entry["tries"]) == (sid, 503, 1)


async def test_it_is_tried_again_once_if_no_connection_came_about(
    simulator: Running, free_port: Callable[[], int]
) -> None:
    simulator.carrier.inbound_url = f"http://127.0.0.1:{free_port()}/webhooks"
    await simulator.control(mo={"from": THEIRS, "to": OURS, "body": "Hi"})
    [entry] = await simulator.until("mo", 1)
    assert (entry["answered"], entry["tries"]) == (None, 2)


async def test_webhooks_never_leave_this_machine(simulator: Running) -> None:
    simulator.carrier.inbound_url = "http://192.0.2.1/webhooks"
    await simulator.control(mo={"from": THEIRS, "to": OURS, "body": "Hi"})
    [entry] = await simulator.until("mo", 1)
    assert "loopback" in entry["error"]


async def test_webhooks_follow_a_server_that_starts_elsewhere(
    simulator: Running,
) -> None:
    """The address that is signed stays the public one; the connection goes where it is told to."""
    assert simulator.posted.origin is not None
    address = simulator.posted.origin.url
    simulator.carrier.inbound_url = "https://sms.example.org/webhooks/twilio/x/inbound"
    simulator.posted.origin.url = "https://sms.example.org"
    await simulator.control(webhook_base=address, mo={"from": THEIRS, "to": OURS, "body": "Hi"})
    assert [form["Body"] for form in await simulator.posted.until(1)] == ["Hi"]


async def test_webhooks_can_be_held_back_and_lost(simulator: Running) -> None:
    await simulator.control(webhooks="pause", mo={"from": THEIRS, "to": OURS, "body": "held", "copies": 3})
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert simulator.posted.fields == []
    await simulator.control(webhooks="run")
    assert {form["Body"] for form in await simulator.posted.until(3)} == {"held"}
    await simulator.control(webhooks="drop", mo={"from": THEIRS, "to": OURS, "body": "lost"})
    assert (await simulator.until("mo", 4))[-1]["error"] == "dropped"
    assert len(simulator.posted.fields) == 3


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"faults": {"script": ["explode"]}}', id="a behaviour that does not exist"),
        pytest.param(b'{"explode": 1}', id="a command that does not exist"),
        pytest.param(b"{", id="not JSON"),
        pytest.param(b'{"webhook_base": "http://example.org:80"}', id="webhooks to another machine"),
    ],
)
async def test_a_command_that_it_does_not_know_is_refused(simulator: Running, body: bytes) -> None:
    async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
        headers = {"Content-Type": "application/json"}
        assert (await client.post(f"{simulator.url}/_control", content=body, headers=headers)).status_code == 400


async def test_a_form_of_a_web_page_commands_nothing(simulator: Running) -> None:
    async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
        answer = await client.post(f"{simulator.url}/_control", data={"webhooks": "drop"})
    assert answer.status_code == 400
    assert simulator.carrier.webhooks.mode == "run"


# The process


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    ledger = str(tmp_path / "ledger.jsonl")
    return [sys.executable, "-m", "server.carriers.simulator", "--account", SID, "--token", TOKEN, "--ledger", ledger]


def test_it_says_when_it_is_ready_and_ends_at_sigterm(command: list[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        word, _, url = process.stdout.readline().strip().partition(" ")
        assert word == "ready"
        assert httpx2.get(url, trust_env=False).status_code == 401
        process.send_signal(signal.SIGUSR1)  # the kernel says that a parent's thread has ended: its process lives on
        assert [httpx2.get(url, trust_env=False).status_code for _ in range(3)] == [401] * 3
        process.terminate()
        assert process.wait() == 0


def test_it_dies_with_its_parent(command: list[str]) -> None:
    """Its parent is killed in a way that leaves it no time to say goodbye."""
    source = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline().rpartition(":")[2])
        os.kill(parent.pid, signal.SIGKILL)
        # The pipe ends when the last process that holds it has gone.
        assert parent.stdout.read() == ""
    with socket.socket() as probe, suppress(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))
        pytest.fail("it still listens")


def test_personas_without_a_cast_are_refused(command: list[str]) -> None:
    refused = subprocess.run([*command, "--personas"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--contacts" in refused.stderr
