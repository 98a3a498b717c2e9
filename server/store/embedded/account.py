"""Decides as which user the embedded PostgreSQL runs, and says in one sentence what that user or we cannot do.

PostgreSQL refuses to run as root, so root hands it to an ordinary account.
"""

import errno
import os
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, Final

CLUSTER: Final = "postgres"  # the cluster's folder, or a link to it, in the data folder
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # no PGDATA, PGOPTIONS or LD_* of ours


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot do what was asked; the text is one sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that PostgreSQL runs as; `switched` when it is not the user that we are."""

    uid: int
    gid: int
    name: str
    switched: bool

    def popen(
        self, command: Sequence[str], *, stdin: int = DEVNULL, stdout: int | IO[bytes] = DEVNULL
    ) -> subprocess.Popen[bytes]:
        """Start *command* as this user, in a folder that it may be in; its stderr goes where its stdout goes.

        It gets a session of its own: Ctrl-C at the terminal must not stop the database before the server is done.
        """
        return subprocess.Popen(  # noqa: S603  -- only our own commands
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=dict(_ENVIRONMENT),
            start_new_session=True,
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
        )

    def can(self, *command: str) -> bool:
        """Whether *command* succeeds as this user. Trying it also covers ACLs, containers and noexec mounts."""
        try:
            return self.popen(command).wait(timeout=20) == 0
        except (OSError, subprocess.TimeoutExpired):
            return False


@contextmanager
def told_as_a_sentence(path: Path) -> Iterator[None]:
    """Turn an OSError about *path* into an EmbeddedError that says what to do."""
    try:
        yield
    except OSError as error:
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                text = disk_full(path)
            case errno.EROFS | errno.EACCES | errno.EPERM:
                text = f"{path} cannot be written; choose another folder with --data."
            case errno.ENOTDIR | errno.EEXIST:
                text = f"{path} is not a folder; choose another one with --data."
            case _:
                text = f"{error.filename or path} cannot be used: {error.strerror}."
        raise EmbeddedError(text) from error


def disk_full(path: Path) -> str:
    """The sentence for a full disk."""
    return f"The disk that holds {path} is full; make room (about 200 MB) and start again."


def choose_account(data_dir: Path) -> Account:
    """Ourselves; when we are root, the owner of the existing cluster, else of *data_dir*, else a system account.

    The owner of the existing cluster comes first because PostgreSQL only opens what its own user owns.
    """
    if os.geteuid() != 0:
        return _account_of(os.geteuid(), switched=False)
    for place in (data_dir / CLUSTER, data_dir, data_dir.parent):
        if place.exists() and place.stat().st_uid != 0:
            return _account_of(place.stat().st_uid, switched=True)
    for name in ("postgres", "nobody"):
        try:
            return _account_of(pwd.getpwnam(name).pw_uid, switched=True)
        except KeyError:
            continue
    raise EmbeddedError("PostgreSQL refuses to run as root and there is no account 'nobody'; start as another user.")


def _account_of(uid: int, *, switched: bool) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        # initdb and PostgreSQL's peer authentication both look the user up by name.
        raise EmbeddedError(
            f"User {uid} has no name in /etc/passwd, which PostgreSQL needs; start as a user that has one."
        ) from None
    return Account(uid, entry.pw_gid, entry.pw_name, switched)
