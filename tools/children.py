"""Runs other programs so that a signal to us ends them and all they started, at any moment."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK_S = 0.05
# Everything must have ended within ten seconds. A killed child whose parent does not reap it stays listed.
_ENDING = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 0.5))


class Stopped(Exception):
    """One of SIGINT, SIGTERM and SIGHUP asked us to stop; the programs that ran have ended."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


class Children:
    """The programs that we run. Made first of all: from then on the three signals only leave a note, which is read
    twenty times a second, so none can come between the start of a program and our knowing of it.
    """

    def __init__(self) -> None:
        self._noted: int | None = None
        # Even if they were ignored on entry, as a shell does with SIGINT for a job in the background.
        for number in _STOPPING:
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._noted = number

    def check(self) -> None:
        """Raise Stopped if a signal has come."""
        if self._noted is not None:
            raise Stopped(self._noted)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        output: IO[bytes] | int | None = None,
        while_waiting: Callable[[float], None] = lambda _elapsed_s: None,
    ) -> int:
        """Run *command* in a process group of its own and return its exit status; stderr goes where stdout goes.

        *while_waiting* is called about twenty times a second with the seconds since the start. Raises Stopped, and
        OSError when the program cannot be started.
        """
        self.check()
        began = time.monotonic()
        errors = subprocess.STDOUT if output is not None else None
        with subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
        ) as process:
            try:
                while True:
                    with suppress(subprocess.TimeoutExpired):
                        return process.wait(_TICK_S)
                    self.check()
                    while_waiting(time.monotonic() - began)
            finally:
                _end_group(process)

    def become(self, command: list[str], *, cwd: Path) -> None:
        """Replace this process by *command*, which meets the three signals with their default effect."""
        for number in _STOPPING:
            signal.signal(number, signal.SIG_DFL)
        self.check()  # one that came before the line above would otherwise be lost with this process's memory
        os.chdir(cwd)
        os.execv(command[0], command)  # noqa: S606  -- no shell is wanted


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of the group: politely, then by force. Its leader may have ended before its children."""
    for number, seconds in _ENDING:
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            process.poll()
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                return
            except PermissionError:  # macOS says so of a group that has only zombies
                return
            time.sleep(_TICK_S)
