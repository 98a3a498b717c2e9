"""How long the tests of this folder go on: short in `./test`, as asked for by name (`python -m tests.tabs`)."""

import os
from typing import Final

HISTORIES: Final = "THREADLINE_TABS_HISTORIES"
LENGTH: Final = "THREADLINE_TABS_LENGTH"
STRIDE: Final = "THREADLINE_TABS_STRIDE"


def asked(name: str, else_: int) -> int:
    """What the run was asked for."""
    return int(os.environ.get(name) or else_)
