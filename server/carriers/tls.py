"""TLS for a stream that one task uses in turns: write a request, read its answer.

Of its own, since `trio.SSLStream` cannot say whether bytes are left over in its buffers: an unsolicited second answer
would lie there unseen and pass for the answer to the next request.
"""

import ssl

import trio

_CHUNK = 65536


class TlsStream:
    """A TLS client over *raw*. Half duplex: never send and receive at once."""

    def __init__(self, raw: trio.SocketStream, context: ssl.SSLContext, hostname: str) -> None:
        self.socket = raw.socket
        self._raw = raw
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)

    @property
    def leftover(self) -> bool:
        """Whether bytes have arrived that nobody has read yet."""
        return bool(self._incoming.pending or self._tls.pending())

    async def handshake(self) -> None:
        """Agree on keys and verify the certificate; raises ssl.SSLError, OSError or trio.BrokenResourceError."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._exchange_records()
            else:
                return await self._flush()

    async def send_all(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def receive_some(self) -> bytes:
        """The next bytes, or b"" after the peer's close_notify; an end without one is an ssl.SSLError."""
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                await self._exchange_records()

    async def _exchange_records(self) -> None:
        await self._flush()
        if data := await self._raw.receive_some(_CHUNK):
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._raw.send_all(self._outgoing.read())
