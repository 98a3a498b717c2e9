"""Which files are kept as a proof of consent."""

import pytest

from server.domain.proof_files import ENDINGS, MOST_NAME, clean_name, kind_of

PNG = b"\x89PNG\r\n\x1a\n...."


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param("form.pdf", b"%PDF-1.7", "application/pdf", id="a PDF"),
        pytest.param("form", b"%PDF-1.7", "application/pdf", id="a PDF without an ending"),
        pytest.param("shot.png", PNG, "image/png", id="a PNG"),
        pytest.param("shot.pdf", PNG, "image/png", id="the bytes say what it is, not the name"),
        pytest.param("photo.JPG", b"\xff\xd8\xff\xe0", "image/jpeg", id="a JPEG"),
        pytest.param("call.txt", b"She said yes.", "text/plain", id="a text"),
        pytest.param("list.CSV", b"phone\n1", "text/csv", id="a list"),
        pytest.param("mail.eml", b"From: maya@example.org", "message/rfc822", id="an e-mail"),
        pytest.param("old.txt", "Zoë".encode("cp1252"), "text/plain", id="a text in an old encoding"),
        pytest.param("form.html", b"<script>", None, id="a page"),
        pytest.param("picture.svg", b"<svg onload=alert(1)>", None, id="a picture that may run"),
        pytest.param("call.mp3", b"ID3\x04", None, id="a recording"),
        pytest.param("setup.txt", b"MZ\x00\x01", None, id="a program that is called a text"),
        pytest.param("empty.txt", b" \n", None, id="nothing"),
        pytest.param("empty.pdf", b"", None, id="nothing at all"),
        pytest.param("txt", b"She said yes.", None, id="a name that is no ending"),
    ],
)
def test_a_file_is_what_its_bytes_are(name: str, content: bytes, expected: str | None) -> None:
    assert kind_of(name, content) == expected
    assert expected is None or expected in ENDINGS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\dana\\form.pdf", "form.pdf"),
        ('a"b\r\nc.pdf', "abc.pdf"),
        ("Zoë’s form.pdf", "Zoë’s form.pdf"),
        ("...", "proof"),
        ("", "proof"),
        ("a" * 300 + ".pdf", "a" * (MOST_NAME - 4) + ".pdf"),
    ],
)
def test_a_name_keeps_its_ending_and_nothing_that_leads_elsewhere(name: str, expected: str) -> None:
    assert clean_name(name) == expected
