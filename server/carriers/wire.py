"""One traced HTTP/1.1 exchange: it knows the moment in which the first byte of a request leaves.

Everything before that moment (name, connection, TLS, a stale stream, the journal) raises `NotOnWire` and may be tried
again; everything after it raises `OutcomeUnknown` and may not. One `Wire` keeps one stream for one worker: a pool
shared by all cost twenty times as much as this in measurements, and hid that moment.
"""

import select
import ssl
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

import trio

from server.carriers.answer import Answer, AnswerReader, UnreadableAnswer
from server.carriers.plain import PlainStream
from server.carriers.tls import TlsStream
from server.domain.carrier import BeforeFirstByte, Void
from server.killpoints import reach

MAX_ANSWER_BYTES = 256 * 1024
"""Head and body together. The carriers' answers to one message have about 1 KiB."""


class WireError(Exception):
    """The exchange brought no answer; *ambiguous* says whether the carrier may have acted all the same."""

    ambiguous: ClassVar[bool]


class NotOnWire(WireError):
    """Not one byte of the request has left."""

    ambiguous = False

    def __init__(self, reason: str, *, voided: bool = False) -> None:
        super().__init__(reason)
        self.voided = voided


class OutcomeUnknown(WireError):
    """It failed after the first byte was handed to the kernel."""

    ambiguous = True


@dataclass(frozen=True, slots=True)
class Origin:
    """Where requests go. *tls* is None for plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, base_url: str, tls: ssl.SSLContext | None = None) -> "Origin":
        """The origin of *base_url*; an https one gets the system's trust store unless *tls* is given.

        >>> Origin.of("http://127.0.0.1:8080/x").port
        8080
        """
        url = urlsplit(base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ValueError(f"{base_url!r} is not an http(s) address")
        if url.scheme == "http":
            return cls(url.hostname, url.port or 80)
        return cls(url.hostname, url.port or 443, tls or ssl.create_default_context())


class Wire:
    """A kept-alive stream to one origin. One exchange at a time.

    *connect_s* covers name, TCP and TLS; *answer_s* the time from the first byte written to the last byte read.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        connect_s: float = 5.0,
        answer_s: float = 15.0,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self._origin = origin
        self._connect_s = connect_s
        self._answer_s = answer_s
        self._max_answer_bytes = max_answer_bytes
        self._stream: PlainStream | TlsStream | None = None

    async def exchange(self, request: bytes, before_first_byte: BeforeFirstByte) -> Answer:
        """Write *request* (head and body) and read its answer; raises `NotOnWire` or `OutcomeUnknown`.

        *before_first_byte* runs with the stream connected and checked. Between it and the first send call nothing
        yields to another task. If it raises anything but `Void` or OSError, that is a fault of ours and passes.
        """
        stream, self._stream = self._stream, None
        if stream is None or not _is_quiet(stream):
            if stream is not None:
                stream.socket.close()
            stream = await self._connect()
        kept = True  # as long as nothing was written: who is told not to leave has not used it
        try:
            _ask(before_first_byte)
            kept = False
            reader = await self._converse(stream, request)
            kept = reader.reusable and not (isinstance(stream, TlsStream) and stream.leftover)
            return reader.answer()
        finally:
            if kept:
                self.close()
                self._stream = stream
            else:
                stream.socket.close()

    def close(self) -> None:
        """Drop the idle stream, if there is one."""
        if self._stream is not None:
            self._stream.socket.close()
            self._stream = None

    async def _connect(self) -> PlainStream | TlsStream:
        try:
            with trio.fail_after(self._connect_s):
                raw = await trio.open_tcp_stream(self._origin.host, self._origin.port)
                if self._origin.tls is None:
                    return PlainStream(raw)
                return await _handshake(raw, self._origin.tls, self._origin.host)
        except trio.TooSlowError as error:
            raise NotOnWire(f"no connection within {self._connect_s:g} s") from error
        except (OSError, trio.BrokenResourceError) as error:
            raise NotOnWire(f"no connection: {error}") from error

    async def _converse(self, stream: PlainStream | TlsStream, request: bytes) -> AnswerReader:
        reader = AnswerReader(self._max_answer_bytes)
        deadline = trio.CancelScope(deadline=trio.current_time() + self._answer_s)
        try:
            with deadline:
                await stream.send_all(request)
                reach("first_byte")
                while not reader.complete:
                    reader.feed(await stream.receive_some())
        except UnreadableAnswer as error:
            raise OutcomeUnknown(str(error)) from error
        except (OSError, trio.BrokenResourceError) as error:
            raise OutcomeUnknown(f"the connection broke: {error}") from error
        if deadline.cancelled_caught:
            raise OutcomeUnknown(f"no complete answer within {self._answer_s:g} s")
        return reader


async def _handshake(raw: trio.SocketStream, context: ssl.SSLContext, host: str) -> TlsStream:
    stream = TlsStream(raw, context, host)
    try:
        await stream.handshake()
    except BaseException:
        raw.socket.close()
        raise
    return stream


def _is_quiet(stream: PlainStream | TlsStream) -> bool:
    """Whether an idle stream can be used again: readable now means closed, or bytes that nobody asked for."""
    poll = select.poll()
    poll.register(stream.socket.fileno(), select.POLLIN)
    return not poll.poll(0)


def _ask(before_first_byte: BeforeFirstByte) -> None:
    try:
        before_first_byte()
    except Void as void:
        raise NotOnWire(str(void), voided=True) from void
    except OSError as error:
        raise NotOnWire(f"the journal could not be written: {error}") from error
