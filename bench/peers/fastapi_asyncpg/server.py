"""The same inbound path on FastAPI + asyncpg, served by uvicorn with uvloop, httptools and websockets.

The same: the check of Twilio's signature over the sorted fields in constant time, one durable transaction for each text in
one round trip (../record_*.sql, a prepared statement, a pool of 10), 2xx only after the commit, then the same frame to
every socket that subscribed to the thread. Not the same, in this peer's favour: no login, no Origin check, no opening
snapshot, bounded queue or resume for sockets, no inbox rows and badges, no keywords, no actors, no sending side beside it;
commits are shared only as PostgreSQL itself groups them.
"""

# Its packages live in an environment of their own:
# mypy: ignore-errors

import base64
import hmac
import os
from collections import defaultdict
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

import asyncpg
import orjson
import uvicorn
from fastapi import BackgroundTasks, FastAPI, Request, Response, WebSocket, WebSocketDisconnect

PUBLIC_URL = os.environ["PUBLIC_URL"]
TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
accounts: dict[str, asyncpg.Record] = {}
subscribers: dict[str, set[WebSocket]] = defaultdict(set)


async def keep(_: asyncpg.Connection) -> None:
    """Instead of asyncpg's reset: it costs a round trip for every release, and nothing here needs it."""


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with asyncpg.create_pool(min_size=10, max_size=10, reset=keep) as app.state.pool:  # PGHOST, PGUSER, PGDATABASE
        for row in await app.state.pool.fetch("SELECT id, sid, secret FROM carrier_account"):
            accounts[row["sid"]] = row
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


def signed(secret: str, url: str, form: dict[str, str], claimed: str) -> bool:
    text = url + "".join(name + form[name] for name in sorted(form))
    return hmac.compare_digest(base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha1")), claimed.encode())


async def publish(form: dict[str, str], row: asyncpg.Record) -> None:
    channel = f"thread:{row['thread_id']}"
    message = {
        "seq": row["seq"], "direction": "in", "body": form["Body"], "state": "received", "at": row["at"],
        "in_ord": row["in_ord"], "segments": 1, "klass": "inbound", "author_id": None, "author": None, "cmd_id": None,
        "error_class": None, "error_code": None, "error": None, "keyword": None, "media": [], "resend_of": None,
    }
    event = {"t": "event", "ch": channel, "seq": row["seq"], "epoch": "peer", "data": {"kind": "message", "message": message}}
    frame = orjson.dumps(event).decode()
    for socket in list(subscribers[channel]):
        await socket.send_text(frame)


@app.post("/webhooks/twilio/{sid}/inbound")
async def inbound(sid: str, request: Request, after: BackgroundTasks) -> Response:
    account = accounts.get(sid)
    if account is None:
        return Response(status_code=404)
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=200))
    if not signed(account["secret"], PUBLIC_URL + request.url.path, form, request.headers.get("x-twilio-signature", "")):
        return Response(status_code=403)
    row = await request.app.state.pool.fetchrow(
        f"SELECT * FROM {os.environ['RECORD']}($1, $2, $3, $4, $5)",
        account["id"], form["MessageSid"], form["From"], form["To"], form["Body"],
    )
    if row is not None:
        after.add_task(publish, form, row)
    return Response(TWIML, media_type="text/xml", background=after)


@app.websocket("/ws")
async def socket(socket: WebSocket) -> None:
    await socket.accept()
    channels = []
    try:
        while True:
            frame = orjson.loads(await socket.receive_text())
            if frame["t"] == "subscribe":
                subscribers[frame["ch"]].add(socket)
                channels.append(frame["ch"])
                await socket.send_text(orjson.dumps({"t": "subscribed", "id": frame["id"], "ch": frame["ch"]}).decode())
    except WebSocketDisconnect:
        for channel in channels:
            subscribers[channel].discard(socket)


if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False,
        loop="uvloop", http="httptools", ws="websockets", ws_per_message_deflate=False,
        timeout_keep_alive=75,  # the default, 5 s, would close the load's connections under it
    )  # fmt: skip
