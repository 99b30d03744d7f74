"""A node's root key says which key speaks for a service, and nobody else can say it."""

from typing import Any

import orjson
import pytest

from shared.canonical import canonical
from shared.events import Log
from shared.keys import SigningKey
from shared.log.certificates import (
    CERTIFICATE_TAG,
    ROLE_TOKENS,
    BadCertificate,
    certify,
    checked_certificate,
    read_certificate,
)
from shared.log.page import PAGE_TAG, padless, unpadded
from tests.shared.peers import Peer

fr, es = Peer("fr"), Peer("es")
TEXT = fr.certificate(roles=(ROLE_TOKENS,), begins={Log.PUBLIC: (1, 5), Log.PRIVATE: (2, 7)})


def test_a_certificate_says_who_speaks_for_whom_and_from_when() -> None:
    claims = checked_certificate(TEXT, fr.root.public)
    assert (claims.node, claims.service, claims.key) == ("fr", "directory", fr.key.public)
    assert claims.roles == ("tokens",)
    assert claims.begins(Log.PUBLIC) == (1, 5)
    assert claims.begins(Log.PRIVATE) == (2, 7)


def test_a_certificate_begins_with_the_first_page_where_nothing_is_said() -> None:
    claims = checked_certificate(fr.certificate(), fr.root.public)
    assert {claims.begins(log) for log in Log} == {(1, 1)}


def test_a_certificate_of_another_root_is_refused() -> None:
    for forged in (es.certificate(), fr.certificate(root=es.root), fr.certificate(root=fr.key)):
        with pytest.raises(BadCertificate):
            checked_certificate(forged, fr.root.public)


def remade(tag: bytes = CERTIFICATE_TAG, root: SigningKey = fr.root, **fields: Any) -> str:
    """Return a certificate with other fields, signed; None takes a field away."""
    statement = orjson.loads(unpadded(TEXT.partition(".")[0])) | fields
    return signed(canonical({k: v for k, v in statement.items() if v is not None}), tag, root)


def signed(statement: bytes, tag: bytes = CERTIFICATE_TAG, root: SigningKey = fr.root) -> str:
    """Return any bytes in the form of a certificate."""
    return f"{padless(statement)}.{padless(root.sign(tag + statement))}"


def test_the_same_statement_makes_the_same_certificate() -> None:
    assert remade() == TEXT


STATEMENT = unpadded(TEXT.partition(".")[0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "e30.e30",
        TEXT.partition(".")[0],
        TEXT.partition(".")[0] + ".",
        "." + TEXT.partition(".")[2],
        TEXT + "A",
        TEXT[:-1],
        TEXT + "=",
        TEXT.replace(".", "é"),
        "A" * 3_000,
        remade(v=2),
        remade(v=None),
        remade(extra=1),
        remade(key=None),
        remade(node=1),
        remade(service="s" * 200),
        remade(roles="tokens"),
        remade(roles=None),
        remade(roles=[1]),
        remade(roles={"tokens": 1}),
        remade(public_from=[0, 1]),
        remade(public_from=[1]),
        remade(public_from=[1, 1, 1]),
        remade(public_from=["1", 1]),
        remade(public_from=[True, True]),
        remade(private_from=1),
        remade(private_from=None),
        remade(key="K" * 2_000),
        remade(key=["K"]),
        signed(STATEMENT.replace(b'"v":1', b'"v":1 ')),
        signed(STATEMENT.replace(b'"v":1', b'"v":1.0')),
        signed(STATEMENT.replace(b'"v":1', b'"v":1,"v":1')),
        signed(b"[]"),
        signed(b"1"),
        signed(b"\xff"),
        signed(b""),
        signed(b"[" * 50 + b"]" * 50),
    ],
    ids=range(39),
)
def test_a_malformed_certificate_is_refused(text: str) -> None:
    with pytest.raises(BadCertificate):
        checked_certificate(text, fr.root.public)


def test_a_signature_over_another_kind_of_thing_is_none_over_a_certificate() -> None:
    for tag in (b"", PAGE_TAG, b"twiza/reopening/1\n", CERTIFICATE_TAG.replace(b"1", b"2")):
        with pytest.raises(BadCertificate):
            checked_certificate(remade(tag), fr.root.public)


def test_an_unchecked_certificate_shows_its_claims() -> None:
    claims, statement, signature = read_certificate(remade(root=es.root))
    assert (claims.node, statement, len(signature)) == ("fr", STATEMENT, 64)


def test_a_root_that_is_no_key_certifies_nothing() -> None:
    for root in ("", "N", "x" * 56):
        with pytest.raises(BadCertificate):
            checked_certificate(TEXT, root)


def test_a_certificate_is_short_enough_to_travel_with_each_page() -> None:
    longest = certify(
        fr.root,
        node=Peer("n" * 32).node,
        service=fr.service,
        key=fr.key.public,
        roles=(ROLE_TOKENS,),
        begins=dict.fromkeys(Log, (2**31 - 1, 2**53 - 1)),
    )
    assert checked_certificate(longest, fr.root.public).begins(Log.PUBLIC) == (2**31 - 1, 2**53 - 1)
