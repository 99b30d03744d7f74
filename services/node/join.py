"""Joining a hub from a node's home: ask over the hub's HTTPS, ask again, and write the link down.

The node need not run meanwhile. The hub's certificate authority comes with the invitation, and no
other is trusted.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import httpx
import structlog
from pydantic import ValidationError

from services.node import credentials, jwt
from services.node.home import Federation, Home
from services.node.invitations import (
    Invitation,
    JoiningAnswer,
    JoiningRequest,
    signed_request,
)
from shared.clock import Clock, SystemClock, stamp
from shared.keys import SigningKey, fingerprint, read_secret, write_secret
from shared.refusals import Kind, Refusal
from shared.subjects import Level

TIMEOUT_S: Final = 15.0
ANSWER_BYTES_MAX: Final = 200_000
KEPT: Final = "joining.json"
"""The invitation that a home has answered, until the link is written down and after."""

log = structlog.get_logger(__name__)


class HubSilent(Refusal):
    """The hub did not answer over HTTPS, or its certificate is another one."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "hub-silent"
    title: ClassVar[str] = "The hub does not answer, or it is not the one of the invitation"


class JoiningRefused(Refusal):
    """The hub has refused the request; its own words are repeated."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "joining-refused"
    title: ClassVar[str] = "The hub has refused the request"


class NotInvited(Refusal):
    """This home has answered no invitation."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "not-invited"
    title: ClassVar[str] = "This node has answered no invitation; begin with the hub's file"


class NotAdmittedYet(Refusal):
    """A link was to be written down that the hub has not given."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-admitted-yet"
    title: ClassVar[str] = "The hub has not admitted this node"


class AnotherHub(Refusal):
    """A node that is joined to one hub was to join another."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "another-hub"
    title: ClassVar[str] = "This node is joined to another hub already"


class NotMoving(Refusal):
    """A node was to move that has no hub to leave, or is one itself."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-moving"
    title: ClassVar[str] = "Only a network's own node moves, from the hub to which it is joined"


def own_fingerprint(home: Home) -> str:
    """Return the six words that the node's people tell the hub's people."""
    return fingerprint(SigningKey.load(home.root_key).public)


def request_of(
    home: Home, invitation: Invitation, *, moving: bool = False, clock: Clock | None = None
) -> JoiningRequest:
    """Return this node's request to join the hub of an invitation, signed by its root key.

    Args:
        home: the node's home.
        invitation: the hub's.
        moving: whether it leaves the hub to which it is joined; a local node's continent is then
            the new hub's.
        clock: tells when it was asked.

    Raises:
        AnotherHub: the node is joined already, to another hub.
        NotMoving: a hub would move, or a node that is joined to none.
    """
    settings, federation = home.settings(), home.federation()
    elsewhere = federation is not None and federation.hub_root_key != invitation.root_key
    if moving and (federation is None or settings.level is not Level.LOCAL):
        raise NotMoving(settings.name)
    if federation is not None and elsewhere and not moving:
        raise AnotherHub(federation.hub)
    return signed_request(
        SigningKey.load(home.root_key),
        {
            "hub": invitation.hub,
            "node": settings.name,
            "continent": invitation.hub_continent if moving else settings.continent,
            "level": settings.level.value,
            "leaf_key": SigningKey.load(home.leaf_key).public,
            "names": settings.names,
            "services": settings.services,
            "epochs": credentials.epochs(home).public,
            "asked_at": stamp((clock or SystemClock()).now()),
        },
    )


async def request_joining(
    home: Home, invitation: Invitation, *, moving: bool = False, clock: Clock | None = None
) -> JoiningAnswer:
    """Ask to join the hub of an invitation, and return what it answers.

    A second call asks anew, with what the settings say now.

    Raises:
        AnotherHub: the node is joined already, to another hub.
        NotMoving: a hub would move, or a node that is joined to none.
        HubSilent: no answer, or another certificate than the invitation's.
        JoiningRefused: the hub refused; ``reason`` is its refusal's name.
    """
    request = request_of(home, invitation, moving=moving, clock=clock)
    async with _hub(invitation) as client:
        await _answer(client, "POST", "/joining", json=request.model_dump(mode="json"))
    # Written down only now: what the hub has not taken need not be asked after.
    write_secret(home.path / KEPT, invitation.model_dump_json(indent=1).encode("utf-8"))
    return await ask_after(home)


async def ask_after(home: Home) -> JoiningAnswer:
    """Return what the hub says of this node's request.

    Raises:
        NotInvited, HubSilent, JoiningRefused.
    """
    invitation = kept_invitation(home)
    async with _hub(invitation) as client:
        told = await _answer(client, "GET", f"/joining/{own_fingerprint(home)}")
    try:
        answer = JoiningAnswer.model_validate(told)
    except ValidationError as error:
        raise HubSilent("its answer is none that this release reads") from error
    if (answer.hub, answer.node) != (invitation.hub, home.settings().name):
        raise HubSilent("it answers for another hub or another node")
    return answer


def complete_joining(home: Home, answer: JoiningAnswer) -> Federation:
    """Write the link to the hub down; nats-server and the services take it up when they start.

    A node that comes from another hub belongs to the new one's continent from then on. Its logs go
    on as they are, in the same epochs: the new hub gathers them from their first page.

    Raises:
        NotInvited: this home has answered no invitation.
        NotAdmittedYet: the hub has not admitted the node.
        BadCredential: the credential is not for this node's leaf key.
    """
    invitation = kept_invitation(home)
    if answer.state != "admitted" or not answer.leaf_jwt:
        raise NotAdmittedYet(answer.cause)
    if jwt.claims_of(answer.leaf_jwt)["sub"] != SigningKey.load(home.leaf_key).public:
        raise jwt.BadCredential("the hub issued this token for another key")
    federation = Federation.model_validate(
        {
            "hub": invitation.hub,
            "hub_continent": invitation.hub_continent,
            "leaf_url": invitation.leaf_url,
            "ca_pem": invitation.ca_pem,
            "leaf_jwt": answer.leaf_jwt,
            "hub_root_key": invitation.root_key,
            # The invitation's streams stand only until the hub says newer ones.
            "offered": answer.offered or invitation.offered,
        }
    )
    settings = home.settings()
    if settings.level is Level.LOCAL and settings.continent != federation.hub_continent:
        # Before the link, whose change is what has the services start again.
        home.save_settings(settings.model_copy(update={"continent": federation.hub_continent}))
    home.save_federation(federation)
    log.info("joined", peer=federation.hub)
    return federation


def kept_invitation(home: Home) -> Invitation:
    """Return the invitation that this home has answered.

    Raises:
        NotInvited: there is none.
    """
    try:
        return Invitation.read(read_secret(home.path / KEPT))
    except FileNotFoundError as error:
        raise NotInvited() from error


@asynccontextmanager
async def _hub(invitation: Invitation) -> AsyncIterator[httpx.AsyncClient]:
    trusted = ssl.create_default_context(cadata=invitation.ca_pem)
    trusted.minimum_version = ssl.TLSVersion.TLSv1_2
    async with httpx.AsyncClient(
        base_url=invitation.joining_url, verify=trusted, timeout=TIMEOUT_S, trust_env=False
    ) as client:
        yield client


async def _answer(client: httpx.AsyncClient, method: str, path: str, **asked: Any) -> Any:
    try:
        async with client.stream(method, path, **asked) as answer:
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > ANSWER_BYTES_MAX:
                    raise HubSilent("its answer does not end")
        told = httpx.Response(answer.status_code, content=body).json()
    except (httpx.HTTPError, ssl.SSLError, ValueError) as error:
        raise HubSilent(f"{client.base_url}: {type(error).__name__}") from error
    if answer.status_code >= 400:
        problem = told if isinstance(told, dict) else {}
        reason = str(problem.get("type", "")).rpartition("/")[2][:64]
        words = f"{problem.get('title', answer.status_code)}. {problem.get('detail', '')}".strip()
        raise JoiningRefused(words[:300], reason=reason)
    return told
