"""A request for each operation of which chance seldom finds one that is granted: each as a program would make it.

What a request needs, an earlier one has made. What none of them can reach stands in `UNREACHED`, with its reason.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from server.demo.people import MEMBERS, PASSWORD

UNREACHED: Final[Mapping[str, str]] = {
    "GET /api/v1/demo": "only `./run` tells its logins, a server that was started as one for real does not",
    "POST /api/v1/demo/handset": "only `./run` has handsets that can be asked to text",
    "POST /api/v1/campaigns/{campaign_id}/test": "the agent has just named another telephone, which is not proven yet",
    "POST /api/v1/system/hand-over": "there is no second server that could take over",
    "POST /api/v1/threads/{thread_id}/suggestions/picked": "suggestions are made for whoever looks, by the socket",
}

_PNG: Final = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
_LIST: Final = "First name,Phone\nIda,+14135550179\nNobody,12\n"


@dataclass(frozen=True)
class Asked:
    """`path` names ids by their names in the operation's path. `until`: asked again until the answer is like this."""

    label: str
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    who: str = "owner"
    until: Any = None


def course(now: datetime, campaign_id: int) -> Generator[Asked, Any, None]:
    """The requests, each answered by what the server has said. *campaign_id* is at work."""
    tomorrow = (now + timedelta(days=1)).isoformat()
    yield Asked("POST /api/v1/login", body={"email": MEMBERS[0].email, "password": PASSWORD})
    yield Asked("POST /api/v1/tickets", who="token")
    yield Asked("POST /api/v1/me/number", body={"address": "+14135550171"}, who="agent")
    person = {"first_name": "Rosa", "phones": [{"phone": "413-555-0177"}]}
    contact = yield Asked("POST /api/v1/contacts", body=person)
    whom = {"contact_id": contact["contact_id"]}
    endpoint = {"endpoint_id": contact["phones"][0]["endpoint_id"]}
    yield from _of_a_person(whom, endpoint, tomorrow)
    yield from _of_a_webhook(whom)
    yield from _of_texts(whom, tomorrow)
    yield from _of_many(whom)
    yield from _of_a_list(now)
    yield Asked("POST /api/v1/campaigns/{campaign_id}/command", {"campaign_id": campaign_id}, body={"command": "pause"})
    one = (yield Asked("GET /api/v1/numbers"))["numbers"][0]
    shared = {"owner_id": None, "version": one["version"]}
    yield Asked("PATCH /api/v1/numbers/{number_id}", {"number_id": one["number_id"]}, body=shared)
    pipeline = yield Asked("POST /api/v1/pipelines", body={"name": "Rentals", "stages": ["New", "Seen"]})
    at = {"pipeline_id": pipeline["pipeline_id"], "stage_id": pipeline["stages"][0]["stage_id"]}
    yield Asked("PATCH /api/v1/pipelines/{pipeline_id}/stages/{stage_id}", at, body={"name": "Fresh"})
    yield Asked("DELETE /api/v1/pipelines/{pipeline_id}/stages/{stage_id}", at)
    yield Asked("POST /api/v1/tags", body={"name": "Came by"})
    came = {"field": "tag", "is": "has", "value": "Came by"}
    yield Asked("POST /api/v1/filters", body={"name": "Came to see it", "definition": came})


def _of_a_person(whom: dict[str, int], endpoint: dict[str, int], tomorrow: str) -> Generator[Asked, Any, None]:
    phones = "/api/v1/contacts/{contact_id}/phones"
    contact = yield Asked(f"POST {phones}", whom, body={"phone": "413-555-0178", "label": "work"})
    other = whom | {"endpoint_id": contact["phones"][1]["endpoint_id"]}
    yield Asked(f"PATCH {phones}/{{endpoint_id}}", other, body={"label": "home"})
    yield Asked(f"DELETE {phones}/{{endpoint_id}}", other)
    showing = yield Asked("POST /api/v1/contacts/{contact_id}/showings", whom, body={"at": tomorrow})
    yield Asked(
        "DELETE /api/v1/contacts/{contact_id}/showings/{showing_id}", whom | {"showing_id": showing["showing_id"]}
    )
    proof = yield Asked("POST /api/v1/proofs", query={"name": "form.png"}, body=_PNG)
    yield Asked("GET /api/v1/proofs/{proof_id}", {"proof_id": proof["proof_id"]})
    said = {
        "kind": "opted_in",
        "channel": "written",
        "statement": "Yes, text me about houses.",
        "proof_id": proof["proof_id"],
    }
    yield Asked("POST /api/v1/endpoints/{endpoint_id}/consent", endpoint, body=said)
    yield Asked("POST /api/v1/calls", body={"call_id": "call-1", "phone": "413-555-0177"})
    yield Asked("POST /api/v1/dialer/calls/start", body={"call_id": "call-2", **whom})
    yield Asked("GET /api/v1/contacts/{contact_id}/timeline", whom)


def _of_a_webhook(whom: dict[str, int]) -> Generator[Asked, Any, None]:
    made = yield Asked("POST /api/v1/webhooks", body={"url": "https://example.org/hook", "kinds": ["message.status"]})
    hook = {"endpoint_id": made["id"]}
    yield Asked("PATCH /api/v1/webhooks/{endpoint_id}", hook, body={"url": "https://example.org/other"})
    yield Asked("POST /api/v1/webhooks/{endpoint_id}/secret", hook)
    quick = {"cmd_id": str(uuid4()), "text": "Here is the address.", "call_id": "call-2", **whom}
    yield Asked("POST /api/v1/dialer/sms", body=quick)
    yield Asked("POST /api/v1/dialer/calls/end", body={"call_id": "call-2", "disposition": "talked"})
    page = yield Asked("GET /api/v1/webhooks/{endpoint_id}/deliveries", hook, until=lambda told: told["deliveries"])
    delivery = {"delivery_id": page["deliveries"][0]["id"]}
    yield Asked("POST /api/v1/webhooks/deliveries/{delivery_id}/replay", delivery)


def _of_texts(whom: dict[str, int], tomorrow: str) -> Generator[Asked, Any, None]:
    yield Asked("POST /api/v1/media", query={"name": "house.png"}, body=_PNG)
    yield Asked("POST /api/v1/messages/check", body={"body": "Hello", **whom})
    later = {"cmd_id": str(uuid4()), "body": "See you then", "send_at": tomorrow, **whom}
    sent = yield Asked("POST /api/v1/messages", body=later)
    text = {"thread_id": sent["thread_id"], "seq": sent["seq"]}
    yield Asked("GET /api/v1/threads/{thread_id}/messages/{seq}", text)
    yield Asked("PATCH /api/v1/threads/{thread_id}/messages/{seq}", text, body={"body": "See you there"})
    yield Asked("DELETE /api/v1/threads/{thread_id}/messages/{seq}", text)
    page = yield Asked("GET /api/v1/history")
    yield Asked("GET /api/v1/history/newer", query={"than": page["head"]})


def _of_many(whom: dict[str, int]) -> Generator[Asked, Any, None]:
    text = {"audience": {"contact_ids": [whom["contact_id"]]}, "body": "The house is free again."}
    yield Asked("POST /api/v1/bulk/preview/recipient", body=text)
    seen = yield Asked("POST /api/v1/bulk/preview", body=text)
    launched = {"cmd_id": str(uuid4()), "expected_count": seen["recipients"], **text}
    bulk = yield Asked("POST /api/v1/bulk", body=launched)
    one = {"bulk_id": bulk["bulk_id"]}
    for label in ("GET /api/v1/bulk/{bulk_id}", "GET /api/v1/bulk/{bulk_id}/recipients"):
        yield Asked(label, one)
    yield Asked("GET /api/v1/bulk/{bulk_id}/recipients.csv", one)
    yield Asked("POST /api/v1/bulk/{bulk_id}/recall", one)


def _of_a_list(now: datetime) -> Generator[Asked, Any, None]:
    import_ = "/api/v1/imports/{import_id}"
    made = yield Asked("POST /api/v1/imports", query={"name": "list.csv"}, body=_LIST.encode())
    one = {"import_id": made["import_id"]}
    yield Asked(f"GET {import_}", one)
    yield Asked(f"PATCH {import_}", one, body={"header": True, "places": ["first_name", "phone"]})
    said = {"who": "Dana, at the door", "at": now.isoformat(), "wording": "Yes, you may text me about this house."}
    yield Asked(f"POST {import_}/confirm", one, body={"consent": said})
    yield Asked(f"GET {import_}", one, until=lambda told: told["state"] == "done")
    yield Asked(f"GET {import_}/refusals", one)
    yield Asked(f"GET {import_}/refusals.csv", one)
    yield Asked(f"POST {import_}/undo", one)
    other = yield Asked("POST /api/v1/imports", query={"name": "other.csv"}, body=_LIST.encode())
    yield Asked(f"DELETE {import_}", {"import_id": other["import_id"]})
