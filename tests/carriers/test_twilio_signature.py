"""The verdicts on Twilio's signatures are those of Twilio's own SDK."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships no types

from server.carriers.twilio_signature import SETTINGS, SIGNATURE, SignatureCheck, sign

TOKEN = "12345"
URL = "https://sms.example.org"
TARGET = "/webhooks/twilio/AC1/inbound"
ORACLE = RequestValidator(TOKEN)
Fields = list[tuple[str, str]]

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.one_of(st.sampled_from(["Body", "From", "To", "OptOutType", ""]), TEXT)
FIELDS = st.lists(st.tuples(NAMES, TEXT), max_size=20)


class Repeated(dict[str, list[str]]):
    """A form in the shape in which the SDK takes repeated names."""

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        for name, value in fields:
            self.setdefault(name, []).append(value)

    def getlist(self, name: str) -> list[str]:
        return self[name]


def raw(fields: Fields) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in fields]


def signed(url: str, fields: Fields, algorithm: str | None = None) -> bytes:
    signature: str = ORACLE.compute_signature(url, Repeated(fields), algorithm)
    return signature.encode()


def accepts(public_url: str, fields: Fields, headers: dict[bytes, bytes], target: str = TARGET, **more: Any) -> bool:
    return SignatureCheck(public_url, TOKEN).verify(target.encode(), headers, raw(fields), **more)


@given(FIELDS, st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"]))
def test_new_empty_repeated_and_unicode_parameters_count(fields: Fields, algorithm: str) -> None:
    digest = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}[algorithm]
    assert sign(TOKEN.encode(), (URL + TARGET).encode(), raw(fields), digest) == signed(URL + TARGET, fields, algorithm)


@given(FIELDS, FIELDS)
def test_a_signature_holds_for_exactly_the_forms_that_the_oracle_says(fields: Fields, others: Fields) -> None:
    signature = signed(URL + TARGET, fields)
    verdict = ORACLE.validate(URL + TARGET, Repeated(others), signature.decode())
    assert accepts(URL, others, {SIGNATURE: signature}) is verdict


@pytest.mark.parametrize(
    ("configured", "signed_for"),
    [
        pytest.param("https://sms.example.org", "https://sms.example.org", id="as configured"),
        pytest.param("https://sms.example.org/", "https://sms.example.org", id="configured with a slash"),
        pytest.param("https://sms.example.org", "https://sms.example.org:443", id="signed with the usual port"),
        pytest.param("https://sms.example.org:8443", "https://sms.example.org", id="signed without the port"),
        pytest.param("https://sms.example.org:8443", "https://sms.example.org:8443", id="signed with an odd port"),
        pytest.param("http://127.0.0.1:8000", "http://127.0.0.1:8000", id="loopback"),
        pytest.param("http://sms.example.org", "http://sms.example.org:80", id="plain, with the usual port"),
        pytest.param("https://example.org/sms", "https://example.org/sms", id="below a path"),
    ],
)
def test_the_port_may_be_in_the_signed_address_or_not(configured: str, signed_for: str) -> None:
    fields = [("From", "+16175550101")]
    assert accepts(configured, fields, {SIGNATURE: signed(signed_for + TARGET, fields)})


@pytest.mark.parametrize(
    ("public_url", "target", "fields"),
    [
        pytest.param("https://evil.example.org", TARGET, [("To", "1")], id="another host"),
        pytest.param("http://sms.example.org", TARGET, [("To", "1")], id="another scheme"),
        pytest.param("https://sms.example.org:8443", TARGET + "/x", [("To", "1")], id="another path"),
        pytest.param(URL, TARGET + "?attempt=1", [("To", "1")], id="another query"),
        pytest.param(URL, TARGET, [("To", "2")], id="another value"),
        pytest.param(URL, TARGET, [("To", "1"), ("New", "")], id="a field more"),
        pytest.param(URL, TARGET, [], id="a field less"),
    ],
)
def test_a_signature_for_something_else_is_refused(public_url: str, target: str, fields: Fields) -> None:
    signature = signed(URL + TARGET, [("To", "1")])
    assert accepts(URL, [("To", "1")], {SIGNATURE: signature})
    assert not accepts(public_url, fields, {SIGNATURE: signature}, target)


@pytest.mark.parametrize(
    ("settings", "algorithm", "verdict"),
    [
        pytest.param(b"", "HMAC_SHA1", True, id="nothing said means SHA-1"),
        pytest.param(b"key=k1,algorithm=HMAC_SHA256", "HMAC_SHA256", True, id="SHA-256 where it is said"),
        pytest.param(b"key=k1, algorithm=hmac_sha256", "HMAC_SHA256", True, id="in any case and spacing"),
        pytest.param(b"key=k1", "HMAC_SHA1", True, id="only a key"),
        pytest.param(b"key=k1,algorithm=HMAC_SHA256", "HMAC_SHA1", False, id="another than was said"),
        pytest.param(b"algorithm=HMAC_MD5", "HMAC_SHA1", False, id="one that we do not know"),
    ],
)
def test_the_settings_header_chooses_the_algorithm(settings: bytes, algorithm: str, verdict: bool) -> None:
    fields = [("Body", "hé")]
    headers = {SIGNATURE: signed(URL + TARGET, fields, algorithm), SETTINGS: settings}
    assert accepts(URL, fields, headers) is verdict


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="missing"),
        pytest.param({SIGNATURE: b""}, id="empty"),
        pytest.param({SIGNATURE: b"\xff\x00"}, id="not even text"),
    ],
)
def test_without_a_readable_signature_it_is_refused(headers: dict[bytes, bytes]) -> None:
    assert not accepts(URL, [], headers)


def test_a_json_body_is_bound_by_its_hash_in_the_signed_query() -> None:
    body = json.dumps({"Body": "hé"}).encode()
    target = f"{TARGET}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {SIGNATURE: signed(URL + target, [])}
    check = SignatureCheck(URL, TOKEN)
    assert ORACLE.validate(URL + target, body.decode(), headers[SIGNATURE].decode())
    assert check.verify(target.encode(), headers, None, body)
    assert not check.verify(target.encode(), headers, None, body + b" ")
    bare = {SIGNATURE: signed(URL + TARGET, [])}
    assert not check.verify(TARGET.encode(), bare, None, body), "without its hash nothing binds the body"


def test_another_token_is_refused() -> None:
    headers = {SIGNATURE: signed(URL + TARGET, [])}
    assert not SignatureCheck(URL, "54321").verify(TARGET.encode(), headers, [])
