"""What two parties say to each other holds as docs/protocol shows it."""

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from nacl.public import PrivateKey
from sqlalchemy import select

from services.node.invitations import (
    REQUEST_TAG,
    BadRequestSignature,
    Invitation,
    JoiningRequest,
)
from services.node.pages import Asked
from shared.clock import moment
from shared.ids import NodeName, ServiceName
from shared.keys import Prefix, SigningKey
from shared.log.desk import Place
from shared.log.letter_keys import LetterSecret
from shared.log.letters import BadLetter, OpenedLetter, letters, open_letters
from shared.log.page import CERTIFICATE_HEADER, SIGNATURE_HEADER, parse_page
from shared.log.projector import Projector
from shared.log.serve import fetch_over_http
from shared.people import TokenForged, TokenKeys, verify
from tests.contracts import independent
from tests.contracts.reading import Case, opened, unpadded, vectors

REPAIR, JOINING, LETTERS, TOKENS = map(vectors, ("repair", "joining", "letters", "tokens"))
SECRET = LetterSecret(
    number=1,
    made_at=moment("2026-11-21T17:00:00.000Z"),
    private=PrivateKey(bytes.fromhex(LETTERS["addressee"]["raw_secret"])),
)


async def test_pages_are_asked_for_and_answered() -> None:
    asked = Asked.model_validate_json(REPAIR["question"])
    assert (str(asked.name), asked.epoch, asked.after) == ("souss/directory/public", 1, 0)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == REPAIR["path"].partition("?")[0]:
            return httpx.Response(200, content="".join(REPAIR["lines"]).encode())
        return httpx.Response(200, content=b"")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        fetch = fetch_over_http(client, lambda log: f"http://node.test/{log.service}")
        found = [page async for page in fetch(asked.name, asked.epoch, asked.after)]
    parts = REPAIR["answer"]
    assert parts[-1] == {"headers": {"Twiza-Part": "end"}, "bytes": ""}
    assert [page.data for page in found] == [b64decode(part["bytes"]) for part in parts[:-1]]
    for page, part in zip(found, parts, strict=False):
        for header in (SIGNATURE_HEADER, CERTIFICATE_HEADER):
            assert page.headers[header] == part["headers"][header]


def test_a_network_asks_to_join_in_its_own_name() -> None:
    invitation = Invitation.read(json.dumps(JOINING["invitation"]).encode())
    assert invitation.fingerprint == JOINING["hub_fingerprint"]
    said = JOINING["request"]
    request = JoiningRequest.model_validate(said)
    request.require_signed()
    assert REQUEST_TAG + request.statement() == bytes.fromhex(JOINING["signed"])
    assert independent.fingerprint(said["root_key"]) == JOINING["fingerprint"]
    statement = {name: value for name, value in said.items() if name != "signature"}
    assert independent.written(statement).decode() == JOINING["statement"]
    independent.verified(
        said["root_key"],
        "twiza/joining/1\n",
        JOINING["statement"].encode(),
        said["signature"],
        "bad-request-signature",
    )


@pytest.mark.parametrize("case", JOINING["refused"], ids=lambda case: case["why"])
def test_a_request_in_another_name_is_refused(case: Case) -> None:
    with pytest.raises(BadRequestSignature):
        JoiningRequest.model_validate(case["request"]).require_signed()


def test_a_letter_opens_at_its_addressee_and_nowhere_else() -> None:
    box, content = LETTERS["box"], json.loads(LETTERS["content"])
    assert SECRET.public == LETTERS["addressee"]["key"]
    found = open_letters([SECRET], box)
    assert found == OpenedLetter(
        sender=content["from"],
        addressee=content["to"],
        letter_id=content["letter_id"],
        kind=content["kind"],
        body=content["body"],
    )
    assert independent.opened(box, bytes(SECRET.private)) == content
    stranger = LetterSecret.generate(1, at=SECRET.made_at)
    assert open_letters([stranger], box) is None
    assert independent.opened(box, bytes(stranger.private)) is None


def test_nothing_beside_a_letter_says_for_whom_it_is() -> None:
    event = json.loads(LETTERS["event"])
    assert (event["subject"], set(event["data"])) == ("letter", {"box"})
    assert "traceparent" not in event
    assert "teranga" not in LETTERS["event"]


@pytest.mark.parametrize("case", LETTERS["refused"], ids=lambda case: case["why"])
async def test_a_box_that_holds_no_letter_of_its_page_is_refused(
    case: Case, tmp_path: Path
) -> None:
    node, exchange = NodeName("teranga"), ServiceName("directory")
    SECRET.save(tmp_path / "letters")
    place = Place(
        node=node, service=exchange, continent="af", level="local", root_key="", hub=None,
        gathering=None, siblings=(), key=SigningKey(bytes(32), Prefix.SERVICE), certificate="",
        letter_secrets=tmp_path / "letters",
    )  # fmt: skip
    reader = await opened(tmp_path / "reader.db")
    projector = Projector(reader.tables, release="test")
    letters(projector, place, lambda work, letter, told: pytest.fail("it was taken in"))
    event = json.loads(LETTERS["event"]) | {"data": {"box": case["box"]}}
    page = replace(parse_page(b64decode(vectors("pages")["pages"][0]["bytes"])), events=[event])
    await reader.write(projector.apply, page)
    aside = reader.tables.set_aside
    reasons = await reader.read(lambda work: work.execute(select(aside.c.reason)).scalars().all())
    await reader.aclose()
    assert reasons == [case["slug"]]
    if case["slug"] == "bad-letter":
        with pytest.raises(BadLetter):
            open_letters([SECRET], case["box"])
        with pytest.raises(independent.Refused, match="bad-letter"):
            independent.opened(case["box"], bytes(SECRET.private))


def test_tokens_are_signed_by_certified_keys() -> None:
    node, now = NodeName(TOKENS["node"]), moment(TOKENS["at"])
    certificates, root = TOKENS["certificates"], TOKENS["root_key"]
    keys = TokenKeys.of(certificates, node=node, root_key=root)
    certified = {independent.certificate(text, root)["key"] for text in certificates}
    for case in TOKENS["tokens"]:
        signed, _, signature = case["token"].rpartition(".")
        header, claims = (json.loads(unpadded(part)) for part in signed.split("."))
        assert header["kid"] in certified
        independent.verified(header["kid"], "", signed.encode(), signature, "token-forged")
        for service in claims["aud"]:
            found = verify(
                case["token"],
                keys,
                node=node,
                audience=ServiceName(service),
                now=now,
                revoked=lambda claims: False,
            )
            assert found.sub == claims["sub"]
    for case in TOKENS["refused"]:
        with pytest.raises(TokenForged):
            verify(
                case["token"],
                keys,
                node=node,
                audience=ServiceName("directory"),
                now=now,
                revoked=lambda claims: False,
            )
