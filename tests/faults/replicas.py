"""A PostgreSQL with a synchronous standby, of which each takes over from the other: real servers, real failures.

A commit is answered once both have it, so whoever takes over knows all that was ever acknowledged. While there is no
standby, after a failure and until a new one was copied from whoever serves, commits wait for nobody: no run may let it
fail then, and `whole` says when it may again.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from server.store.embedded import SETTINGS
from server.store.embedded.account import Account, choose_account
from server.store.embedded.cluster import DATABASE, ROLE, create_cluster
from server.store.embedded.place import HIDDEN_AWAY, Programs, find_programs, find_socket_folder
from server.store.embedded.postmaster import Postmaster, run_postmaster
from tests.crash.processes import RunFailed
from tests.faults.fleet import children

_NAMES: Final = ("one", "two")
_STANDBY: Final = "standby"
_WITHIN_S: Final = 90.0
_LET_COPIES: Final = "local replication all peer map=threadline\n"
_SETTINGS: Final = {
    **SETTINGS,
    "shared_buffers": "64MB",
    "wal_keep_size": "256MB",
    "wal_retrieve_retry_interval": "200ms",
    "hot_standby": "on",
}


class Replicas:
    """Everything blocks: call it from a thread. `socket` is that of whoever serves now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._account: Account = choose_account(folder)
        self._programs: Programs = find_programs(self._account, HIDDEN_AWAY)
        self._serving = 0
        self._running: dict[int, Postmaster] = {}
        self.whole = False

    @property
    def dsn(self) -> str:
        """Of whoever serves now, past all passages."""
        return self._dsn(self._serving)

    @property
    def standby_dsn(self) -> str:
        """Of the other one."""
        return self._dsn(1 - self._serving)

    @property
    def socket(self) -> Path:
        return self._socket_folder(self._serving) / ".s.PGSQL.5432"

    @property
    def name(self) -> str:
        return _NAMES[self._serving]

    def begin(self) -> None:
        """Make a cluster, start it, and copy it."""
        cluster = self._cluster(0)
        create_cluster(cluster, self._programs, self._account)
        with (cluster / "pg_hba.conf").open("a", encoding="ascii") as rules:
            rules.write(_LET_COPIES)
        self._running[0] = self._start(0)
        self.copy()

    def copy(self) -> None:
        """A new standby of whoever serves; from its first answer on, commits wait for it."""
        other = 1 - self._serving
        cluster, source = self._cluster(other), self._socket_folder(self._serving)
        shutil.rmtree(cluster, ignore_errors=True)
        self._own(cluster, folder=True)
        program = str(self._programs.bin / "pg_basebackup")
        command = [program, "-D", str(cluster), "-h", str(source), "-U", ROLE]
        command += ["-X", "stream", "-c", "fast", "--no-sync"]
        copier = self._account.popen(command, stdout=subprocess.PIPE)
        said = copier.communicate()[0]
        if copier.returncode:
            raise RunFailed(f"The standby could not be copied: {said.decode(errors='replace')[-500:]}")
        for left in cluster.glob(".s.PGSQL.*"):  # of whoever was copied, whose socket lies in its folder
            left.unlink()
        upstream = f"host={source} user={ROLE} application_name={_STANDBY}"
        with (cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"primary_conninfo = '{upstream}'\n")
        self._own(cluster / "standby.signal", folder=False)
        self._running[other] = self._start_standby(other)
        self.follow()

    def fail_over(self) -> None:
        """Whoever serves dies at once with all of its processes, and the other takes over, alone for now."""
        self.whole = False
        self._kill(self._serving)
        self._serving = 1 - self._serving
        self._ask("SELECT pg_promote(true, 60)")
        self._ask("ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")

    def restart(self, *, in_order: bool) -> None:
        """Whoever serves ends, or is killed with all of its processes, and serves again; the standby finds it."""
        if in_order:
            self._running.pop(self._serving).stop(5.0)
        else:
            self._kill(self._serving)
        self._running[self._serving] = self._start(self._serving)

    def end(self) -> None:
        for postmaster in self._running.values():
            postmaster.stop(5.0)
        for which in range(len(_NAMES)):
            if self._cluster(which).exists():
                shutil.rmtree(self._socket_folder(which), ignore_errors=True)

    # One of the two

    def _cluster(self, which: int) -> Path:
        return self._folder / _NAMES[which]

    def _socket_folder(self, which: int) -> Path:
        return find_socket_folder(self._cluster(which), self._account)

    def _dsn(self, which: int) -> str:
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self._socket_folder(which)), safe='/')}"

    def _settings(self, which: int) -> dict[str, str]:
        return {**_SETTINGS, "unix_socket_directories": str(self._socket_folder(which))}

    def _log(self, which: int) -> Path:
        return self._folder / f"{_NAMES[which]}.log"

    def _start(self, which: int) -> Postmaster:
        log = self._log(which)
        return run_postmaster(self._cluster(which), self._programs, self._account, self._settings(which), log)

    def _start_standby(self, which: int) -> Postmaster:
        """Until it answers readers, which is not what a primary calls ready."""
        command = [str(self._programs.bin / "postgres"), "-D", str(self._cluster(which))]
        for name, value in self._settings(which).items():
            command += ["-c", f"{name}={value}"]
        with self._log(which).open("ab") as log:
            postmaster = Postmaster(self._account.popen(command, stdout=log), self._account)
        pid_file, until = self._cluster(which) / "postmaster.pid", time.monotonic() + _WITHIN_S
        while time.monotonic() < until and not postmaster.has_ended():
            with suppress(OSError, IndexError):
                if pid_file.read_text().splitlines()[7].strip() in ("standby", "ready"):
                    return postmaster
            time.sleep(0.02)
        postmaster.stop(1.0)
        raise RunFailed(f"The standby did not start; see {self._log(which)}.")

    def _own(self, path: Path, *, folder: bool) -> None:
        """Make it the account's."""
        if folder:
            path.mkdir(mode=0o700)
        else:
            path.touch(mode=0o600)
        if self._account.switched:
            os.chown(path, self._account.uid, self._account.gid)

    def _kill(self, which: int) -> None:
        """As when a machine loses its power: nothing of it may say another word."""
        postmaster = self._running.pop(which)
        for pid in (postmaster.pid, *children(postmaster.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while not postmaster.has_ended():
            time.sleep(0.005)

    # What is asked of whoever serves

    def follow(self) -> None:
        """From now on commits wait for the standby, which is there."""
        self._ask(f"ALTER SYSTEM SET synchronous_standby_names = '{_STANDBY}'", "SELECT pg_reload_conf()")
        until = time.monotonic() + _WITHIN_S
        while self._ask("SELECT string_agg(sync_state, ',') FROM pg_stat_replication") != "sync":
            if time.monotonic() > until:
                raise RunFailed("The standby does not follow.")
            time.sleep(0.05)
        self.whole = True

    def _ask(self, *queries: str) -> object:
        """The value of the last one."""

        async def ask() -> object:
            connection = await asyncpg.connect(self.dsn, timeout=10)
            try:
                for query in queries:
                    value: object = await connection.fetchval(query)
                return value
            finally:
                connection.terminate()

        return asyncio.run(ask())
