"""TO BE DELETED once `python -m server demo` stands: the server's side of the protocol, from memory only.

Speaks the frames, the API and the simulator's control endpoint just as the browser tests need them. Prints
`ready http://127.0.0.1:PORT`. Everybody is logged in as the member named in the cookie.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import Response, jsonify, request, send_from_directory, websocket
from quart_trio import QuartTrio

STATIC = Path(__file__).resolve().parents[2] / "server" / "web_static"
MEMBERS = [
    {"id": 1, "name": "Dana Whitfield", "email": "dana@threadline.test", "role": "owner", "password": "demo-dana"},
    {"id": 2, "name": "Marcus Oyelaran", "email": "marcus@threadline.test", "role": "agent", "password": "demo-marcus"},
    {"id": 3, "name": "Priya Raman", "email": "priya@threadline.test", "role": "agent", "password": "demo-priya"},
]
FIRST = "Olivia Liam Noah Emma Amelia Mateo Sofia Elijah Ava Lucas Isabella Ethan Mia Aiden Harper Grace Caleb Nora".split()
LAST = "Bennett Castillo Nguyen Abara Fischer Okafor Lindqvist Moreau Tanaka Delgado Romano Haddad Kowalski Byrne".split()
ASKS = [
    "Hi, is the place on Larkspur Lane still available?",
    "Could we move the showing to Saturday morning? My wife gets off work at 10 and would really like to see it too.",
    "What are the HOA fees?",
    "We loved it. What would a strong offer look like?",
    "Is the seller open to covering closing costs?",
    "Thanks! Can you send the disclosure packet?",
    "Running ten minutes late, sorry",
    "Does the basement flood? The listing mentions a sump pump.",
    "👍 see you there",
]
ANSWERS = [
    "It is! Would you like to see it this week? I have Thursday at 5 or Saturday at 10.",
    "Of course. Saturday at 10 works, I will meet you at the front gate.",
    "HOA is $285 a month and covers water, trash and the roof.",
    "Sent it to your email just now. Happy to walk through it by phone.",
    "No problem, take your time.",
]
ERRORS = {
    "FAIL": ("undelivered", "invalid", "30006", "The number is a landline and cannot receive texts."),
    "UNCONFIRMED": ("unconfirmed", "unknown", None, None),
    "HELD": ("held", "opted_out", None, "Opted out after you pressed Send."),
}
EPOCH = "fake-1"


@dataclass
class Thread:
    row: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


class World:
    """Everything that the real server keeps in PostgreSQL."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = random.Random(seed)
        self.threads: dict[int, Thread] = {}
        self.reads: dict[tuple[int, int], dict[str, int]] = {}
        self.commands: dict[str, dict[str, Any]] = {}
        self.version = itertools.count(1)
        self.connections: set[Connection] = set()
        self.tasks: trio.Nursery | None = None
        now = datetime.now(UTC)
        for number in range(1, 181):
            self._make_thread(number, now - timedelta(minutes=(number**1.9) * 1.7))

    def _make_thread(self, tid: int, last: datetime) -> None:
        name = None if tid % 11 == 5 else f"{FIRST[tid * 7 % len(FIRST)]} {LAST[tid * 5 % len(LAST)]}"
        row = {"thread_id": tid, "v": 1, "name": name, "contact_id": tid if name else None,
               "address": f"+1{['917', '415', '305', '512'][tid % 4]}555{100 + tid % 100:04d}", "number": "+12125550100",
               "last_seq": 0, "last_at": last.isoformat(), "preview": "", "direction": "in", "in_total": 0,
               "opted_out": False, "carrier_blocked": False}
        thread = self.threads[tid] = Thread(row)
        count = 130 if tid == 3 else 2 + tid * 13 % 14
        at = last - timedelta(minutes=37 * count)
        for n in range(count):
            inbound = (n + tid + count) % 3 != 0
            self.add(thread, "in" if inbound else "out", (ASKS if inbound else ANSWERS)[(n + tid) % (len(ASKS) if inbound else len(ANSWERS))],
                     at=at, state="received" if inbound else "delivered", author=None if inbound else MEMBERS[(n + tid) % 3])
            at += timedelta(minutes=37)
        if tid in (6, 23):
            self.add(thread, "in", "STOP", at=last, state="received", keyword="STOP")
            self.add(thread, "out", "You are unsubscribed and will receive no more texts. Reply START to resume.", at=last, state="delivered", klass="keyword")
            row["opted_out"] = True
        if tid == 4:
            self.add(thread, "out", "Here is the floor plan you asked about: the second bedroom is 11 by 13.", at=last, state="undelivered",
                     author=MEMBERS[0], error="The number is a landline and cannot receive texts.", error_class="invalid", error_code="30006")
            self.add(thread, "out", "Are you still free on Friday?", at=last, state="unconfirmed", author=MEMBERS[0])
            self.add(thread, "out", "I can also do the weekend.", at=last, state="held", author=MEMBERS[0])
        row["last_at"] = last.isoformat()
        for member in MEMBERS:
            behind = (0, 0, 2, 1, 0, 3, 0, 0, 1)[tid % 9] if tid < 30 else 0
            self.reads[(member["id"], tid)] = {"thread_id": tid, "in_ord": max(0, row["in_total"] - behind), "v": 1}

    def add(self, thread: Thread, direction: str, body: str, *, at: datetime | None = None, state: str, author: dict[str, Any] | None = None,
            cmd_id: str | None = None, **more: Any) -> dict[str, Any]:
        row = thread.row
        row["last_seq"] += 1
        at = at or datetime.now(UTC)
        if direction == "in":
            row["in_total"] += 1
            if more.get("keyword") == "STOP":
                row["opted_out"] = True
            if more.get("keyword") == "START":
                row["opted_out"] = False
        message = {"seq": row["last_seq"], "direction": direction, "body": body, "state": state, "at": at.isoformat(),
                   "in_ord": row["in_total"] if direction == "in" else None, "segments": 1, "klass": "person",
                   "author_id": author and author["id"], "author": author and author["name"], "cmd_id": cmd_id,
                   "error_class": None, "error_code": None, "error": None, "keyword": None, "media": [], "resend_of": None} | more
        row.update(last_at=at.isoformat(), preview=body[:140], direction=direction, v=next(self.version))
        thread.messages.append(message)
        self._publish(thread, {"kind": "message", "message": dict(message)})
        return message

    def move(self, thread: Thread, seq: int, state: str, klass: str | None = None, code: str | None = None, error: str | None = None) -> None:
        row = thread.row
        row["last_seq"] += 1
        row["v"] = next(self.version)
        change = {"state": state, "error_class": klass, "error_code": code, "error": error}
        next(m for m in thread.messages if m["seq"] == seq).update(change)
        self._publish(thread, {"kind": "status", "ref": seq, "at": datetime.now(UTC).isoformat(), **change})

    def _publish(self, thread: Thread, data: dict[str, Any]) -> None:
        row = thread.row
        thread.events.append((row["last_seq"], data))
        for connection in list(self.connections):
            connection.push(f"thread:{row['thread_id']}", {"t": "event", "ch": f"thread:{row['thread_id']}", "seq": row["last_seq"], "epoch": EPOCH, "data": data})
            connection.push("inbox", {"t": "state", "ch": "inbox", "key": str(row["thread_id"]), "v": row["v"], "data": dict(row)})
            connection.push("user", self.badge_frame(connection.member["id"]))

    def unread(self, member: int, tid: int) -> int:
        return int(self.threads[tid].row["in_total"] - self.reads[(member, tid)]["in_ord"])

    def badge(self, member: int) -> int:
        return sum(self.unread(member, tid) > 0 for tid in self.threads)

    def badge_frame(self, member: int) -> dict[str, Any]:
        return {"t": "state", "ch": "user", "key": "badge", "v": next(self.version), "data": {"unread_threads": self.badge(member)}}

    def page(self, member: int, cursor: str | None, limit: int) -> dict[str, Any]:
        rows = sorted((t.row for t in self.threads.values()), key=lambda r: (r["last_at"], r["thread_id"]), reverse=True)
        if cursor:
            at, _, tid = cursor.partition("~")
            rows = [r for r in rows if (r["last_at"], r["thread_id"]) < (at, int(tid))]
        page, rest = rows[:limit], rows[limit:]
        return {"rows": [dict(r) for r in page], "reads": [self.reads[(member, r["thread_id"])] for r in page],
                "next_cursor": f"{page[-1]['last_at']}~{page[-1]['thread_id']}" if rest else None, "partial": False}

    def snapshot(self, member: int, tid: int, before: int | None, limit: int) -> dict[str, Any]:
        thread = self.threads[tid]
        older = [m for m in thread.messages if before is None or m["seq"] < before]
        return {"thread": dict(thread.row), "messages": [dict(m) for m in older[-limit:]], "in_ord": self.reads[(member, tid)]["in_ord"], "has_more": len(older) > limit}

    def mark(self, member: int, tid: int, in_ord: int, *, lower: bool = False) -> None:
        mark = self.reads[(member, tid)]
        if in_ord > mark["in_ord"] or lower:
            mark.update(in_ord=in_ord, v=mark["v"] + 1)
            for connection in list(self.connections):
                if connection.member["id"] == member:
                    connection.push("user", {"t": "state", "ch": "user", "key": f"read:{tid}", "v": mark["v"], "data": dict(mark)})
                    connection.push("user", self.badge_frame(member))

    async def deliver(self, thread: Thread, seq: int, body: str) -> None:
        await trio.sleep(0.35)
        for word, outcome in ERRORS.items():
            if word in body:
                return self.move(thread, seq, *outcome)
        self.move(thread, seq, "sent")
        await trio.sleep(0.5)
        self.move(thread, seq, "delivered")

    def command(self, connection: Connection, frame: dict[str, Any]) -> None:
        cmd, data, member = frame["cmd_id"], frame["data"], connection.member
        if data["name"] == "typing":
            self._tell_typing(connection, data)
        if cmd in self.commands:
            return connection.out({"t": "ack", "cmd_id": cmd, "data": self.commands[cmd]})
        thread = self.threads[data["thread_id"]]
        answer: dict[str, Any] = {}
        if data["name"] == "send":
            if thread.row["opted_out"] and not data.get("acknowledged_opt_out"):
                return connection.out({"t": "err", "cmd_id": cmd, "code": "opt_out_unacknowledged", "message": "This contact has opted out."})
            message = self.add(thread, "out", data["body"], state="queued", author=member, cmd_id=cmd, resend_of=data.get("resend_of"))
            answer = {"thread_id": data["thread_id"], "seq": message["seq"]}
            assert self.tasks
            self.tasks.start_soon(self.deliver, thread, message["seq"], data["body"])
        elif data["name"] == "mark_read":
            self.mark(member["id"], data["thread_id"], data["up_to"])
        elif data["name"] == "mark_unread":
            self.mark(member["id"], data["thread_id"], data["from_ord"] - 1, lower=True)
        elif data["name"] == "release":
            self.move(thread, data["seq"], "sent" if data["send"] else "cancelled")
        self.commands[cmd] = answer
        return connection.out({"t": "ack", "cmd_id": cmd, "data": answer})

    def _tell_typing(self, connection: Connection, data: dict[str, Any]) -> None:
        for other in list(self.connections):
            if other.member["id"] != connection.member["id"]:
                other.push(f"thread:{data['thread_id']}", {
                    "t": "state", "ch": f"thread:{data['thread_id']}", "key": f"typing:{connection.member['id']}", "v": next(self.version),
                    "data": {"member_id": connection.member["id"], "name": connection.member["name"], "typing": data["typing"]}})


class Connection:
    def __init__(self, world: World, member: dict[str, Any]) -> None:
        self.world, self.member = world, member
        self.channels: set[str] = set()
        self._send: Callable[[Any], None]
        self._send_channel, self.receive = trio.open_memory_channel[dict[str, Any]](10_000)

    def out(self, frame: dict[str, Any]) -> None:
        self._send_channel.send_nowait(frame)

    def push(self, channel: str, frame: dict[str, Any]) -> None:
        if channel in self.channels:
            self.out(frame)

    def take(self, frame: dict[str, Any]) -> None:
        if frame["t"] == "subscribe":
            self._subscribe(frame)
        elif frame["t"] == "unsubscribe":
            self.channels.discard(frame["ch"])
        elif frame["t"] == "command":
            self.world.command(self, frame)

    def _subscribe(self, frame: dict[str, Any]) -> None:
        channel, member = frame["ch"], self.member["id"]
        self.channels.add(channel)
        sub = {"t": "subscribed", "id": frame["id"], "ch": channel, "epoch": EPOCH, "seq": None, "p": "1", "resumed": False}
        snap: dict[str, Any] = {"t": "snapshot", "ch": channel, "epoch": EPOCH, "seq": None, "p": "1"}
        if channel == "inbox":
            snap["data"] = self.world.page(member, None, 50)
        elif channel == "user":
            snap["data"] = {"badge": {"unread_threads": self.world.badge(member)}, "reads": []}
        elif (tid := int(channel.removeprefix("thread:"))) not in self.world.threads:
            self.channels.discard(channel)
            return self.out({"t": "err", "id": frame["id"], "code": "no_such_thread", "message": "This conversation does not exist."})
        else:
            thread = self.world.threads[tid]
            snap.update(seq=thread.row["last_seq"], p=None, data=self.world.snapshot(member, tid, None, 50))
            sub.update(seq=thread.row["last_seq"], p=None)
            after = frame.get("after")
            if frame.get("epoch") == EPOCH and after is not None and thread.row["last_seq"] - after <= 200:
                self.out(sub | {"resumed": True})
                for seq, data in thread.events:
                    if seq > after:
                        self.out({"t": "event", "ch": channel, "seq": seq, "epoch": EPOCH, "data": data})
                return None
        self.out(sub)
        return self.out(snap)


app = QuartTrio(__name__, static_folder=None)
world: World


def me() -> dict[str, Any] | None:
    source = websocket if websocket else request
    return next((m for m in MEMBERS if str(m["id"]) == source.cookies.get("session")), None)


def session(member: dict[str, Any]) -> dict[str, Any]:
    return {"member": {k: member[k] for k in ("id", "name", "email", "role")}, "workspace": {"id": 1, "name": "Harborview Realty", "simulated": True}}


def problem(status: int, title: str, detail: str) -> Response:
    return Response(json.dumps({"title": title, "detail": detail}), status, mimetype="application/problem+json")


@app.post("/api/v1/login")
async def login() -> Any:
    asked = await request.get_json()
    for member in MEMBERS:
        if (member["email"], member["password"]) == (asked["email"], asked["password"]):
            answer = jsonify(session(member))
            answer.set_cookie("session", str(member["id"]), httponly=True, samesite="Lax")
            return answer
    return problem(401, "Login failed", "The email or the password is wrong.")


@app.post("/api/v1/logout")
async def logout() -> Any:
    answer = jsonify({})
    answer.delete_cookie("session")
    return answer


@app.get("/api/v1/me")
async def whoami() -> Any:
    member = me()
    return jsonify(session(member)) if member else problem(401, "Not logged in", "Log in first.")


@app.get("/api/v1/demo")
async def demo() -> Any:
    return {"simulated": True, "simulator": request.host_url.rstrip("/"), "logins": [{k: m[k] for k in ("email", "password", "name", "role")} for m in MEMBERS]}


@app.get("/api/v1/threads")
async def threads() -> Any:
    member = me()
    if not member:
        return problem(401, "Not logged in", "Log in first.")
    return world.page(member["id"], request.args.get("cursor"), int(request.args.get("limit", 50)))


@app.get("/api/v1/threads/<int:tid>")
async def thread(tid: int) -> Any:
    member = me()
    assert member
    before = request.args.get("before")
    return world.snapshot(member["id"], tid, int(before) if before else None, int(request.args.get("limit", 50)))


def actor(name: str, kind: str, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "state": "running", "depth": 0, "oldest_age_s": None, "handled": random.randint(40, 90_000),  # noqa: S311 - figures to look at
            "restarts": 0, "last_error": None, "children": list(children)} | more


@app.get("/api/v1/system/actors")
async def actors() -> Any:
    error = {"at": (datetime.now(UTC) - timedelta(minutes=4)).isoformat(), "type": "ConnectionResetError", "message": "the database closed the connection"}
    hot = [actor(f"thread:{n}", "thread", depth=n % 2) for n in range(1, 14)]
    hot[4] |= {"state": "quarantined", "restarts": 3, "depth": 2, "oldest_age_s": 41.5, "last_error": error | {"type": "ValueError", "message": "a body of 0 segments"}}
    hot[7] |= {"state": "idle"}
    return actor("root", "supervisor", actor("database", "bridge", restarts=1, last_error=error), actor("bus", "bus"), actor("limiter", "limiter", depth=3, oldest_age_s=0.2),
                 actor("senders", "supervisor", *[actor(f"sender:{n}", "sender") for n in range(1, 4)]), actor("threads", "registry", *hot),
                 actor("stager", "stager"), actor("lifeline", "lifeline", state="backing off", restarts=2), actor("door", "door"))


@app.get("/api/v1/system/pace")
async def pace() -> Any:
    return jsonify([{"number": "+12125550100", "rate": 10, "queued": [0, 2, 340], "achieved_per_s": 9.6, "eta_s": 34.2}])


@app.post("/_control")
async def control() -> Any:
    asked = await request.get_json()
    if "drop" in asked:
        for connection in list(world.connections):
            connection.out({"close": asked["drop"]})
        return {}
    mo = asked["mo"]
    found = next(t for t in world.threads.values() if t.row["address"] == mo["from"])
    word = mo["body"].strip().upper()
    world.add(found, "in", mo["body"], state="received", keyword=word if word in ("STOP", "START", "HELP") else None)
    return {}


@app.websocket("/ws")
async def socket() -> None:
    member = me()
    await websocket.accept()
    if not member:
        return await websocket.close(4500, "not logged in")
    connection = Connection(world, member)
    world.connections.add(connection)

    async def pump() -> None:
        async for frame in connection.receive:
            if "close" in frame:
                await websocket.close(frame["close"], "retry after 0.2 s")
                return
            await websocket.send(json.dumps(frame))

    async def beat() -> None:
        for n in itertools.count():
            await trio.sleep(10)
            heads = {c: world.threads[int(c[7:])].row["last_seq"] for c in connection.channels if c.startswith("thread:")}
            connection.out({"t": "ping", "id": n, "heads": heads})

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump)
            nursery.start_soon(beat)
            while True:
                connection.take(json.loads(await websocket.receive()))
    finally:
        world.connections.discard(connection)


@app.get("/")
@app.get("/<path:path>")
async def page(path: str = "") -> Any:
    known = bool(re.fullmatch(r"[\w./-]+\.\w+", path)) and (STATIC / path).is_file()
    answer = await send_from_directory(STATIC, path if known else "index.html")
    answer.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
    return answer


async def main() -> None:
    global world  # noqa: PLW0603 - one world for each process
    world = World()
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1] if len(sys.argv) > 1 else 0}"]
    config.accesslog = None
    config.graceful_timeout = 0.2
    async with trio.open_nursery() as nursery:
        world.tasks = nursery
        binds = await nursery.start(serve, app, config)
        print("ready", binds[0].replace("0.0.0.0", "127.0.0.1"), flush=True)  # noqa: S104 - only a name to replace


if __name__ == "__main__":
    trio.run(main)
