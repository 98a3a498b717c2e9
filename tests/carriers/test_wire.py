"""The wire knows what has left this machine, and never reads one request's answer as another's."""

import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from itertools import pairwise
from typing import Protocol

import pytest
import trio

from server.carriers.answer import Answer
from server.carriers.wire import NotOnWire, Origin, OutcomeUnknown, Wire
from server.domain.carrier import Void
from tests.carriers.scripted import CREATED, Connection, always, client_tls, serve, server_tls

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
OK = Answer(201, {b"content-length": b"2"}, b"ok")
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"


def leave() -> None:
    """The journal is written, nothing speaks against leaving."""


class Journal:
    def __init__(self) -> None:
        self.marks = 0

    def __call__(self) -> None:
        self.marks += 1


class WireTo(Protocol):
    def __call__(
        self,
        url: str,
        tls: ssl.SSLContext | None = None,
        *,
        connect_s: float = 5.0,
        answer_s: float = 5.0,
        max_answer_bytes: int = 65536,
    ) -> Wire: ...


@pytest.fixture
async def wire_to() -> AsyncIterator[WireTo]:
    """Makes wires that are closed after the test."""
    wires: list[Wire] = []

    def make(
        url: str,
        tls: ssl.SSLContext | None = None,
        *,
        connect_s: float = 5.0,
        answer_s: float = 5.0,
        max_answer_bytes: int = 65536,
    ) -> Wire:
        origin = Origin.of(url, tls)
        wires.append(Wire(origin, connect_s=connect_s, answer_s=answer_s, max_answer_bytes=max_answer_bytes))
        return wires[-1]

    yield make
    for wire in wires:
        wire.close()


SECURITY = pytest.mark.parametrize("secure", [pytest.param(False, id="plain"), pytest.param(True, id="tls")])


# Reading answers


@SECURITY
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(CREATED, OK, id="with a length"),
        pytest.param(CHUNKED, Answer(201, {b"transfer-encoding": b"chunked"}, b"ok"), id="in chunks"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + CREATED, OK, id="after 100 Continue"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + CREATED, OK, id="after early hints"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, {}, b""), id="without a body"),
    ],
)
async def test_an_answer_is_read_and_the_stream_is_used_again(
    nursery: trio.Nursery, secure: bool, answer: bytes, expected: Answer, wire_to: WireTo
) -> None:
    origin = await serve(nursery, always(answer), server_tls() if secure else None)
    wire = wire_to(origin.url, client_tls() if secure else None)
    assert [await wire.exchange(REQUEST, leave) for _ in range(3)] == [expected] * 3
    assert origin.connections == 1
    assert origin.requests == [REQUEST] * 3


@SECURITY
@pytest.mark.parametrize("answer", [pytest.param(CREATED, id="length"), pytest.param(CHUNKED, id="chunks")])
async def test_an_answer_may_drip_byte_by_byte(
    nursery: trio.Nursery, secure: bool, answer: bytes, wire_to: WireTo
) -> None:
    async def script(connection: Connection) -> None:
        while await connection.request():
            for byte in answer:
                await connection.send(bytes([byte]))

    origin = await serve(nursery, script, server_tls() if secure else None)
    wire = wire_to(origin.url, client_tls() if secure else None)
    assert [(await wire.exchange(REQUEST, leave)).body for _ in range(2)] == [b"ok", b"ok"]
    assert origin.connections == 1


async def test_an_answer_without_a_length_ends_with_the_connection(nursery: trio.Nursery, wire_to: WireTo) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 201 Created\r\n\r\nok")

    origin = await serve(nursery, script)
    wire = wire_to(origin.url)
    assert await wire.exchange(REQUEST, leave) == Answer(201, {}, b"ok")
    assert await wire.exchange(REQUEST, leave) == Answer(201, {}, b"ok")
    assert origin.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(CREATED.replace(b"Content", b"Connection: close\r\nContent"), id="Connection: close"),
        pytest.param(CREATED.replace(b"1.1", b"1.0"), id="HTTP/1.0"),
        pytest.param(CREATED + CREATED, id="two answers for one request"),
        pytest.param(CREATED + b"\x00rubbish", id="rubbish behind it"),
    ],
)
@SECURITY
async def test_a_stream_that_cannot_be_trusted_carries_no_second_request(
    nursery: trio.Nursery, secure: bool, answer: bytes, wire_to: WireTo
) -> None:
    origin = await serve(nursery, always(answer), server_tls() if secure else None)
    wire = wire_to(origin.url, client_tls() if secure else None)
    assert [(await wire.exchange(REQUEST, leave)).body for _ in range(2)] == [b"ok", b"ok"]
    assert origin.connections == 2


@SECURITY
async def test_a_second_answer_in_a_packet_of_its_own_is_never_read_as_the_next_one(
    nursery: trio.Nursery, secure: bool, wire_to: WireTo
) -> None:
    unsolicited = trio.Event()

    async def script(connection: Connection) -> None:
        while await connection.request():
            await connection.send(CREATED)
            if connection.number == 0:
                await connection.send(CREATED.replace(b"ok", b"no"))
                unsolicited.set()

    origin = await serve(nursery, script, server_tls() if secure else None)
    wire = wire_to(origin.url, client_tls() if secure else None)
    assert (await wire.exchange(REQUEST, leave)).body == b"ok"
    await unsolicited.wait()
    assert (await wire.exchange(REQUEST, leave)).body == b"ok"
    assert origin.connections == 2


async def test_a_second_answer_left_over_in_the_tls_buffers_is_never_read_as_the_next_one(
    nursery: trio.Nursery, wire_to: WireTo
) -> None:
    """Two records in one packet: the socket looks idle, but the second answer is here already."""

    async def script(connection: Connection) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = server_tls().wrap_bio(incoming, outgoing, server_side=True)

        async def until_done(step: Callable[[], object]) -> None:
            while True:
                try:
                    step()
                    break
                except ssl.SSLWantReadError:
                    await connection.send(outgoing.read())
                    incoming.write(await connection.stream.receive_some(65536))
            await connection.send(outgoing.read())

        await until_done(tls.do_handshake)
        while True:
            await until_done(lambda: tls.read(65536))
            tls.write(CREATED)
            tls.write(CREATED.replace(b"ok", b"no"))
            await connection.send(outgoing.read())

    origin = await serve(nursery, script)
    wire = wire_to(origin.url.replace("http:", "https:"), client_tls())
    assert [(await wire.exchange(REQUEST, leave)).body for _ in range(2)] == [b"ok", b"ok"]
    assert origin.connections == 2


# Not one byte


async def test_a_refused_connection_is_not_on_the_wire(free_port: Callable[[], int], wire_to: WireTo) -> None:
    journal = Journal()
    with pytest.raises(NotOnWire, match="no connection"):
        await wire_to(f"http://127.0.0.1:{free_port()}").exchange(REQUEST, journal)
    assert journal.marks == 0


async def test_an_unknown_name_is_not_on_the_wire(wire_to: WireTo) -> None:
    with pytest.raises(NotOnWire, match="no connection"):
        await wire_to("http://carrier.invalid").exchange(REQUEST, leave)


async def test_a_certificate_that_nobody_vouches_for_is_not_on_the_wire(nursery: trio.Nursery, wire_to: WireTo) -> None:
    origin = await serve(nursery, always(CREATED), server_tls())
    journal = Journal()
    with pytest.raises(NotOnWire, match="certificate"):
        await wire_to(origin.url, ssl.create_default_context()).exchange(REQUEST, journal)
    assert journal.marks == 0
    assert origin.requests == []


async def test_a_tls_handshake_that_never_ends_is_not_on_the_wire(nursery: trio.Nursery, wire_to: WireTo) -> None:
    async def silent(connection: Connection) -> None:
        await trio.sleep_forever()

    origin = await serve(nursery, silent)
    wire = wire_to(origin.url.replace("http:", "https:"), client_tls(), connect_s=0.05)
    with pytest.raises(NotOnWire, match="no connection within"):
        await wire.exchange(REQUEST, leave)


@pytest.mark.parametrize(
    ("objection", "voided"),
    [
        pytest.param(Void("40 ms have passed"), True, id="void"),
        pytest.param(OSError("disk full"), False, id="the journal cannot be written"),
    ],
)
async def test_an_objection_before_the_first_byte_keeps_it_off_the_wire(
    nursery: trio.Nursery, objection: Exception, voided: bool, wire_to: WireTo
) -> None:
    origin = await serve(nursery, always(CREATED))

    def object_() -> None:
        raise objection

    wire = wire_to(origin.url)
    with pytest.raises(NotOnWire, match=str(objection)) as caught:
        await wire.exchange(REQUEST, object_)
    assert caught.value.voided is voided
    assert (await wire.exchange(REQUEST, leave)).body == b"ok"
    assert origin.requests == [REQUEST]


@SECURITY
async def test_a_stream_that_was_closed_while_idle_is_replaced_before_the_first_byte(
    nursery: trio.Nursery, secure: bool, wire_to: WireTo
) -> None:
    closed = trio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(CREATED)
        if connection.number == 0:
            await connection.stream.aclose()
            closed.set()
        else:
            await connection.request()

    origin = await serve(nursery, script, server_tls() if secure else None)
    wire = wire_to(origin.url, client_tls() if secure else None)
    await wire.exchange(REQUEST, leave)
    await closed.wait()
    journal = Journal()
    assert (await wire.exchange(REQUEST, journal)).body == b"ok"
    assert journal.marks == 1


# After the first byte


async def test_a_reused_stream_that_is_closed_after_we_wrote_is_unknown(nursery: trio.Nursery, wire_to: WireTo) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(CREATED)
        await connection.request()

    origin = await serve(nursery, script)
    wire = wire_to(origin.url)
    await wire.exchange(REQUEST, leave)
    with pytest.raises(OutcomeUnknown):
        await wire.exchange(REQUEST, leave)
    assert origin.connections == 1


@SECURITY
@pytest.mark.parametrize("answer", [pytest.param(CREATED, id="length"), pytest.param(CHUNKED, id="chunks")])
@pytest.mark.parametrize("reset", [pytest.param(True, id="reset"), pytest.param(False, id="closed")])
async def test_an_answer_cut_at_any_byte_is_unknown(
    nursery: trio.Nursery, secure: bool, answer: bytes, reset: bool, wire_to: WireTo
) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(answer[: connection.number])
        if reset:
            connection.reset()

    origin = await serve(nursery, script, server_tls() if secure else None)
    wire = wire_to(origin.url, client_tls() if secure else None)
    for _ in range(len(answer)):
        with pytest.raises(OutcomeUnknown):
            await wire.exchange(REQUEST, leave)
    assert origin.connections == len(answer)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"220 mail.example.org ESMTP\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", id="an upgrade"),
        pytest.param(
            b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok", id="two lengths"
        ),
        pytest.param(b"HTTP/1.1 201 Created\r\n" + b"X: y\r\n" * 1000, id="a bomb of headers"),
        pytest.param(b"HTTP/1.1 201 Created\r\nX: " + b"y" * 5000, id="an endless header"),
        pytest.param(b"HTTP/1.1 201 Created\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000, id="a huge body"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, id="endless interim answers"),
        pytest.param(b"HTTP/1.1 201 Created\r\nContent-Le", id="silence in mid-answer"),
        pytest.param(b"", id="silence"),
    ],
)
async def test_what_is_not_one_answer_in_time_and_size_is_unknown(
    nursery: trio.Nursery, answer: bytes, wire_to: WireTo
) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(answer)
        await trio.sleep_forever()

    origin = await serve(nursery, script)
    wire = wire_to(origin.url, answer_s=0.1, max_answer_bytes=4096)
    with pytest.raises(OutcomeUnknown):
        await wire.exchange(REQUEST, leave)


async def test_a_slow_drip_does_not_outlast_the_deadline(nursery: trio.Nursery, wire_to: WireTo) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 201 Created\r\nX: ")
        while True:
            await connection.send(b"y")
            await trio.sleep(0.01)

    origin = await serve(nursery, script)
    with pytest.raises(OutcomeUnknown, match="no complete answer"):
        await wire_to(origin.url, answer_s=0.1).exchange(REQUEST, leave)


async def test_a_cancelled_exchange_leaves_no_stream_for_the_next_one(nursery: trio.Nursery, wire_to: WireTo) -> None:
    asked = trio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        if connection.number == 0:
            asked.set()
            await trio.sleep_forever()
        await connection.send(CREATED)

    origin = await serve(nursery, script)
    wire = wire_to(origin.url)
    async with trio.open_nursery() as inner:
        inner.start_soon(wire.exchange, REQUEST, leave)
        await asked.wait()
        inner.cancel_scope.cancel()
    assert (await wire.exchange(REQUEST, leave)).body == b"ok"
    assert origin.connections == 2


async def test_who_is_told_not_to_leave_leaves_the_stream_for_the_next(nursery: trio.Nursery, wire_to: WireTo) -> None:
    """Else each text that is late would make the next one connect first, and be late as well."""

    def object_() -> None:
        raise Void("late")

    origin = await serve(nursery, always(CREATED))
    wire = wire_to(origin.url)
    for before in (leave, object_, object_, leave):
        with suppress(NotOnWire):
            await wire.exchange(REQUEST, before)
    assert (origin.connections, len(origin.requests)) == (1, 2)


async def test_nothing_yields_between_the_journal_and_the_first_byte(nursery: trio.Nursery, wire_to: WireTo) -> None:
    """Another task that is ready to run must not get in between: what it learns would come too late."""
    origin = await serve(nursery, always(CREATED))
    wire = wire_to(origin.url)
    await wire.exchange(REQUEST, leave)
    events: list[str] = []
    rounds = 20  # which of two tasks runs first is a matter of luck
    write = os.write

    def traced(fd: int, data: bytes) -> int:
        if data is REQUEST:
            events.append("first byte")
        return write(fd, data)

    async def intruder() -> None:
        events.append("another task")

    def journal() -> None:
        events.append("journal")
        nursery.start_soon(intruder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", traced)
        for _ in range(rounds):
            await wire.exchange(REQUEST, journal)
    after_journal = [later for event, later in pairwise(events) if event == "journal"]
    assert after_journal == ["first byte"] * rounds


@pytest.mark.parametrize("address", ["ftp://x", "carrier.example.org", "http://"])
def test_an_address_that_is_not_http_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an http"):
        Origin.of(address)
