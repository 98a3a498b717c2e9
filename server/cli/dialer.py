"""A power dialer's session by script, against a running server: calls, screen-pops, follow-ups, and what comes back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import click

from server.cli.command import DONE, FAULT, threadline

if TYPE_CHECKING:
    import httpx2

_CYCLE: Final = ("talked", "voicemail", "no_answer", "call_back")
_FOLLOW_UP: Final = "Sorry that I missed you just now. Is there a good time to talk today?"


@threadline.command()
@click.option("--url", default="http://127.0.0.1:8765", show_default=True, help="Of the server.")
@click.option("--people", type=click.IntRange(1, 200), default=5, show_default=True, help="How many are called.")
@click.option("--listen", "listen_s", type=click.FloatRange(0, 600), default=10.0, show_default=True, help="Seconds.")
@click.option("--text", default=_FOLLOW_UP, help="The follow-up to whoever did not pick up.")
def dialer(url: str, people: int, listen_s: float, text: str) -> int:
    """Call some people by script; the token (scopes read and dialer) comes from THREADLINE_TOKEN."""
    import httpx2

    token = os.environ.get("THREADLINE_TOKEN", "")
    if not token:
        click.echo("Put an API token into THREADLINE_TOKEN; `threadline token add` makes one.", err=True)
        return FAULT
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30.0) as http:
        try:
            return _session(http, people, listen_s, text)
        except httpx2.HTTPStatusError as error:
            click.echo(f"{error.response.status_code}: {_detail(error.response)}", err=True)
        except httpx2.TransportError as error:
            click.echo(f"{url} cannot be reached ({type(error).__name__}).", err=True)
    return FAULT


def _session(http: httpx2.Client, people: int, listen_s: float, text: str) -> int:
    heard, over = Event(), Event()
    listener = Thread(target=_listen, args=(http, heard, over), daemon=True)
    listener.start()
    heard.wait(10.0)
    session = uuid4().hex[:8]
    for number, contact_id in enumerate(_contacts(http, people)):
        _call(http, f"{session}-{number}", contact_id, _CYCLE[number % len(_CYCLE)], text)
    click.echo(f"That was the list. Listening for {listen_s:.0f} s more.")
    over.wait(listen_s)
    over.set()
    return DONE


def _contacts(http: httpx2.Client, people: int) -> Iterator[int]:
    found = http.get("/api/v1/contacts", params={"limit": people})
    for row in found.raise_for_status().json()["rows"]:
        if row["phones"]:
            yield row["contact_id"]


def _call(http: httpx2.Client, call_id: str, contact_id: int, disposition: str, text: str) -> None:
    pop = _asked(http, "/api/v1/dialer/calls/start", {"call_id": call_id, "contact_id": contact_id})
    name = (pop["contact"] or {}).get("name") or pop["address"]
    click.echo(f"\n{name}, {pop['address']}, {', '.join(_clock(one) for one in pop['local_times'])}   {pop['url']}")
    for message in pop["messages"][-2:]:
        click.echo(f"    {'<' if message['direction'] == 'in' else '>'} {message['body'][:90]}")
    against = [why["sentence"] for why in pop["may_call"]["reasons"]]
    if not pop["may_call"]["allowed"]:
        click.echo(f"    Not called: {' '.join(against)}")
        return
    end = {"call_id": call_id, "disposition": disposition, "duration_s": 12}
    ended = _asked(http, "/api/v1/dialer/calls/end", end)
    click.echo(f"    Call over: {disposition}.")
    if disposition == "talked" or not ended["may_text"]["allowed"]:
        return
    began = time.perf_counter()
    follow_up = {"cmd_id": str(uuid4()), "contact_id": contact_id, "text": text, "call_id": call_id}
    sent = _asked(http, "/api/v1/dialer/sms", follow_up)
    took_ms = (time.perf_counter() - began) * 1000
    click.echo(f"    Follow-up queued in {took_ms:.0f} ms (thread {sent['thread_id']}, {sent['segments']} segment(s)).")


def _listen(http: httpx2.Client, heard: Event, over: Event) -> None:
    """Say what happens, until the session is over or the stream ends."""
    import httpx2

    try:
        with http.stream("GET", "/api/v1/events") as stream:
            heard.set()
            for line in stream.iter_lines():
                if over.is_set():
                    return
                if line.startswith("data: "):
                    _say(json.loads(line.removeprefix("data: ")))
    except (httpx2.HTTPError, httpx2.StreamError):
        if not over.is_set():
            click.echo("    The stream of events ended.", err=True)
    finally:
        heard.set()


def _say(event: dict[str, Any]) -> None:
    data = event.get("data", {})
    what = data.get("body") or data.get("state") or data.get("url") or ""
    click.echo(f"  * {event.get('kind', 'reset')} {data.get('name') or data.get('address') or ''} {what}".rstrip())


def _clock(local: dict[str, str]) -> str:
    return f"{local['time'][11:16]} {local['zone']}"


def _asked(http: httpx2.Client, path: str, body: dict[str, Any]) -> Any:
    return http.post(path, json=body).raise_for_status().json()


def _detail(response: httpx2.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError):
        return "the server gave no reason"
