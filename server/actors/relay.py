"""Brings the events that other programs hear to the sockets of this server, whichever server numbered them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, Protocol

import structlog
import trio

from server.ports import StoreUnavailable
from server.ports.events import Event, EventStream

AT_ONCE: Final = 500

log = structlog.get_logger(__name__)


class StreamPublisher(Protocol):
    """The sockets here. `streams`: of each workspace that somebody follows, up to which event that was told."""

    def streams(self) -> Mapping[int, int]: ...
    def integration_events(self, events: Sequence[Event]) -> None: ...


class StreamRelay:
    """Events leave in order and without a gap: who comes after a gap waits for those of the database."""

    def __init__(self, stream: EventStream, publisher: StreamPublisher) -> None:
        self._stream, self._publisher = stream, publisher
        self._wanted: dict[int, None] = {}
        self._some = trio.Event()

    def numbered(self, events: Sequence[Event]) -> None:
        """Numbered here a moment ago, rising for each workspace. Returns at once."""
        positions = self._publisher.streams()
        for workspace_id, some in groupby(events, lambda event: event.workspace_id):
            fresh = list(some)
            if fresh[0].seq > positions.get(workspace_id, fresh[0].seq) + 1:
                self.look(workspace_id)
            else:
                self._publisher.integration_events(fresh)

    def look(self, workspace_id: int) -> None:
        """There may be events that nobody here was told. Returns at once."""
        self._wanted[workspace_id] = None
        self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            self._some = trio.Event()
            wanted, self._wanted = self._wanted, {}
            for workspace_id in wanted:
                try:
                    await self._catch_up(workspace_id)
                except StoreUnavailable:
                    log.warning("events_not_relayed")
                    self.look(workspace_id)
                    await trio.sleep(1.0)

    async def _catch_up(self, workspace_id: int) -> None:
        while (told := self._publisher.streams().get(workspace_id)) is not None:
            events = (await self._stream.after(workspace_id, told, AT_ONCE)).events
            told = self._publisher.streams().get(workspace_id, told)  # some were numbered here while this was read
            self._publisher.integration_events([event for event in events if event.seq > told])
            if len(events) < AT_ONCE:
                return
