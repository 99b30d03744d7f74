"""Vectors of what two parties say to each other: joining, repair in both its ways, and tokens."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.node.invitations import REQUEST_TAG, Invitation, signed_request
from shared.ids import NodeName, ServiceName
from shared.keys import fingerprint
from shared.log.certificates import ROLE_TOKENS, certify
from shared.log.repair import page_request
from shared.log.serve import page_line
from shared.people import Bearer, Claims, Mandate, issue
from shared.subjects import Level, ask_subject, offered_streams
from tools.vectors.cast import (
    AFRICA_ROOT,
    SOUSS,
    SOUSS_DIRECTORY,
    SOUSS_LEAF,
    SOUSS_LOG,
    SOUSS_NODE,
    SOUSS_ROOT,
    base64_of,
)
from tools.vectors.logs import ENTITY, FIRST, SECOND

NOW: Final = datetime(2026, 11, 21, 17, tzinfo=UTC)
AT: Final = "2026-11-21T17:00:00.000Z"


def joining() -> dict[str, Any]:
    """Return an invitation, a request with what is signed of it, and requests that do not hold."""
    hub = NodeName("africa")
    invitation = Invitation.model_validate(
        {
            "hub": hub,
            "hub_continent": "af",
            "level": "continental",
            "joining_url": "https://africa.example:7443",
            "leaf_url": "tls://africa.example:7422",
            "ca_pem": "-----BEGIN CERTIFICATE-----\n(the hub's)\n-----END CERTIFICATE-----\n",
            "root_key": AFRICA_ROOT.public,
            "offered": offered_streams(hub, Level.CONTINENTAL),
            "issued_at": AT,
        }
    )
    request = signed_request(
        SOUSS_ROOT,
        {
            "hub": hub,
            "node": SOUSS,
            "continent": "af",
            "level": "local",
            "leaf_key": SOUSS_LEAF.public,
            "names": {"ar": "شبكة سوس", "fr": "Réseau du Souss"},
            "services": ["node", "directory"],
            "epochs": {},
            "asked_at": AT,
        },
    )
    said = request.model_dump(mode="json")
    return {
        "about": "joining.md. `statement` is the text that is signed after the tag.",
        "invitation": invitation.model_dump(mode="json"),
        "hub_fingerprint": invitation.fingerprint,
        "request": said,
        "fingerprint": fingerprint(SOUSS_ROOT.public),
        "statement": request.statement().decode(),
        "signed": (REQUEST_TAG + request.statement()).hex(),
        "refused": [
            {"slug": "bad-request-signature", "why": why, "request": said | changed}
            for why, changed in (
                ("another leaf key", {"leaf_key": SOUSS_DIRECTORY.public}),
                ("another root key", {"root_key": AFRICA_ROOT.public}),
                ("a leaf key of another sort", {"leaf_key": SOUSS_ROOT.public}),
                ("no signature", {"signature": ""}),
            )
        ],
    }


def repair() -> dict[str, Any]:
    """Return a question for pages over NATS with its answer, and the same over HTTP."""
    parts = [
        {"headers": {**page.headers, "Twiza-Subject": ""}, "bytes": base64_of(page.data)}
        for page in (FIRST, SECOND)
    ]
    return {
        "about": "subjects.md, section 7, and http.md, section 2.",
        "subject": ask_subject("africa"),
        "question": page_request(SOUSS_LOG, epoch=1, after=0).decode(),
        "answer": [*parts, {"headers": {"Twiza-Part": "end"}, "bytes": ""}],
        "path": "/directory/log/public/1/pages?after=0",
        "media_type": "application/x-ndjson",
        "lines": [page_line(page).decode() for page in (FIRST, SECOND)],
    }


def tokens() -> dict[str, Any]:
    """Return the tokens of a person and of a service, with the certificates of their keys."""
    services = (("node", SOUSS_NODE, (ROLE_TOKENS,)), ("directory", SOUSS_DIRECTORY, ()))
    person = Claims.lasting(
        timedelta(hours=1),
        now=NOW,
        sub="p-amina",
        kind=Bearer.PERSON,
        node=SOUSS,
        roles=frozenset({"steward", "member"}),
        mandates=(Mandate(entity=ENTITY, until=1_800_000_000),),
        jti="01a1ff0cee8070008000000000000001",
    )
    service = Claims.lasting(
        timedelta(minutes=5),
        now=NOW,
        sub="directory",
        kind=Bearer.SERVICE,
        node=SOUSS,
        aud=(ServiceName("node"),),
        jti="01a1ff0cee8070008000000000000002",
    )
    return {
        "about": "http.md, section 4. Each token holds at `at`, for each of its audiences.",
        "at": AT,
        "node": SOUSS,
        "root_key": SOUSS_ROOT.public,
        "certificates": [
            certify(SOUSS_ROOT, node=SOUSS, service=ServiceName(name), key=key.public, roles=roles)
            for name, key, roles in services
        ],
        "tokens": [
            {"why": "a person", "token": issue(person, SOUSS_NODE)},
            {"why": "a service", "token": issue(service, SOUSS_DIRECTORY)},
        ],
        "refused": [
            {
                "slug": "token-forged",
                "why": "a service's key speaks for itself only",
                "token": issue(person, SOUSS_DIRECTORY),
            },
        ],
    }
