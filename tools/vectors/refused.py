"""Vectors of what is refused: pages at the door, and events within a page that passed it."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any, Final

import orjson

from shared.canonical import canonical
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.log.certificates import CERTIFICATE_TAG, certify
from shared.log.names import LogName
from shared.log.page import PAGE_BYTES_MAX, SealedPage, unpadded
from tools.vectors.cast import (
    CERTIFICATE,
    SOUSS,
    SOUSS_DIRECTORY,
    SOUSS_DIRECTORY_2,
    SOUSS_EXCHANGE,
    SOUSS_LOG,
    SOUSS_ROOT,
    SUCCESSOR,
    TERANGA_DIRECTORY,
    TERANGA_LOG,
    TERANGA_ROOT,
    event,
    page,
    sealed,
    shown,
)
from tools.vectors.logs import ENTITY, FIRST, SECOND, THIRD, listed, withdrawn

REGISTRY: Final[dict[str, Any]] = {
    "souss": {"root_key": SOUSS_ROOT.public, "standing": "normal", "last_pages": {}},
    "teranga": {"root_key": TERANGA_ROOT.public, "standing": "normal", "last_pages": {}},
    "ilhas": {"root_key": TERANGA_ROOT.public, "standing": "quarantined", "last_pages": {}},
    "cuyo": {
        "root_key": SOUSS_ROOT.public,
        "standing": "cut",
        "last_pages": {"directory": [1, 1]},
    },
}


def door() -> dict[str, Any]:
    """Return a page that passes the door, and for each refusal pages that do not."""
    cases = [
        _case("", "an honest page", FIRST),
        _case("", "a page of the key that follows", THIRD),
        *_nobodys(),
        *_others(),
        *(_bad(reason, why, data) for reason, why, data in _signed()),
        *_too_early_or_late(),
    ]
    return {
        "about": "page.md, section 5. `slug` is empty where the page passes. `seen` are "
        "certificates of this log that came with earlier pages. `zeros` counts bytes that are 0.",
        "registry": REGISTRY,
        "cases": cases,
    }


def events() -> dict[str, Any]:
    """Return events within a page of souss/directory/public, with what becomes of each."""
    profile = {"name": "Tafaout"}
    told = {"entity_id": ENTITY, "revision": 1, "profile": profile}

    def one(slug: str, why: str, body: bytes) -> dict[str, Any]:
        return {"slug": slug, "why": why, "event": body.decode()}

    def of(kind: str, data: dict[str, Any] = told, **other: Any) -> bytes:
        return event(kind, ENTITY, data, number=1, **other)

    kind = "directory.entity.listed.v1"
    return {
        "about": "events.md, section 4. `slug` is empty where the event is read. An event that is "
        "refused is set aside; its page is applied all the same.",
        "log": {"node": "souss", "service": "directory", "log": "public"},
        "cases": [
            one("", "an honest event", of(kind)),
            one("", "a field that this release does not know", of(kind, told | {"colour": "red"})),
            one("unknown-event", "no contract has this kind", of("directory.kitchen.opened.v1")),
            one("future-version", "a newer version", of("directory.entity.listed.v9")),
            one("broken-contract", "no type of this system", of("", type="com.example.thing")),
            one("broken-contract", "a field is missing", of(kind, {"entity_id": ENTITY})),
            one("broken-contract", "a field breaks its limit", of(kind, told | {"revision": 0})),
            one("broken-contract", "the subject is no text", of(kind, subject=7)),
            one("not-its-namespace", "another node", of(kind, source="twiza:teranga/directory")),
            one("not-its-namespace", "another service", of(kind, source="twiza:souss/exchange")),
            one("not-its-namespace", "another service's kind", of("exchange.offer.posted.v1")),
        ],
    }


def _case(
    slug: str,
    why: str,
    found: SealedPage,
    *,
    log: Any = SOUSS_LOG,
    seen: tuple[str, ...] = (),
    reason: str = "",
    zeros: int = 0,
) -> dict[str, Any]:
    told = shown(found)
    return {
        "slug": slug,
        **({"reason": reason} if reason else {}),
        "why": why,
        "log": {"node": log.node, "service": log.service, "log": log.log.value},
        **({"seen": list(seen)} if seen else {}),
        **({"zeros": zeros} if zeros else {"bytes": told["bytes"]}),
        "signature": told["signature"],
        "certificate": told["certificate"],
    }


def _log(node: str, service: str = "directory", log: Log = Log.PUBLIC) -> LogName:
    return LogName(NodeName(node), ServiceName(service), log)


def _nobodys() -> list[dict[str, Any]]:
    """Return pages to which nobody can be held: anybody may have made them."""
    forged = certify(
        TERANGA_ROOT, node=SOUSS, service=SOUSS_LOG.service, key=SOUSS_DIRECTORY.public
    )
    first, _, second = CERTIFICATE.partition(".")
    changed = SECOND.data.replace(b"Argane", b"Arganx")
    zeros = bytes(PAGE_BYTES_MAX + 1)
    too_long = replace(sealed(zeros), data=b"")
    return [
        _case("page-too-large", "one byte too long", too_long, zeros=len(zeros)),
        _case("unknown-node", "no hub has admitted it", FIRST, log=_log("nobody")),
        _case("node-quarantined", "its hub says so", FIRST, log=_log("ilhas")),
        _case("bad-certificate", "there is none", replace(FIRST, certificate="")),
        _case("bad-certificate", "by another root", replace(FIRST, certificate=forged)),
        _case("bad-certificate", "without signature", replace(FIRST, certificate=first)),
        _case("bad-certificate", "with padding", replace(FIRST, certificate=f"{CERTIFICATE}==")),
        _case(
            "bad-certificate",
            "a statement with one field more",
            replace(FIRST, certificate=_wider_certificate()),
        ),
        _case(
            "bad-certificate", "the halves changed", replace(FIRST, certificate=f"{second}.{first}")
        ),
        _case("unsigned", "there is no signature", replace(FIRST, signature="")),
        _case("unsigned", "with padding", replace(FIRST, signature=f"{FIRST.signature}==")),
        _case("unsigned", "one byte of the page changed", replace(SECOND, data=changed)),
        _case(
            "unsigned", "the signature of another page", replace(FIRST, signature=SECOND.signature)
        ),
        _case(
            "unsigned",
            "by another key than the certificate's",
            sealed(FIRST.data, signer=SOUSS_EXCHANGE),
        ),
    ]


def _others() -> list[dict[str, Any]]:
    """Return honest pages of one log under the subject of another."""
    body = listed(ENTITY, 1, "Tafaout", number=1)
    stolen = page(
        [body],
        number=1,
        log=SOUSS_LOG,
        signer=TERANGA_DIRECTORY,
        certificate=certify(
            TERANGA_ROOT,
            node=TERANGA_LOG.node,
            service=TERANGA_LOG.service,
            key=TERANGA_DIRECTORY.public,
        ),
    )
    private = page([body], number=1, log=_log("souss", log=Log.PRIVATE))
    return [
        _case("not-its-subject", "another service's", FIRST, log=_log("souss", "exchange")),
        _case("not-its-subject", "a page that names another node", stolen, log=TERANGA_LOG),
        _case("not-its-subject", "a page of the private log", private),
    ]


def _wider_certificate() -> str:
    first = CERTIFICATE.partition(".")[0]
    claims = json.loads(unpadded(first)) | {"extra": 1}
    statement = canonical(claims)
    return f"{_text(statement)}.{_text(SOUSS_ROOT.sign(CERTIFICATE_TAG + statement))}"


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bad(reason: str, why: str, data: bytes) -> dict[str, Any]:
    return _case("signed-but-bad", why, sealed(data), reason=reason)


def _signed() -> list[tuple[str, str, bytes]]:
    """Return bytes that are no page, each with the reason for which they are none."""
    honest = orjson.loads(FIRST.data)
    many = [{"n": number} for number in range(257)]

    def other(**changed: Any) -> bytes:
        return canonical({**honest, **changed})

    def without(name: str) -> bytes:
        return canonical({field: value for field, value in honest.items() if field != name})

    nested: Any = 1
    for _ in range(40):
        nested = [nested]
    return [
        ("malformed", "no JSON", b"bread"),
        ("not-canonical", "spaces", json.dumps(honest, ensure_ascii=False).encode()),
        ("not-canonical", "a key twice", FIRST.data[:-1] + b',"v":1}'),
        ("not-canonical", "a float", FIRST.data.replace(b'"revision":1', b'"revision":1.0')),
        (
            "not-canonical",
            "40 arrays inside one another",
            orjson.dumps({**honest, "events": [{"a": nested}]}, option=orjson.OPT_SORT_KEYS),
        ),
        ("future-page", "a newer form", other(v=2)),
        ("bad-page", "an array", canonical([honest])),
        ("bad-page", "no form", without("v")),
        ("bad-page", "a field is missing", without("sealed_at")),
        ("bad-page", "a field too many", other(extra=1)),
        ("bad-page", "a form that is no number", other(v=True)),
        ("bad-page", "number 0", other(number=0)),
        ("bad-page", "epoch 2^31", other(epoch=2**31)),
        ("bad-page", "a hash of another length", other(prev="0" * 63)),
        ("bad-page", "a text that is too long", other(sealed_at="2" * 65)),
        ("bad-page", "no events", other(events=[])),
        ("bad-page", "257 events", other(events=many)),
        ("bad-page", "an event that is no object", other(events=["bread"])),
        ("bad-page", "a log of another sort", other(log="secret")),
    ]


def _too_early_or_late() -> list[dict[str, Any]]:
    """Return pages for which their key or their node does not speak."""
    early = page(
        [withdrawn(ENTITY, 3, number=4)],
        number=2,
        prev=FIRST.sha256,
        signer=SOUSS_DIRECTORY_2,
        certificate=SUCCESSOR,
    )
    late = page([withdrawn(ENTITY, 3, number=4)], number=3, prev=SECOND.sha256)
    cuyo = _log("cuyo")
    of_cuyo = certify(SOUSS_ROOT, node=cuyo.node, service=cuyo.service, key=SOUSS_DIRECTORY.public)
    body = event("directory.entity.withdrawn.v1", "cuyo:x", {}, number=1)
    counts = page([body], number=1, log=cuyo, certificate=of_cuyo)
    after = page([body], number=2, prev=counts.sha256, log=cuyo, certificate=of_cuyo)
    return [
        _case("key-out-of-range", "before the key's first page", early),
        _case("key-out-of-range", "a later key's page", late, seen=(SUCCESSOR,)),
        _case("", "the same page, as long as nobody has seen the later key", late),
        _case("", "the last page that counts of a node that was cut off", counts, log=cuyo),
        _case("node-cut", "a page after it", after, log=cuyo),
    ]
