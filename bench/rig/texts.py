"""Signed webhooks of Twilio, made before a run: the load must not spend its time on signatures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus

from server.carriers.twilio_signature import sign

MARK: Final = re.compile(rb"Text (\d{7}):")
"""Finds a text's number in whatever carries its body."""

_SAME: Final = {
    "ToCountry": "US",
    "ToState": "IL",
    "NumMedia": "0",
    "ToCity": "CHICAGO",
    "FromZip": "94105",
    "FromState": "CA",
    "SmsStatus": "received",
    "FromCity": "SAN FRANCISCO",
    "FromCountry": "US",
    "MessagingServiceSid": "MG00000000000000000000000000000001",
    "ToZip": "60601",
    "NumSegments": "1",
    "ApiVersion": "2010-04-01",
}
"""What Twilio posts beside what differs from text to text."""


@dataclass(frozen=True, slots=True)
class Line:
    """The account and number that texts come in on, and the handsets they come from."""

    sid: str
    token: str
    number: str
    handsets: tuple[str, ...]


def webhooks(port: int, line: Line, count: int) -> list[bytes]:
    """*count* requests to the server on *port*, with texts numbered from 0 that come from all handsets in turn."""
    path = f"/webhooks/twilio/{line.sid}/inbound"
    url, token = f"http://127.0.0.1:{port}{path}".encode(), line.token.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        "I-Twilio-Idempotency-Token: 0f1e2d3c-0000-4000-8000-000000000000\r\n"
        "Content-Length: %d\r\nX-Twilio-Signature: %s\r\n\r\n%s"
    )
    same = [
        (name.encode(), value.encode()) for name, value in {**_SAME, "To": line.number, "AccountSid": line.sid}.items()
    ]
    encoded = "&".join(f"{name.decode()}={quote_plus(value)}" for name, value in same)
    requests = []
    for n in range(count):
        text_sid, from_ = f"SM{n:032x}", line.handsets[n % len(line.handsets)]
        body = f"Text {n:07d}: is the house on Main Street still for sale? We could come by on Saturday."
        own = {"MessageSid": text_sid, "SmsSid": text_sid, "SmsMessageSid": text_sid, "From": from_, "Body": body}
        signature = sign(token, url, same + [(name.encode(), value.encode()) for name, value in own.items()])
        form = encoded + "".join(f"&{name}={quote_plus(value)}" for name, value in own.items())
        requests.append((head % (len(form), signature.decode(), form)).encode())
    return requests
