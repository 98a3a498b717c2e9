"""Starts the postmaster as our child, ends it, and ends what a killed server left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from server.store.embedded.account import Account, EmbeddedError, told_as_a_sentence
from server.store.embedded.cluster import why
from server.store.embedded.place import Programs

_START_WITHIN_S: Final = 60.0  # recovery after a crash replays up to max_wal_size
_ORPHANS_WITHIN_S: Final = 10.0  # backends of a killed postmaster notice its death at their next wait
_LOG_BYTES: Final = 5_000_000

# The pid is the postmaster's as long as nobody has reaped it, and whoever reaps it dismisses the guard.
_GUARD: Final = 'trap "" INT TERM HUP; read -r _; kill -INT "$1"'


class Postmaster:
    """A running postmaster, and the guard that ends it should we be killed."""

    def __init__(self, process: subprocess.Popen[bytes], account: Account) -> None:
        self.pid = process.pid
        self._process = process
        self._guard = account.popen(["/bin/sh", "-c", _GUARD, "threadline-guard", str(self.pid)], stdin=subprocess.PIPE)

    def has_ended(self) -> bool:
        """Whether the postmaster is gone, stopped or crashed."""
        if self._process.poll() is None:
            return False
        if self._guard.poll() is None:
            self._guard.kill()
            self._guard.wait()
        if self._guard.stdin:
            self._guard.stdin.close()
        return True

    def stop(self, timeout_s: float) -> None:
        """End it: sessions first, after *timeout_s* without a checkpoint, 2 s later by force."""
        steps = [(signal.SIGINT, timeout_s), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0)]
        _end(steps, self._process.send_signal, self.has_ended)


def run_postmaster(
    cluster: Path, programs: Programs, account: Account, settings: Mapping[str, str], log: Path
) -> Postmaster:
    """Start the postmaster and wait until it takes connections.

    Orphans of a killed one may hold its shared memory for a moment, so that is tried again. Raises EmbeddedError.
    """
    command = [str(programs.bin / "postgres"), "-D", str(cluster)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    give_up_at = time.monotonic() + _ORPHANS_WITHIN_S
    while True:
        with told_as_a_sentence(log):
            said_before = _rotated(log)
            with log.open("ab") as output:
                postmaster = Postmaster(account.popen(command, stdout=output), account)
        try:
            if _is_ready(cluster, postmaster):
                return postmaster
        except BaseException:
            postmaster.stop(timeout_s=2.0)
            raise
        said = log.read_bytes()[said_before:].decode(errors="replace")
        if "pre-existing shared memory block" not in said or time.monotonic() > give_up_at:
            raise EmbeddedError(why(said, cluster))
        time.sleep(0.1)


def _rotated(log: Path) -> int:
    """Bytes already in *log*; a long one becomes `.1` first."""
    size = log.stat().st_size if log.exists() else 0
    if size <= _LOG_BYTES:
        return size
    log.replace(log.with_name(log.name + ".1"))
    return 0


def _is_ready(cluster: Path, postmaster: Postmaster) -> bool:
    """Wait until postmaster.pid says "ready" in its 8th line, as pg_ctl does; False when the process ends first."""
    give_up_at = time.monotonic() + _START_WITHIN_S
    while not postmaster.has_ended():
        lines = _pid_file(cluster)
        if len(lines) >= 8 and lines[0] == str(postmaster.pid) and lines[7].strip() == "ready":
            return True
        if time.monotonic() > give_up_at:
            raise EmbeddedError(f"PostgreSQL on {cluster} was not ready after {_START_WITHIN_S:.0f} s.")
        time.sleep(0.01)
    return False


# Leftovers


def stop_leftover(cluster: Path) -> None:
    """Stop the postmaster of a server that was killed, found by the pid in its own folder. Raises EmbeddedError.

    PostgreSQL itself refuses to start while anything has the pid in that file: another process (after a reboot, in a
    container) or a zombie whose parent does not reap. Then the file goes, once no orphaned backend is left. The file of
    a pid that nobody has stays: by it PostgreSQL finds orphans itself.
    """
    lines = _pid_file(cluster)
    if not lines or not lines[0].isdigit() or not _exists(pid := int(lines[0])):
        return

    def tell(number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    steps = [(signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 2.0)]
    ended = _end(steps, tell, lambda: f"-D {cluster} " not in _command_of(pid))
    if not ended or not _within(_ORPHANS_WITHIN_S, lambda: not _has_orphans(lines)):
        raise EmbeddedError(f"A leftover PostgreSQL (process {pid}) on {cluster} does not end; end it and start again.")
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    if len(lines) > 4:  # line 5 is the socket's folder, whose lock file holds the same pid
        Path(lines[4], ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _end(steps: list[tuple[signal.Signals, float]], tell: Callable[[int], None], ended: Callable[[], bool]) -> bool:
    """Send each signal and give it its seconds, until *ended*."""
    for number, seconds in steps:
        if ended():
            return True
        tell(number)
        if _within(seconds, ended):
            return True
    return ended()


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.01)
    return True


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _has_orphans(lines: list[str]) -> bool:
    """Whether a process is attached to the shared memory that line 7 of postmaster.pid names (key, id)."""
    try:
        shmid = lines[6].split()[1]
        rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()]
    except (IndexError, OSError):
        return False
    attached = rows[0].index("nattch")
    return any(row[1] == shmid and row[attached] != "0" for row in rows[1:])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command_of(pid: int) -> str:
    """The command line of *pid*; empty when it has ended, also as a zombie that its parent does not reap."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    asked = subprocess.run(["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603  -- macOS has no /proc
    return asked.stdout
