"""How a server ends: by a signal, by its own word, or by a fault that restarting does not mend."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Final

import structlog
import trio

STOPPED: Final = 0
FAULT: Final = 1
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

log = structlog.get_logger(__name__)


class Ending:
    """Before there is a root to stop in order, a signal cancels what is being started."""

    def __init__(self) -> None:
        self.code = STOPPED
        self.on_hangup: Callable[[], None] | None = None  # what SIGHUP asks for, where that is not the end
        self.starting = trio.CancelScope()
        self._stop_root: Callable[[], None] | None = None
        self._asked = False

    async def listen(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hear signals until cancelled."""
        with trio.open_signal_receiver(*SIGNALS) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP and self.on_hangup is not None:
                    self.on_hangup()
                    continue
                log.info("stopping", signal=signal.Signals(number).name)
                self.ask()

    def fault(self, reason: str) -> None:
        """Stop in order, and say to whoever started us that it was not meant to be."""
        log.error("stopping", reason=reason)
        self.code = FAULT
        self.ask()

    def refuse(self, code: int) -> None:
        """Stop in order with the exit code of somebody who has said why."""
        self.code = code
        self.ask()

    def ask(self) -> None:
        """Stop. Asked twice it is the same."""
        self._asked = True
        if self._stop_root is None:
            self.starting.cancel()
        else:
            self._stop_root()

    def hand_over(self, stop_root: Callable[[], None]) -> None:
        """From here on stopping means stopping the root."""
        self._stop_root = stop_root
        if self._asked:
            stop_root()
