"""`python -m tests.crash.forge` imports the server once and forks one whenever told: importing is most of a start.

Each line on stdin begins a server: a JSON object of what its environment has besides ours. JSON lines on stdout say
`{"started": pid}`, `{"stopped": pid}` where it stands still and, once it is gone, `{"ended": pid, "code": n}`, where a
signal's code is negative. What servers print goes to stderr. At the end of stdin those that are left are killed.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import sys
import traceback
from contextlib import suppress
from typing import Final, NoReturn

gc.disable()
import server.app  # noqa: E402, F401  # that is what takes the time
from server.cli import main  # noqa: E402  # what is imported while nothing is collected
from server.domain.campaigns import drip, drip_faults  # noqa: E402  # the same
from server.store.campaigns import snapshot  # noqa: E402  # the same

gc.freeze()  # a server that is forked walks only what it made itself, and shares the rest untouched
gc.enable()

CHUNK: Final = "CRASH_SNAPSHOT_CHUNK"
INTERVAL: Final = "CRASH_DRIP_INTERVAL_S"

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_BYTES: Final = 4096


class Forge:
    """*said* is the file descriptor of what is said to whoever gives the word."""

    def __init__(self, said: int) -> None:
        self._said = said
        self._alive: set[int] = set()

    def work(self) -> None:
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        with selectors.DefaultSelector() as selector:
            for fd in (_STDIN, woken):
                selector.register(fd, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if _STDIN in ready:
                    said = os.read(_STDIN, _BYTES)
                    if not said:
                        return self._end_all()
                    for line in said.decode().splitlines():
                        self._begin(json.loads(line))
                if woken in ready:
                    os.read(woken, _BYTES)
                    self._reap()

    def _begin(self, settings: dict[str, str]) -> None:
        pid = os.fork()
        if pid == 0:
            os.close(self._said)
            _serve(settings)
        self._alive.add(pid)
        self._say(started=pid)

    def _reap(self) -> None:
        for pid in list(self._alive):
            ended, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
            if ended and os.WIFSTOPPED(status):
                self._say(stopped=pid)
            elif ended:
                self._alive.discard(pid)
                self._say(ended=pid, code=os.waitstatus_to_exitcode(status))

    def _end_all(self) -> None:
        for pid in self._alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _say(self, **facts: int) -> None:
        os.write(self._said, json.dumps(facts).encode() + b"\n")


def _serve(settings: dict[str, str]) -> NoReturn:
    """In the child: be the leader of a session, as a server of its own, and never come back."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), _STDIN)
        os.environ.update(settings)
        _quicken()
        code = main(["serve"])
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001  # nothing may unwind into the parent's frames
        traceback.print_exc()
    os._exit(code)


def _quicken() -> None:
    """What takes minutes or a hundred thousand people, in seconds with hundreds, where the run asks for it."""
    if chunk := os.environ.get(CHUNK):
        vars(snapshot)["CHUNK"] = int(chunk)
    if interval_s := os.environ.get(INTERVAL):
        for module in (drip, drip_faults):
            vars(module)["MIN_INTERVAL_S"] = int(interval_s)


if __name__ == "__main__":
    forge = Forge(os.dup(_STDOUT))
    os.dup2(_STDERR, _STDOUT)
    forge.work()
