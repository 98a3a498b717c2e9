"""Makes the cluster of the embedded PostgreSQL, and says in one sentence why PostgreSQL refuses one."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from server.store.embedded.account import CLUSTER, Account, EmbeddedError, disk_full, told_as_a_sentence
from server.store.embedded.place import Programs

DATABASE: Final = "threadline"
ROLE: Final = "threadline"
_WAL_SEGMENT_BYTES: Final = 16 * 1024 * 1024

# The builtin C.UTF-8 sorts and lowers alike on every machine, whatever its libc knows.
# --no-clean: we delete the scratch folder, and until then it shows that it filled the disk.
_INITDB: Final = (
    "-A", "peer", "--no-clean", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"
)  # fmt: skip


def check_version(cluster: Path, programs: Programs) -> None:
    """Raise EmbeddedError unless *cluster* was made by the major version of *programs*."""
    try:
        found = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise EmbeddedError(f"{cluster} is not a PostgreSQL cluster; choose other data with --data.") from error
    if found != programs.major:
        raise EmbeddedError(
            f"The data in {cluster} is of PostgreSQL {found}, and this Threadline runs PostgreSQL {programs.major}; "
            f"export it with that version, or choose other data with --data."
        )


def create_cluster(cluster: Path, programs: Programs, account: Account) -> None:
    """Make the cluster and its database in a scratch folder and rename it: a crash half-way leaves no half cluster."""
    with told_as_a_sentence(cluster):
        for leftover in cluster.parent.glob(f"{CLUSTER}.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{CLUSTER}.new-", dir=cluster.parent))
    try:
        with told_as_a_sentence(cluster):
            if account.switched:
                os.chown(scratch, account.uid, account.gid)
        initdb, postgres = str(programs.bin / "initdb"), str(programs.bin / "postgres")
        _run_to_its_end(account, cluster, [initdb, "-D", str(scratch), "-U", ROLE, *_INITDB])
        _run_to_its_end(
            account, cluster, [postgres, "--single", "-D", str(scratch), "postgres"], f"CREATE DATABASE {DATABASE};\n"
        )
        with told_as_a_sentence(cluster):
            _let_in_only_the_owner(scratch, account)
            scratch.rename(cluster)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _let_in_only_the_owner(cluster: Path, account: Account) -> None:
    """The kernel tells PostgreSQL who is at the socket: root and the cluster's owner may in; no password lies about."""
    (cluster / "pg_hba.conf").write_text("local all all peer map=threadline\n", encoding="ascii")
    users = dict.fromkeys(("root", account.name))
    lines = "".join(f'threadline "{user}" {ROLE}\n' for user in users)
    (cluster / "pg_ident.conf").write_text(lines, encoding="utf-8")


def _run_to_its_end(account: Account, cluster: Path, command: list[str], entered: str = "") -> None:
    with told_as_a_sentence(cluster):
        process = account.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        said = process.communicate(entered.encode())[0].decode(errors="replace")
    except BaseException:  # Ctrl-C during initdb: nothing of it may stay behind
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode or "FATAL: " in said or "ERROR: " in said:
        raise EmbeddedError(why(said, cluster))


def why(said: str, cluster: Path) -> str:
    """The sentence for a PostgreSQL program that failed on *cluster* having *said* this."""
    # Programs do not always live to say it: near the end PostgreSQL may only report the panic that followed.
    full = shutil.disk_usage(cluster.parent).free < _WAL_SEGMENT_BYTES
    if full or "No space left on device" in said or "Disk quota exceeded" in said:
        return disk_full(cluster)
    complaints = [line.strip() for line in said.splitlines() if any(w in line for w in ("FATAL", "PANIC", "error:"))]
    told = complaints[-1] if complaints else said.strip()[-300:] or "it said nothing"
    return f"PostgreSQL cannot use {cluster}: {told}"
