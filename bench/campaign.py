"""What a campaign costs: the launch of a million, with the inbox beside it, and the pace that a running one keeps.

    ./test bench campaign [--n N] [--pace-s SECONDS] [--quick]

*launch*: contacts made by SQL, with a number each, in a workspace of its own; a campaign to all, due in two days, is
launched by HTTP, and `placed_s` passes until every recipient has a place. The server's resident memory is sampled
throughout. Another workspace's inbox is asked for, and texts come in by its webhook, before and during it. *pace*: a
campaign set to 100 texts a second, and how many left in each of so many seconds. Every recipient must be found placed
once, and be as the sums say, or the bench fails. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from bench.rig import cpu
from bench.rig.contenders import Running, running, threadline
from bench.rig.figures import rounded
from bench.rig.ground import LINE, SESSION, Ground, Turn, open_ground
from bench.rig.texts import webhooks
from bench.send import light_carrier

COUNT: Final = 1_000_000
SET_PER_S: Final = 100
_QUIET_S: Final = 10.0
_EVERY_S: Final = 0.05
_WITHIN_S: Final = 1800.0
_WARM_UP_S: Final = 5.0
_OTHERS: Final = "bench-session-of-others"
_AREAS: Final = 60

_OTHER_WORKSPACE: Final = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Crowd', false, 'Crowd', 'crowd@example.com');
INSERT INTO member (workspace_id, email, name, role, password_hash)
VALUES (2, 'crowd@example.com', 'Crowd', 'owner', '!');
INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)
VALUES (decode('{session}', 'hex'), 2, 2, now() + interval '1 day', '127.0.0.1', 'bench');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (2, false, 'twilio', 'ACcrowd', 'never-used', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate) SELECT 2, id, '+13125550111', 0 FROM carrier_account
WHERE workspace_id = 2;
"""  # real numbers are too few in a simulation; nothing is queued before the day, and nobody listens there
_PEOPLE: Final = """
SET session_replication_role = replica; SET synchronous_commit = off;
WITH made AS (
    INSERT INTO contact (workspace_id, first_name, last_name)
    SELECT {workspace}, 'Person', n::text FROM generate_series(1, {count}) n RETURNING id
), numbers AS (
    INSERT INTO endpoint (workspace_id, address)
    SELECT {workspace}, {address} FROM generate_series(0, {count} - 1) n ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT {workspace}, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM numbers) e USING (n);
INSERT INTO contact_tally (workspace_id, n) VALUES ({workspace}, {count}) ON CONFLICT DO NOTHING;
ANALYZE;
"""
_CROWD: Final = (
    "'+1' || (ARRAY[202, 212, 305, 312, 415, 503, 602, 617])[1 + n % 8] || lpad((2000000 + n / 8)::text, 7, '0')"
)
_TEST_NUMBERS: Final = "'+1' || (212 + n / 100) || '5550' || (100 + n % 100)"
_STANDING: Final = """
SELECT c.state, c.refused, c.build_after IS NULL AS whole, s.excluded + s.pending AS placed
FROM campaign c CROSS JOIN LATERAL campaign_sums(c.id) s WHERE c.id = {campaign}
"""
_PLACED: Final = """
SELECT count(*) AS placed, count(DISTINCT r.contact_id) AS people,
       count(*) FILTER (WHERE r.state = 'pending') AS pending,
       (SELECT to_jsonb(s) - 'moved_at' FROM campaign_sums({campaign}) s)
       = (SELECT to_jsonb(n) FROM campaign_recount({campaign}) n) AS adds_up
FROM campaign_recipient r WHERE r.campaign_id = {campaign}
"""
_REACHED: Final = "UPDATE carrier_account SET base_url = 'http://127.0.0.1:{port}' WHERE workspace_id = 1"
_LEFT: Final = (
    "SELECT count(*) AS left FROM campaign_recipient r WHERE r.campaign_id = {campaign} AND r.left_at IS NOT NULL"
)

Figures = dict[str, Any]


class Visitor:
    """A member of one workspace, on one connection."""

    def __init__(self, port: int, session: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {
            "Cookie": f"threadline={session}", "X-CSRF": "1", "Content-Type": "application/json",
            "Origin": f"http://127.0.0.1:{port}",
        }  # fmt: skip

    def ask(self, method: str, path: str, body: Figures | None = None) -> Any:
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        told = json.loads(answer.read() or "null")
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {told}")
        return told

    def launched(self, count: int, plan: Figures) -> int:
        """A campaign to everybody."""
        made = self.ask("POST", "/api/v1/campaigns", {"cmd_id": str(uuid4()), "name": "Bench"})
        path = f"/api/v1/campaigns/{made['id']}"
        whole = {"sources": {"everybody": True}, "variants": [{"body": "Hi {{first_name}}, still looking?"}], **plan}
        self.ask("PATCH", path, {"version": made["version"], "plan": whole})
        self.ask("POST", f"{path}/launch", {"cmd_id": str(uuid4()), "expected_count": count})
        campaign_id: int = made["id"]
        return campaign_id


class Beside:
    """Asks again and again, in a thread of its own: how long each took, by what had begun when it was asked."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask, self._took = ask, dict[str, list[float]]()
        self.phase: str | None = None
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def going(self) -> Iterator[None]:
        self._ends = threading.Event()
        self._thread.start()
        yield
        self._ends.set()
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        try:
            while not self._ends.wait(_EVERY_S):
                phase, before = self.phase, time.perf_counter()
                self._ask()
                if phase is not None:
                    self._took.setdefault(phase, []).append((time.perf_counter() - before) * 1e3)
        except (OSError, RuntimeError, http.client.HTTPException) as failed:
            self._failed = failed

    def told(self) -> Figures:
        return {phase: _spread(took) for phase, took in self._took.items()}


def _spread(took: list[float]) -> Figures:
    ordered = sorted(took)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    return {"p50_ms": rounded(p50), "p99_ms": rounded(p99), "asked": len(ordered)}


def launch(ground: Ground, turn: Turn, count: int, quiet_s: float) -> Figures:
    session = hashlib.sha256(_OTHERS.encode()).hexdigest()
    with running(threadline(), ground, turn) as server:
        _asked(Visitor(server.port, SESSION), "/api/v1/threads")  # it has begun, and not only taken its port
        # A rehearsal starts beside no real workspace; this one is due in two days, and its carrier is nobody's address.
        ground.run(turn, _OTHER_WORKSPACE.format(session=session))
        ground.run(turn, _PEOPLE.format(workspace=2, count=count, address=_CROWD))
        inbox, page = Visitor(server.port, SESSION), "/api/v1/threads"
        beside = {"page": Beside(lambda: _asked(inbox, page)), "inbound": Beside(_inbound(server))}
        with beside["page"].going(), beside["inbound"].going():
            for one in beside.values():
                one.phase = "without"
            time.sleep(quiet_s)
            for one in beside.values():
                one.phase = "with"
            figures = _launched(ground, turn, server, count)
        figures |= {name: one.told() for name, one in beside.items()}
    return figures


def _asked(visitor: Visitor, path: str) -> None:
    visitor.ask("GET", path)


def _inbound(server: Running) -> Callable[[], None]:
    """A text of a handset's, answered once it is stored."""
    texts = iter(webhooks(server.port, LINE, 100_000))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def ask() -> None:
        head, _, body = next(texts).partition(b"\r\n\r\n")
        line, *headers = head.decode().split("\r\n")
        own = dict(header.split(": ", 1) for header in headers)
        connection.request("POST", line.split()[1], body, own)
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"a webhook was answered {answer.status}")

    return ask


def _launched(ground: Ground, turn: Turn, server: Running, count: int) -> Figures:
    visitor, before = Visitor(server.port, _OTHERS), cpu.resident_kib(server.pid)
    cpu_s = cpu.seconds(server.pid), cpu.seconds_with_children(ground.pid)
    day = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    began, peak = time.perf_counter(), before
    campaign = visitor.launched(count, {"start": {"day": day}})
    while True:
        [row] = ground.run(turn, _STANDING.format(campaign=campaign))
        peak = max(peak, cpu.resident_kib(server.pid))
        if row["whole"]:
            break
        if time.perf_counter() - began > _WITHIN_S:
            raise RuntimeError(f"after {_WITHIN_S} s {row['placed']} are placed")
        time.sleep(0.2)
    took = time.perf_counter() - began
    spent = cpu.seconds(server.pid) - cpu_s[0], cpu.seconds_with_children(ground.pid) - cpu_s[1]
    [placed] = ground.run(turn, _PLACED.format(campaign=campaign))
    if (row["state"], *placed) != ("scheduled", count, count, count, True):
        raise RuntimeError(f"{dict(row)}: {dict(placed)} of {count}")
    return {
        "placed_s": rounded(took),
        "recipients": count,
        "server_cpu_s": rounded(spent[0]),
        "postgres_cpu_s": rounded(spent[1]),
        "rss_mib": {
            "before": rounded(before / 1024),
            "peak": rounded(peak / 1024),
            "after": rounded(cpu.resident_kib(server.pid) / 1024),
        },
    }


def pace(ground: Ground, turn: Turn, seconds: float) -> Figures:
    count = _AREAS * 100
    with light_carrier(0.0) as carrier:
        ground.run(turn, _REACHED.format(port=carrier.port))
        ground.run(turn, "UPDATE number SET rate = 1000, burst = 10 WHERE workspace_id = 1")
        ground.run(turn, _PEOPLE.format(workspace=1, count=count, address=_TEST_NUMBERS))
        with running(threadline(), ground, turn) as server:
            campaign = Visitor(server.port, SESSION).launched(count, {"rate": SET_PER_S})
            time.sleep(_WARM_UP_S)
            cpu_s = cpu.seconds(server.pid), cpu.seconds_with_children(ground.pid)
            began, left, each = time.perf_counter(), _left(ground, turn, campaign), list[float]()
            while time.perf_counter() - began < seconds:
                at, before = time.perf_counter(), _left(ground, turn, campaign)
                time.sleep(1.0)
                each.append((_left(ground, turn, campaign) - before) / (time.perf_counter() - at))
            sent, took = _left(ground, turn, campaign) - left, time.perf_counter() - began
            spent = cpu.seconds(server.pid) - cpu_s[0], cpu.seconds_with_children(ground.pid) - cpu_s[1]
        told = carrier.accepted()
    if told["accepted"] != told["attempts"]:
        raise RuntimeError(f"a text was sent twice: {told}")
    return {
        "set_per_s": SET_PER_S,
        "achieved_per_s": rounded(sent / took),
        "least_in_a_second": rounded(min(each)),
        "most_in_a_second": rounded(max(each)),
        "server_cpu_ms_each": rounded(spent[0] / sent * 1e3),
        "postgres_cpu_ms_each": rounded(spent[1] / sent * 1e3),
    }


def _left(ground: Ground, turn: Turn, campaign: int) -> int:
    [row] = ground.run(turn, _LEFT.format(campaign=campaign))
    left: int = row["left"]
    return left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 recipients, a few seconds of pace")
    parser.add_argument("--n", type=int, default=COUNT, help="recipients of the launch")
    parser.add_argument("--pace-s", type=float, default=30.0)
    parser.add_argument("--only", choices=("launch", "pace"))
    asked = parser.parse_args()
    count, seconds, quiet_s = (20_000, 5.0, 2.0) if asked.quick else (asked.n, asked.pace_s, _QUIET_S)
    figures: Figures = {"bench": "campaign"}
    with open_ground() as ground:
        if asked.only != "pace":
            with ground.turn() as turn:
                figures["launch"] = launch(ground, turn, count, quiet_s)
            sys.stderr.write(f"{figures['launch']}\n")
        if asked.only != "launch":
            with ground.turn() as turn:
                figures["pace"] = pace(ground, turn, seconds)
    print(json.dumps({**figures, "machine_load": round(os.getloadavg()[0], 2)}))


if __name__ == "__main__":
    main()
