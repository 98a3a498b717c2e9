"""Who looks at the figures all the time: at the API, at the live channel, and at files that are exported meanwhile."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import trio
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from tests.bulk.people import client_of
from tests.campaign.figures import differences, faults_of, of_export
from tests.campaign.people import CAMPAIGNS
from tests.campaign.promptness import Told
from tests.crash.ground import Ground
from tests.crash.processes import RunFailed
from tests.ws.conftest import Client

_EVERY_S: Final = 0.1
_FILE_EVERY_S: Final = 0.5


@dataclass
class Seen:
    """*audience*: how many stand in the snapshot. `live` is what the channel told last; `wrong` are sentences.

    `open_files`: exports while some had the text and others waited. `opted_out`: when each frame of the channel
    came, and how many it told.
    """

    audience: int
    looks: Counter[str] = field(default_factory=Counter)
    open_files: int = 0
    live: dict[str, Any] = field(default_factory=dict)
    opted_out: list[Told] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def look(self, place: str, campaign: Mapping[str, Any]) -> None:
        """At one answer; before the snapshot is whole there are fewer."""
        self.looks[place] += 1
        figures = campaign["figures"]
        audience = self.audience if campaign["whole"] else figures["audience"]
        self.wrong += [f"{place}: {fault}" for fault in faults_of(figures, audience)]


async def at_the_api(ground: Ground, campaign_id: int, seen: Seen) -> None:
    """Until cancelled."""
    async with client_of(ground) as client:
        while True:
            answer = await client.get(f"{CAMPAIGNS}/{campaign_id}")
            answer.raise_for_status()
            seen.look("api", answer.json())
            await trio.sleep(_EVERY_S)


async def at_the_export(ground: Ground, campaign_id: int, seen: Seen) -> None:
    """Until cancelled: each file adds up to the figures of its own moment."""
    async with client_of(ground) as client:
        while True:
            answer = (await client.get(f"{CAMPAIGNS}/{campaign_id}/export.csv")).raise_for_status()
            figures, lines = json.loads(answer.headers["X-Figures"]), of_export(answer.text)
            seen.wrong += differences({"the figures of a file": figures, "its lines": lines})
            seen.looks["export"] += 1
            seen.open_files += figures["pending"] + figures["in_flight"] > 0 and figures["wired"] > 0
            await trio.sleep(_FILE_EVERY_S)


async def at_the_channel(
    ground: Ground, campaign_id: int, seen: Seen, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Until cancelled; started once the channel is open."""
    channel = f"campaign:{campaign_id}"
    async with await trio.open_tcp_stream("127.0.0.1", ground.server.port) as stream:
        client = await _connected(ground, stream)
        await client.say(t="subscribe", id=1, ch=channel)
        while True:
            frame = await client.hear()
            if frame["t"] == "err":
                raise RunFailed(f"The channel was refused: {orjson.dumps(frame).decode()}")
            if frame["t"] == "ping":
                await client.say(t="pong", id=frame["id"])
            if frame["t"] in ("snapshot", "state") and frame["ch"] == channel:
                if not seen.live:
                    task_status.started()
                seen.live = frame["data"]
                seen.opted_out.append((time.monotonic(), seen.live["figures"]["opted_out"]))
                seen.look("channel", seen.live)


async def _connected(ground: Ground, stream: trio.SocketStream) -> Client:
    protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{ground.server.port}/ws"))
    request = protocol.connect()
    request.headers["Cookie"] = f"threadline={ground.cast.session}"
    request.headers["Origin"] = ground.server.url
    protocol.send_request(request)
    client = Client(stream, protocol)
    while protocol.state.name == "CONNECTING":
        await client.pump()
    return client
