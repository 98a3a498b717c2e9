"""Starting and ending the simulator's process: its options, the ready line, dying with its parent."""

import argparse
import ctypes
import json
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import trio

from server.carriers.simulator.api import Api
from server.carriers.simulator.carrier import SimulatedCarrier
from server.carriers.simulator.faults import MAGIC, MAGIC_PREFIX, Faults
from server.carriers.simulator.http import converse
from server.carriers.simulator.ledger import Ledger, utc_now
from server.carriers.simulator.personas import Personas
from server.carriers.simulator.webhooks import Webhooks

_PR_SET_PDEATHSIG: Final = 1
_PARENT_ENDED: Final = signal.SIGUSR1
_PARENT_CHECK_S: Final = 1.0


def options() -> argparse.ArgumentParser:
    table = "\n".join(f"  {MAGIC_PREFIX}{digits}  {name}" for digits, name in MAGIC.items())
    parser = argparse.ArgumentParser(
        prog="threadline simulate-carrier",
        description="A carrier that speaks Twilio's API on loopback. Texts reach nobody.",
        epilog=f"magic recipients:\n{table}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--account", required=True, metavar="SID", help="the account's name, like AC…")
    add("--token", required=True, help="the account's secret: for API requests and for webhook signatures")
    add("--ledger", type=Path, metavar="FILE", help="append what was accepted and posted, as JSON lines")
    add("--webhook-base", metavar="URL", help="where webhooks are posted to: a loopback address")
    add("--public-url", metavar="URL", help="the server's public address that webhooks are signed for, if another")
    add("--webhook-account", metavar="NAME", help="the account's name in webhook addresses (default: SID)")
    add("--numbers", default="", metavar="LIST", help="the account's own numbers, with commas; default: any")
    add("--no-receipts", action="store_true", help="post no delivery receipts")
    add("--slow-ms", type=float, default=0.0, help="wait so long before every answer")
    add("--fault-rate", type=float, default=0.0, help="share of requests that get a fault by chance")
    add("--seed", type=int, help="make chance repeatable")
    add("--wall-offset-s", type=float, default=0.0, help="what the carrier's calendar is ahead of the real one")
    add("--personas", action="store_true", help="let contacts answer and write in like people")
    add("--contacts", type=Path, metavar="FILE", help='JSON: [{"number": "+1…", "name": "…"}, …]')
    add("--per-minute", type=float, default=4.0, help="texts that all personas together send in a minute")
    return parser


def main(argv: list[str]) -> int:
    """Run until SIGTERM, SIGINT or the parent's end; returns the exit code."""
    arguments = options().parse_args(argv)
    if arguments.personas and not (arguments.contacts and arguments.numbers):
        options().error("--personas needs --contacts and --numbers")
    parent = os.getppid()
    _hear_of_parents_end()
    trio.run(_run, arguments, parent)
    return 0


async def _run(arguments: argparse.Namespace, parent: int) -> None:
    rng = Random(arguments.seed)  # noqa: S311  # chance for a demo, not a secret
    numbers = [number for number in arguments.numbers.split(",") if number]
    offset = timedelta(seconds=arguments.wall_offset_s)
    carrier = _carrier(arguments, Ledger(arguments.ledger, lambda: utc_now() + offset), rng)
    api = Api(carrier, arguments.token, frozenset(numbers))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_until_told, nursery.cancel_scope, parent)
        if arguments.personas:
            contacts = json.loads(await trio.Path(arguments.contacts).read_text())
            personas = Personas(carrier, contacts, numbers, rng, per_minute=arguments.per_minute)
            nursery.start_soon(personas.run)
        url = await start(nursery, carrier, api, arguments.port)
        sys.stdout.write(f"ready {url}\n")
        sys.stdout.flush()


async def start(nursery: trio.Nursery, carrier: SimulatedCarrier, api: Api, port: int = 0) -> str:
    """Run *carrier* behind *api* in *nursery*; returns its address on loopback, where alone it listens."""
    nursery.start_soon(carrier.ledger.run)
    nursery.start_soon(carrier.webhooks.run)
    nursery.start_soon(carrier.run)
    listeners = await trio.open_tcp_listeners(port, host="127.0.0.1", backlog=1024)
    nursery.start_soon(trio.serve_listeners, partial(converse, respond=api.respond), listeners)
    return f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"


def _carrier(arguments: argparse.Namespace, ledger: Ledger, rng: Random) -> SimulatedCarrier:
    base = arguments.webhook_base and arguments.webhook_base.rstrip("/")
    public = (arguments.public_url or base or "").rstrip("/")
    inbound = f"{public}/webhooks/twilio/{arguments.webhook_account or arguments.account}/inbound" if public else None
    return SimulatedCarrier(
        arguments.account,
        ledger,
        Webhooks(ledger, arguments.token, base),
        Faults(rng, rate=arguments.fault_rate, slow_s=arguments.slow_ms / 1000),
        inbound_url=inbound,
        receipts=not arguments.no_receipts,
    )


# Ending


async def _until_told(scope: trio.CancelScope, parent: int) -> None:
    """Cancel *scope* at SIGTERM, SIGINT, or when the parent is gone."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_watch_parent, nursery.cancel_scope, parent)
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, _PARENT_ENDED) as signals:
            async for number in signals:
                if number != _PARENT_ENDED or os.getppid() != parent:
                    break
        nursery.cancel_scope.cancel()
    scope.cancel()


async def _watch_parent(scope: trio.CancelScope, parent: int) -> None:
    """Where the kernel sends no signal at the parent's end, its process id changes."""
    while os.getppid() == parent:  # noqa: ASYNC110  # the kernel sets no event of ours
        await trio.sleep(_PARENT_CHECK_S)
    scope.cancel()


def _hear_of_parents_end() -> None:
    """Have Linux tell us at once. It tells of the end of the *thread* that started us, so this is only a hint."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _PARENT_ENDED)
