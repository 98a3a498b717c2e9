"""The check of frames against their document sees what it is there to see."""

from __future__ import annotations

import pytest

from tests.tabs.frames import undescribed

SUBSCRIBE = '{"t":"subscribe","id":1,"ch":"inbox"}'


@pytest.mark.parametrize(
    ("line", "known"),
    [
        pytest.param(f"said {SUBSCRIBE}", True, id="a frame of the client"),
        pytest.param(f"heard {SUBSCRIBE}", False, id="said by the wrong side"),
        pytest.param('said {"t":"subscribe","id":"1","ch":"inbox"}', False, id="a field of another type"),
        pytest.param('said {"t":"subscribe","id":1,"ch":"inbox","more":1}', False, id="a field that nobody knows"),
        pytest.param('heard {"t":"resync","ch":["inbox"]}', True, id="a frame of the server"),
        pytest.param('heard {"t":"resync"}', False, id="without what it must have"),
    ],
)
def test_a_frame_is_known_or_not(line: str, known: bool) -> None:
    assert undescribed([line]) == ([] if known else [line])
