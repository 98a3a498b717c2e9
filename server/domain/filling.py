"""Decides what a template becomes for one recipient, as it is shown, counted and sent: one text, byte for byte.

Values of the recipient come first. What somebody answered stands in for a value that is missing, before any fallback:
they were asked because it is missing. A blank answer is none.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from server.domain.segments import Segments, count
from server.domain.tokens import Fault, parse, render

MAX_TEXT: Final = 1600  # characters; what Twilio takes in one request


@dataclass(frozen=True, slots=True)
class Filled:
    """The `text` for one recipient; None where the template has faults.

    `missing` are the names, in order, that have neither value nor answer nor fallback: such a text must not be sent.
    """

    text: str | None
    segments: Segments
    faults: tuple[Fault, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it can be sent as it stands."""
        return self.text is not None and not self.missing and bool(self.text.strip()) and len(self.text) <= MAX_TEXT


def fill(
    template: str,
    values: Mapping[str, str | None],
    answers: Mapping[str, str] | None = None,
    *,
    known: Collection[str],
) -> Filled:
    """*template* with *values*, and *answers* where those are missing.

    >>> fill("Hi {{first_name}}, {{city}}?", {"first_name": "Ana"}, {"city": "Bath"}, known={"first_name", "city"}).text
    'Hi Ana, Bath?'
    """
    parsed = parse(one_line_end(template), known)
    if parsed.faults:
        return Filled(None, count(""), parsed.faults)
    told = {name.lower(): answer for name, answer in (answers or {}).items()}
    told |= {name: value for name, value in values.items() if value is not None and value.strip()}
    rendered = render(parsed, told)
    return Filled(rendered.text, count(rendered.text), missing=rendered.missing)


def one_line_end(text: str) -> str:
    r"""*text* as a text box holds it and a database takes it: ``\n`` alone ends a line, and there is no U+0000.

    Else a template that came through a box would be another one than the same by the API.

    >>> one_line_end("a\r\nb\rc\0")
    'a\nb\nc'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
