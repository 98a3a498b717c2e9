"""Wherever the line of a session is cut, the tab that comes back shows what the tables hold."""

from __future__ import annotations

from pathlib import Path

from tests.integration.server import ANN
from tests.tabs import scale
from tests.tabs.desks import TABS, Desks, open_desks
from tests.tabs.frames import undescribed
from tests.tabs.recording import Recording, cut_at, named
from tests.tabs.scale import asked

STRIDE = 211  # a prime, so that cuts fall everywhere in frames; beside these, each frame's end and its neighbours
AT_ONCE = 40  # tabs that come back together: the look at the tables costs more than most of what they do

KINDS = {
    "subscribed user", "subscribed inbox", "subscribed thread", "snapshot user", "snapshot inbox", "snapshot thread",
    "event thread message", "event thread status", "event thread note", "event thread activity", "state inbox",
    "state user badge", "state user read", "state user mentions", "state thread viewer", "state thread typing",
    "ack", "err",
}  # fmt: skip


async def test_a_session_that_is_cut_anywhere_comes_back_to_what_the_tables_hold(
    dsn: str, tmp_path: Path, program: Path, few_to_a_page: None
) -> None:
    async with open_desks(dsn, tmp_path, program) as desks:
        recording = await _record(desks)
        assert named(recording.texts()) >= KINDS
        assert undescribed(f"heard {text}" for text in recording.texts()) == []
        cuts = _cuts(recording, asked(scale.STRIDE, STRIDE))
        browsers = desks.tabs[0].browsers
        for first in range(0, len(cuts), AT_ONCE):
            for at in cuts[first : first + AT_ONCE]:
                await desks.seat(await cut_at(browsers, desks.it.url, desks.headers[ANN], recording, at), ANN)
            await desks.settle()
            while len(desks.tabs) > TABS:
                await desks.unseat()
        print(f"{len(cuts)} cuts of {recording.size} bytes in {len(recording.texts())} frames")


def _cuts(recording: Recording, stride: int) -> list[int]:
    ends = recording.ends()
    near = {end + by for end in ends for by in (-1, 0, 1) if stride > 1 and end + by <= recording.size}
    return sorted({0, *range(0, recording.size + 1, stride), *near})


async def _record(desks: Desks) -> Recording:
    """What one tab sees and does while its member's other tab, a colleague and contacts are at work too."""
    tab = desks.tabs[0]
    for person in (0, 1, 2, 3):
        await desks.text_in(person, f"I am person {person}")
    thread = await desks.thread(0)
    await desks.settle()
    await tab.close()
    tab = desks.tabs[0] = tab.browsers.tab(desks.it.url, desks.headers[ANN])
    recording = Recording(tab.number)
    tab.recording = recording.course
    await tab.ask("start")
    desks.visits[0].clear()
    await desks.settle()
    await desks.look_at(0, thread)
    await desks.settle()
    await desks.look_at(2, thread)
    await desks.settle()
    await desks.tabs[2].call("typing", thread, True)
    await desks.settle()
    await desks.read(0, thread)
    await tab.call("send", thread, "Yes, it is")
    await desks.settle()
    await desks.by_api(2, "POST", f"threads/{thread}/notes", {"cmd_id": _CMD, "body": "@Ann have a look"})
    await desks.by_api(2, "PUT", f"threads/{thread}/assignee", {"member_id": ANN})
    await desks.text_in(0, "Can I see it?")
    await desks.unread(1, thread, 1)
    await desks.settle()
    await desks.by_api(2, "PUT", f"threads/{thread}/claim", {"over": True})
    await tab.call("send", thread, "Tomorrow?")
    await desks.settle()
    await desks.text_in(4, "Hello, I am new")
    await desks.by_api(2, "PUT", f"threads/{await desks.thread(1)}/closed", {"closed": True})
    await desks.settle()
    tab.recording = None
    return recording


_CMD = "0198c1a2-0000-7000-8000-000000000001"
