"""A tab's session, recorded: what it was asked, and the bytes that the server said, in the order of both.

It is lived again in another tab up to any byte. That tab asks just what the recorded one asked, since ids of commands
and subscriptions come in the same order, so the recorded answers are answers to it; then its line breaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tests.tabs.browsers import Browsers, Tab


@dataclass
class Recording:
    """`course`: questions to the tab with this number, and pieces of what the server said."""

    number: int
    course: list[dict[str, Any] | bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(len(one) for one in self.course if isinstance(one, bytes))

    def texts(self) -> list[str]:
        """All frames of the server."""
        return Decoder().take(b"".join(one for one in self.course if isinstance(one, bytes)))

    def ends(self) -> list[int]:
        """After which bytes a frame is whole."""
        decoder, ends = Decoder(), []
        for at, byte in enumerate(b"".join(one for one in self.course if isinstance(one, bytes)), 1):
            if decoder.take(bytes([byte])):
                ends.append(at)
        return ends


class Decoder:
    """The browser's side of an open WebSocket: bytes in, whole texts out."""

    def __init__(self) -> None:
        self._protocol = ClientProtocol(parse_uri("ws://recorded/ws"), state=State.OPEN)

    def take(self, data: bytes) -> list[str]:
        self._protocol.receive_data(data)
        events = self._protocol.events_received()
        return [bytes(one.data).decode() for one in events if isinstance(one, Frame) and one.opcode is Opcode.TEXT]


async def live_again(tab: Tab, recording: Recording, up_to: int) -> None:
    """Everything until byte *up_to* of what the server said; then the line breaks. It is not dialled meanwhile."""
    decoder, left = Decoder(), up_to
    await tab.ask("opened", line=0)
    for one in recording.course:
        if isinstance(one, bytes):
            if texts := decoder.take(one[:left]):
                await tab.ask("heard", line=0, texts=texts)
            left -= len(one)
            if left <= 0:
                break
        else:
            await tab.ask(**one)
    await tab.ask("closed", line=0, code=1006)


async def cut_at(browsers: Browsers, url: str, headers: dict[str, str], recording: Recording, up_to: int) -> Tab:
    """A new tab that lived the recording up to there, lost its line, and has come back to the server at *url*."""
    tab = browsers.tab(url, headers)
    tab.played, tab.name = True, f", cut after byte {up_to} of {recording.size}"
    await tab.ask("start", alike=recording.number)
    await live_again(tab, recording, up_to)
    tab.played = False
    await tab.ask("online")
    return tab


def named(texts: Sequence[str]) -> set[str]:
    """The kinds of frames that were said: by their type, channel and key, without numbers."""
    return {_kind(text) for text in texts}


def _kind(text: str) -> str:
    frame = orjson.loads(text)
    channel = frame["ch"].partition(":")[0] if isinstance(frame.get("ch"), str) else ""
    key = str(frame.get("key") or (frame.get("data") or {}).get("kind") or "").partition(":")[0]
    return " ".join(word for word in (frame["t"], channel, "" if key.isdigit() else key) if word)
