"""Owns the life of the PostgreSQL that comes with Threadline: created, started, stopped, recovered after any crash.

At most one server uses a data folder: an flock tells a second start from a leftover of a killed one. A postmaster whose
server was killed is stopped within a second by a guard, a shell that waits for the end of a pipe only the server holds;
what it leaves all the same is stopped by the next start, by the pid in the cluster's own folder. So a start always ends
with a postmaster that is our child, on the same socket as before.

Everything here blocks: call it before trio runs, or through `trio.to_thread.run_sync`.
"""

import fcntl
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from server.store.embedded.account import CLUSTER, EmbeddedError, choose_account, told_as_a_sentence
from server.store.embedded.cluster import DATABASE, ROLE, check_version, create_cluster
from server.store.embedded.place import (
    HIDDEN_AWAY,
    find_cluster,
    find_programs,
    find_socket_folder,
    forget_place,
    make_data_dir,
)
from server.store.embedded.postmaster import Postmaster, run_postmaster, stop_leftover

__all__ = ["DATABASE", "SETTINGS", "EmbeddedError", "EmbeddedPostgres", "destroy", "start"]

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",  # the unix socket only: nothing to attack from the network, and no port to be taken
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "2GB",  # fewer checkpoints: after each one every touched page is logged whole again
    "random_page_cost": "1.1",  # SSD
    "jit": "off",  # our statements are short; compiling one costs more than running it
    "idle_in_transaction_session_timeout": "5s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Bodies of messages never reach a log: no statements, and no DETAIL, which quotes rows.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
}


class EmbeddedPostgres:
    """A running PostgreSQL of our own. Made by `start`; `stop` ends it and lets the data folder go."""

    def __init__(self, data_dir: Path, socket_folder: Path, postmaster: Postmaster, lock: IO[str]) -> None:
        self.data_dir = data_dir
        self.socket_folder = socket_folder
        self._postmaster = postmaster
        self._lock = lock

    @property
    def dsn(self) -> str:
        """The DSN of the database `threadline`; the same after every restart on this folder."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """The DSN of another database of this server, for tests that want one each."""
        return f"postgresql://{ROLE}@/{quote(database, safe='')}?host={quote(str(self.socket_folder), safe='/')}"

    @property
    def pid(self) -> int:
        """The postmaster's pid."""
        return self._postmaster.pid

    @property
    def alive(self) -> bool:
        """Whether the postmaster runs; False after a crash, when `stop` and a new `start` bring it back."""
        return not self._postmaster.has_ended()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop PostgreSQL: sessions are ended and open transactions rolled back. Does nothing the second time.

        What has not ended after *timeout_s* is ended without a checkpoint, and the next start recovers.
        """
        self._postmaster.stop(timeout_s)
        self._lock.close()

    def __enter__(self) -> "EmbeddedPostgres":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    data_dir: Path, *, settings: Mapping[str, str] | None = None, hidden_away: Path = HIDDEN_AWAY
) -> EmbeddedPostgres:
    """Start PostgreSQL on *data_dir*, creating folder, cluster and the empty database `threadline` where absent.

    *settings* override `SETTINGS` (`{"fsync": "off"}` for tests). *hidden_away* is where root puts programs and data
    if *data_dir* lies where PostgreSQL's account may not go. Takes about 0.1 s, 1 s the first time, longer after a
    crash. Raises EmbeddedError.
    """
    data_dir = data_dir.absolute()
    make_data_dir(data_dir)
    lock = _locked(data_dir)
    try:
        account = choose_account(data_dir)
        programs = find_programs(account, hidden_away)
        cluster = find_cluster(data_dir, account, hidden_away)
        if cluster.exists():
            check_version(cluster, programs)
            stop_leftover(cluster)
        else:
            create_cluster(cluster, programs, account)
        socket_folder = find_socket_folder(cluster, account)
        chosen = {**SETTINGS, **(settings or {}), "unix_socket_directories": str(socket_folder)}
        postmaster = run_postmaster(cluster, programs, account, chosen, data_dir / "postgres.log")
    except BaseException:
        lock.close()
        raise
    return EmbeddedPostgres(data_dir, socket_folder, postmaster, lock)


def destroy(data_dir: Path) -> None:
    """Delete the cluster of *data_dir*, also where it was hidden away. Raises EmbeddedError while a server uses it."""
    data_dir = data_dir.absolute()
    if not (data_dir / CLUSTER).is_symlink() and not (data_dir / CLUSTER).exists():
        return
    with _locked(data_dir), told_as_a_sentence(data_dir):
        link = data_dir / CLUSTER
        cluster = link.resolve()
        if cluster.exists():
            stop_leftover(cluster)
            socket_folder = find_socket_folder(cluster, choose_account(data_dir))
            shutil.rmtree(cluster)
            shutil.rmtree(socket_folder, ignore_errors=True)
        if link.is_symlink():
            link.unlink()
            forget_place(cluster)


def _locked(data_dir: Path) -> IO[str]:
    """Hold *data_dir* until the file is closed or this process dies. The file keeps our pid, for the sentence only."""
    with told_as_a_sentence(data_dir):
        lock = (data_dir / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        who = f" (process {holder})" if holder else ""
        raise EmbeddedError(
            f"Threadline is already running on the data in {data_dir}{who}; "
            "stop it first, or choose other data with --data."
        ) from None
    with told_as_a_sentence(data_dir):
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
    return lock
