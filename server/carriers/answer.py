"""Reading one answer to one request: where it ends, and whether the stream can be trusted with another request."""

from dataclasses import dataclass

import httptools


class UnreadableAnswer(Exception):
    """What came back is not one complete HTTP answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer, complete. Names of headers are lower case; of a repeated one the last stands."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class AnswerReader:
    """Collects one final answer; interim ones (1xx) are passed over.

    *reusable* tells whether the stream may carry another exchange: not after `Connection: close`, and not if anything
    follows the final answer.
    """

    def __init__(self, max_bytes: int) -> None:
        self._room = max_bytes
        self.complete = False
        self.reusable = False
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take the next bytes, b"" for the end; raises `UnreadableAnswer` unless the final answer is complete."""
        if not data:
            return self._feed_eof()
        self._room -= len(data)
        if self._room < 0:
            raise UnreadableAnswer("the answer is too large")
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.complete:
                raise UnreadableAnswer(f"the answer is not HTTP: {error}") from error
            self.reusable = False

    def answer(self) -> Answer:
        """The final answer, once `complete`."""
        return Answer(self.status, self.headers, b"".join(self._body))

    def _feed_eof(self) -> None:
        """An answer without a length ends with the connection; any other is cut short."""
        framed = self.headers.keys() & {b"content-length", b"transfer-encoding"}
        if not self.complete and (framed or self.status < 200):
            raise UnreadableAnswer("the connection was closed before the answer was complete")
        self.complete = True

    # Called by the parser

    def on_message_begin(self) -> None:
        self.reusable = False  # after a final answer: somebody sent two

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.complete:
            self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if not self.complete:
            self.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        if not self.complete:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self.complete:
            return
        if self.status < 200:
            self.status, self.headers = 0, {}
            return
        self.complete = True
        self.reusable = self._parser.should_keep_alive()  # it answers rightly in this callback only
