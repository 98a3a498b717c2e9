"""A carrier that costs as little as it can, in a process of its own: it accepts every text in Twilio's words.

The full simulator counts segments, plays people and keeps a list; here only the sender is to be measured. One epoll
loop; each answer is as long as Twilio's. `LIST` on its input gives what it accepted, a count and how many of them were
different, as one JSON line; the end of its input ends it.
"""

from __future__ import annotations

import gc
import heapq
import json
import os
import select
import socket
import sys
import time
from typing import Final

import httptools

_SID: Final = b"SM" + os.urandom(6).hex().encode()
_BODY: Final = (
    b'{"account_sid": "AC00000000000000000000000000000001", "api_version": "2010-04-01", "body": "Hello", '
    b'"date_created": "Sat, 21 Nov 2026 05:01:45 +0000", "date_sent": null, '
    b'"date_updated": "Sat, 21 Nov 2026 05:01:45 +0000", "direction": "outbound-api", "error_code": null, '
    b'"error_message": null, "from": "+13125550100", "messaging_service_sid": null, "num_media": "0", '
    b'"num_segments": "1", "price": null, "price_unit": "USD", "sid": "%s", "status": "queued", '
    b'"subresource_uris": {"media": "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages/%s/Media.json"}, '
    b'"to": "+14155550100", "uri": "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages/%s.json"}'
)
_HEAD: Final = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nTwilio-Request-Id: RQ0\r\nContent-Length: %d\r\n\r\n"
)
_EMPTY_LIST: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 39\r\n\r\n"
    b'{"messages": [], "next_page_uri": null}'
)


class Exchange:
    """One kept-alive connection of the sender."""

    __slots__ = ("_carrier", "_parser", "_seen", "sock")

    def __init__(self, carrier: Carrier, sock: socket.socket) -> None:
        self._carrier, self.sock = carrier, sock
        self._parser, self._seen = httptools.HttpRequestParser(self), b""

    def take(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self._seen += data

    def on_message_complete(self) -> None:
        seen, self._seen = self._seen, b""
        if seen:
            self._carrier.accept(self, seen)
        else:  # its list is asked for
            self.sock.send(_EMPTY_LIST)

    def answer(self, sid: bytes) -> None:
        body = _BODY % (sid, sid, sid)
        try:
            self.sock.send(_HEAD % len(body) + body)
        except OSError:
            self.sock.close()


class Carrier:
    """Answers *delay_s* after a request is complete."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._epoll.register(sys.stdin, select.EPOLLIN)
        self._by_fd: dict[int, Exchange] = {}
        self._due: list[tuple[float, int, Exchange]] = []
        self._accepted = 0
        self._attempts: set[bytes] = set()
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        while True:
            wait_s = max(0.0, self._due[0][0] - time.monotonic()) if self._due else -1
            for fd, _ in self._epoll.poll(wait_s, 256):
                if fd == self._listener.fileno():
                    self._open()
                elif fd == sys.stdin.fileno():
                    if not self._tell():
                        return
                else:
                    self._read(fd)
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, number, exchange = heapq.heappop(self._due)
                exchange.answer(_SID + b"%020d" % number)

    def accept(self, exchange: Exchange, form: bytes) -> None:
        self._accepted += 1
        self._attempts.add(form[-36:])  # the attempt's id ends the callback's address
        if self._delay_s:
            heapq.heappush(self._due, (time.monotonic() + self._delay_s, self._accepted, exchange))
        else:
            exchange.answer(_SID + b"%020d" % self._accepted)

    def _open(self) -> None:
        sock, _ = self._listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._by_fd[sock.fileno()] = Exchange(self, sock)
        self._epoll.register(sock, select.EPOLLIN)

    def _read(self, fd: int) -> None:
        exchange = self._by_fd[fd]
        try:
            data = exchange.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            exchange.take(data)
        else:
            del self._by_fd[fd]
            exchange.sock.close()

    def _tell(self) -> bool:
        if not os.read(sys.stdin.fileno(), 64):
            return False
        sys.stdout.write(json.dumps({"accepted": self._accepted, "attempts": len(self._attempts)}) + "\n")
        sys.stdout.flush()
        return True


def main() -> None:
    carrier = Carrier(float(sys.argv[1]) / 1000)
    gc.disable()
    sys.stdout.write(f"{carrier.port}\n")
    sys.stdout.flush()
    carrier.run()


if __name__ == "__main__":
    main()
