"""The consent of a number: its ledger, what members write down in it, proof files, the proof as a whole, the setting.

Another workspace's number is not there. An entry is judged by domain.testimony under the number's lock: what is wrong
with the entry itself is a 422 that names the field, what speaks against it as things stand a 409.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

import trio
from quart import Response

from server.domain.proof_files import MOST_BYTES, clean_name, kind_of
from server.domain.roles import Deed
from server.domain.testimony import FIELDS, OBJECTIONS, Objection
from server.http.call import Answer, Call
from server.http.consent.dossier import dossier
from server.http.consent.models import PAGE, ConsentIn, ConsentOut, ConsentSettings, LedgerQuery, ProofOut, ProofQuery
from server.http.consent.wire import consent_out, proof_out
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes, whoever_may
from server.http.settings import change
from server.http.texts.texts import fingerprint_of
from server.ports import CommandConflict
from server.ports.consent import NoSuchProof, NotWrittenDown

ENDPOINT: Final = f"/api/v1/endpoints/{part('endpoint_id')}/consent"
SETTINGS: Final = "/api/v1/settings/consent"

routes: Final = Routes("consent")


# The ledger


@routes.get(ENDPOINT, MEMBER, query=LedgerQuery, answers={200: ConsentOut})
async def consent(call: Call, endpoint_id: int, query: LedgerQuery) -> Answer:
    """How a number's consent stands, and its ledger."""
    return Answer(await _told(call, endpoint_id, query.before, query.limit))


@routes.get(f"/api/v1/threads/{part('thread_id')}/consent", MEMBER, answers={200: ConsentOut})
async def thread_consent(call: Call, thread_id: int) -> Answer:
    """How the consent of the number stands that a conversation is with."""
    endpoint_id = await call.deps.consents.endpoint_of(call.member.workspace_id, thread_id)
    if endpoint_id is None:
        raise not_found()
    return Answer(await _told(call, endpoint_id))


@routes.post(ENDPOINT, MEMBER, body=ConsentIn, answers={200: ConsentOut})
async def record_consent(call: Call, endpoint_id: int, body: ConsentIn) -> Answer:
    """Write down an opt-in, a revocation, or the undoing of an opt-out."""
    member = call.member
    entry = body.entry(fingerprint_of(member.member_id, body.model_dump(exclude={"cmd_id"})))
    told = await call.deps.consents.tell(
        member.workspace_id, member.member_id, endpoint_id, entry, call.deps.clock.wall()
    )
    match told:
        case None:
            raise not_found()
        case NoSuchProof():
            raise Problem(422, "invalid", "This file is not here.", field="proof_id")
        case CommandConflict():
            raise Problem(409, "command_conflict", "This cmd_id was used for something else.", field="cmd_id")
        case NotWrittenDown(objection):
            raise await _refused(call, endpoint_id, objection)
    return Answer(await _told(call, endpoint_id))


@routes.get(f"{ENDPOINT}/proof", MEMBER, answers={200: "application/zip"})
async def consent_proof(call: Call, endpoint_id: int) -> Response:
    """All that is on record of a number, as a zip: a page, JSON, proof files, hashes."""
    member, consents = call.member, call.deps.consents
    found = await consents.whole_ledger(member.workspace_id, member.member_id, endpoint_id)
    if found is None:
        raise not_found()
    state, entries = found
    named = sorted({entry.proof.proof_id for entry in entries if entry.proof is not None})
    files = [await consents.proof(member.workspace_id, proof_id) for proof_id in named]
    proofs = [file for file in files if file is not None]
    content = await trio.to_thread.run_sync(dossier, state, entries, proofs)
    return _download(content, "application/zip", f"consent-{state.address.removeprefix('+')}.zip")


async def _told(call: Call, endpoint_id: int, below: int | None = None, limit: int = PAGE) -> dict[str, Any]:
    found = await call.deps.consents.ledger(call.member.workspace_id, endpoint_id, below=below, limit=limit)
    if found is None:
        raise not_found()
    return consent_out(found)


async def _refused(call: Call, endpoint_id: int, objection: Objection) -> Problem:
    field, sentence_ = FIELDS.get(objection), f"{OBJECTIONS[objection]}."
    if field is not None:
        return Problem(422, objection.value, sentence_, field=field)
    return Problem(409, objection.value, sentence_, more={"consent": await _told(call, endpoint_id)})


# Files


@routes.post("/api/v1/proofs", MEMBER, query=ProofQuery, raw_body_limit=MOST_BYTES, answers={201: ProofOut})
async def add_proof(call: Call, body: AsyncIterator[bytes], query: ProofQuery) -> Answer:
    """Keep a file that shows a consent: PDF, PNG, JPEG, text, CSV or an e-mail, 5 MB at most."""
    content = b"".join([piece async for piece in body])
    name = clean_name(query.name)
    kind = kind_of(name, content)
    if kind is None:
        sentence_ = "A proof is a PDF, a PNG or JPEG picture, a text (.txt), a list (.csv) or an e-mail (.eml)."
        raise Problem(415, "not_a_proof", sentence_, field="name")
    member = call.member
    proof = await call.deps.consents.add_proof(member.workspace_id, member.member_id, name, kind, content)
    return Answer(proof_out(proof), 201)


@routes.get(f"/api/v1/proofs/{part('proof_id')}", MEMBER, answers={200: "*/*"})
async def proof(call: Call, proof_id: int) -> Response:
    """The bytes of a proof file, to be saved."""
    found = await call.deps.consents.proof(call.member.workspace_id, proof_id)
    if found is None:
        raise not_found()
    return _download(found[1], found[0].content_type, found[0].name)


def _download(content: bytes, content_type: str, name: str) -> Response:
    response = Response(content, content_type=content_type)
    # never shown in a page of ours: what was uploaded is a stranger's file
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


# The setting


@routes.get(SETTINGS, MEMBER, answers={200: ConsentSettings})
async def consent_settings(call: Call) -> Answer:
    """Whether bulk needs an opt-in on record."""
    return Answer({"opt_in_required": await call.deps.consents.opt_in_required(call.member.workspace_id)})


@routes.patch(SETTINGS, whoever_may(Deed.CHANGE_SETTINGS), body=ConsentSettings, answers={200: ConsentSettings})
async def change_consent_settings(call: Call, body: ConsentSettings) -> Answer:
    """Require an opt-in for texts in bulk, or do not. It counts for what is queued already, too."""
    await change(call, {"opt_in_required": body.opt_in_required})
    return Answer(body)
