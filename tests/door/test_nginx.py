"""The door behind a real nginx, which mixes pages, webhooks and sockets on the one connection that it keeps to us."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

if TYPE_CHECKING:
    from tests.door.conftest import Client, OpenHouse

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

ClientOf = Callable[[trio.SocketStream], "Client"]
StartNginx = Callable[[int], Path]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian's package nginx-light)"),
]

CONFIGURATION = """
{user}
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 20m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream door {{ server 127.0.0.1:{door}; keepalive 1; }}
  server {{
    listen {address};
    location / {{
      proxy_pass http://door; proxy_http_version 1.1; proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""

PAGE = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n"
WEBHOOK = b"POST /webhooks/twilio/1/inbound HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nBody"
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture
def start_nginx(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Starts nginx before the door on a port; gives the path of the socket that it listens on."""
    started: list[subprocess.Popen[bytes]] = []

    def start(door: int) -> Path:
        assert NGINX is not None
        path = tmp_path / "n"
        text = CONFIGURATION.format(
            user="user root;" if os.getuid() == 0 else "", folder=tmp_path, door=door, address=f"unix:{path}"
        )
        (tmp_path / "nginx.conf").write_text(text)
        started.append(
            subprocess.Popen(
                [NGINX, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log"), "-p", str(tmp_path)]
            )
        )
        return path

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=10)


async def reach(path: Path) -> trio.SocketStream:
    with trio.fail_after(60):
        while True:
            sock = trio.socket.socket(socket.AF_UNIX)
            try:
                await sock.connect(str(path))
            except OSError:
                sock.close()
                await trio.sleep(0.02)  # until nginx listens
            else:
                return trio.SocketStream(sock)


async def test_pages_webhooks_and_a_socket_share_nginxs_one_connection(
    open_house: OpenHouse, start_nginx: StartNginx, client_of: ClientOf
) -> None:
    house = await open_house()
    client = client_of(await reach(start_nginx(house.port)))
    async with client.stream:
        for _ in range(3):
            assert (await client.exchange(PAGE)).body == b"a page"
            assert (await client.exchange(WEBHOOK)).body == b"<Response/>"
        assert house.door.open_connections == 1
        await client.send(UPGRADE)
        received = b""
        while b"hello" not in received:
            received += await client.stream.receive_some()
        assert received.startswith(b"HTTP/1.1 101 ")
    assert [asked.body for asked in house.webhooks] == [b"Body"] * 3


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        pytest.param(b"GET /%77ebhooks/x HTTP/1.1\r\nHost: x\r\n\r\n", 404, id="an escaped webhook"),
        pytest.param(b"GET //ws HTTP/1.1\r\nHost: x\r\n\r\n", 404, id="a doubled slash"),
        pytest.param(
            b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n" + b"a" * 10485760,
            413,
            id="10 MB",
        ),
        pytest.param(b"GET /page HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", 200, id="an expectation"),
    ],
)
async def test_odd_requests_through_nginx_get_the_doors_answer(
    open_house: OpenHouse, start_nginx: StartNginx, client_of: ClientOf, asked: bytes, status: int
) -> None:
    house = await open_house()
    client = client_of(await reach(start_nginx(house.port)))
    async with client.stream:
        assert (await client.exchange(asked)).status == status
        assert not house.upgrades


async def test_a_stream_and_a_large_answer_come_through_whole(
    open_house: OpenHouse, start_nginx: StartNginx, client_of: ClientOf
) -> None:
    house = await open_house()
    client = client_of(await reach(start_nginx(house.port)))
    async with client.stream:
        assert (await client.exchange(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")).body == b"one,two"
        assert len((await client.exchange(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")).body) == 4 * 1024 * 1024
        assert (await client.exchange(PAGE)).body == b"a page"
