"""`./test` leaves no part out, and builds the client before the tests that lean on it."""

from itertools import chain

from tools.test import QUEUE
from tools.test_parts import PARTS


def test_every_part_stands_in_the_queue_once() -> None:
    assert sorted(chain(*QUEUE)) == sorted(PARTS)


def test_the_client_is_built_before_the_browser_is_served_it_and_before_its_tabs_are_bundled() -> None:
    assert [turn for turn in QUEUE if {"ui", "tabs"} & set(turn)] == [("client", "ui", "tabs")]
