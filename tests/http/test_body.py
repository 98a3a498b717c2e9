"""A route takes as large a body as it says, at its own pace, and nothing of a larger one is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from server.http.body import ROOM, PacedBody, Pieces
from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.rules import MEMBER, Routes
from tests.http.house import House

LIMIT = 3_000_000
Handler = Callable[[AsyncIterator[bytes]], Awaitable[Any]]


@pytest.fixture
def take(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], None]:
    def add(handler: Handler) -> None:
        routes = Routes("media")  # a resource that is placed

        @routes.post("/api/v1/extra", MEMBER, raw_body_limit=LIMIT)
        async def extra(call: Call, body: AsyncIterator[bytes]) -> Any:
            return await handler(body)

        from server.http import app

        known = list(app._routes(house.deps))
        monkeypatch.setattr(app, "_routes", lambda deps: [*known, *routes.declared])

    return add


async def count(body: AsyncIterator[bytes]) -> Answer:
    return Answer({"bytes": sum([len(piece) async for piece in body])})


async def test_a_route_that_says_so_takes_more_than_a_json_route(house: House, take: Callable[[Handler], None]) -> None:
    take(count)
    browser = await house.logged_in()
    answer = await browser.post("/api/v1/extra", b"x" * LIMIT)
    assert answer.json == {"bytes": LIMIT}


async def test_more_than_that_is_one_sentence(house: House, take: Callable[[Handler], None]) -> None:
    take(count)
    answer = await (await house.logged_in()).post("/api/v1/extra", b"x" * (LIMIT + 1))
    assert (answer.status, answer.json["detail"]) == (413, "This is too big: at most 3 MB are taken here.")


async def test_a_size_that_is_said_beforehand_is_refused_before_anything_comes(
    house: House, take: Callable[[Handler], None]
) -> None:
    read: list[bytes] = []

    async def remember(body: AsyncIterator[bytes]) -> Answer:
        read.extend([piece async for piece in body])
        return Answer()

    take(remember)
    answer = await (await house.logged_in()).post("/api/v1/extra", b"x", Content_Length="2147483648")
    assert (answer.status, read) == (413, [])


async def test_a_stranger_is_refused_before_the_handler_sees_a_byte(
    house: House, take: Callable[[Handler], None]
) -> None:
    take(count)
    answer = await house.browser().post("/api/v1/extra", b"x" * LIMIT)
    assert answer.status == 401


async def test_who_sends_faster_than_it_is_read_waits(autojump_clock: trio.testing.MockClock) -> None:
    body, taken = PacedBody(None, None), 0

    async def send() -> None:
        for _ in range(40):
            await body.put(b"x" * 65_536)
        body.set_complete()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        assert len(body._data) == ROOM
        async for piece in body:
            assert len(piece) <= ROOM
            taken += len(piece)
            await trio.testing.wait_all_tasks_blocked()
    assert taken == 40 * 65_536


async def test_a_body_that_never_ends_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    body = PacedBody(None, None)

    async def drip() -> None:
        while True:
            await body.put(b"x")
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drip)
        with pytest.raises(Problem, match="took too long"):
            async for _ in Pieces(body, LIMIT, 60.0):
                pass
        assert trio.current_time() == pytest.approx(60.0)
        nursery.cancel_scope.cancel()


async def test_the_time_that_a_handler_takes_is_not_the_senders(autojump_clock: trio.testing.MockClock) -> None:
    body, read = PacedBody(None, None), 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(body.put, b"x")
        async for piece in Pieces(body, LIMIT, 60.0):
            read += len(piece)
            await trio.sleep(3600)
            body.set_result(b"y" if read == 1 else b"")
    assert read == 2
