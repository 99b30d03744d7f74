"""Asking a node that runs, over its HTTP API, as a steward or as the operator of the machine."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlsplit

import httpx

from services.node.home import Home
from shared.ids import ServiceName
from shared.keys import SigningKey
from shared.people import service_token
from shared.refusals import Kind, Refusal
from twiza import running

TIMEOUT_S: Final = 30.0
STARTING_WAIT_S: Final = 15.0
STARTING_POLL_S: Final = 0.2
STARTING: Final = "starting"
"""The name of what a process answers for a service that it has not opened yet."""
PAGE_SIZE: Final = 200
OWN_TOKEN_USED_S: Final = 60.0
"""How long one of the operator's own tokens is shown; it is good for five minutes."""
_OPERATOR: Final = ServiceName("node")
"""The operator of the machine can read the node's keys, and speaks as the node's own service."""


class NotRunning(Refusal):
    """A node was to be asked that does not run."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "node-not-running"
    title: ClassVar[str] = "This node does not run"


class NoAnswer(Refusal):
    """A service of the node did not answer."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "no-answer"
    title: ClassVar[str] = "The node did not answer"


class Told(Refusal):
    """The node refused; its own words are repeated."""

    def __init__(self, problem: dict[str, Any], status: int) -> None:
        self.kind = _kind(status)  # type: ignore[misc]  # each answer has a kind of its own
        self.title = str(problem.get("title", f"It answers {status}"))  # type: ignore[misc]
        self.problem = problem
        detail = str(problem.get("detail", "")) or _fields(problem)
        do = NEXT.get(self.name, "")
        super().__init__(f"{detail.rstrip('.')}. {do}" if detail and do else detail or do)

    @property
    def name(self) -> str:
        """The name of the refusal, for example ``not-allowed``."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


NEXT: Final = {
    "token-missing": "Show a steward's token: --token, --as-steward FILE, or $TWIZA_TOKEN.",
    "token-expired": "Ask for a new one: `twiza token issue` on the node's machine.",
    "token-revoked": "Ask for a new one: `twiza token issue` on the node's machine.",
    "token-forged": "Look whether all of it was copied, and whether it is this node's.",
    "token-not-yours": "Look whether it is a token of this node.",
    "not-allowed": "A steward may do this; `twiza token issue --role steward` makes one.",
    "not-ready": "`twiza doctor` says more.",
    "round-runs": "`twiza rounds` shows how far it is.",
    "no-such-level": "A hub holds the rounds between networks, the others their own.",
    "ring-closed": "`twiza ring` shows how it stands.",
}
"""By the name of a refusal, what to do next."""


class _NotYet(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Asking:
    """A running node, asked over HTTP.

    Args:
        home: the node's home.
        token: who asks; the operator of this machine where there is none.

    Raises:
        NotRunning: it does not run.
    """

    def __init__(self, home: Home, *, token: str = "") -> None:
        found = running.running(home.path)
        if found is None:
            raise NotRunning(f"start it with: twiza up --home {home.path}")
        self.home = home
        self.addresses = found.addresses
        self._token = token
        self._own: dict[str, tuple[str, float]] = {}
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, service: str, path: str, **params: Any) -> Any:
        """Return what a service answers, as JSON.

        Raises:
            Told: it refused.
            NoAnswer: it did not answer.
        """
        asked = {name: value for name, value in params.items() if value is not None}
        return self.ask("GET", service, path, params=asked).json()

    def all(self, service: str, path: str, **params: Any) -> Iterator[Any]:
        """Yield the items of all pages of a list; see ``get``."""
        after: str | None = None
        while True:
            found = self.get(service, path, size=PAGE_SIZE, after=after, **params)
            yield from found["items"]
            after = found.get("next")
            if after is None:
                return

    def each(self, service: str, paths: Iterable[str]) -> Iterator[Any]:
        """Yield what a service answers at each of many paths, as JSON, over one connection.

        Raises:
            Told: it refused one.
            NoAnswer: it did not answer.
        """
        address = urlsplit(self._address(service))
        connection = HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_S)
        with closing(connection):
            for path in paths:
                headers = {"Authorization": f"Bearer {self._bearer(service)}"}
                try:
                    connection.request("GET", f"{address.path}{path}", headers=headers)
                    answer = connection.getresponse()
                    body = answer.read()
                except (OSError, HTTPException) as error:
                    raise NoAnswer(f"{service}: {type(error).__name__}.") from error
                if answer.status >= 400:
                    told = httpx.Response(answer.status, content=body)
                    raise Told(_problem(told), answer.status)
                yield json.loads(body)

    def post(self, service: str, path: str, body: Any, **more: Any) -> Any:
        """Return what a service answers to a JSON body; see ``get``."""
        answer = self.ask("POST", service, path, json=body, **more)
        return answer.json() if answer.content else {}

    def ask(self, method: str, service: str, path: str, **request: Any) -> httpx.Response:
        """Return a service's answer that is no refusal; see ``get``."""
        url = f"{self._address(service)}{path}"
        until = time.monotonic() + STARTING_WAIT_S
        while True:
            try:
                return self._ask_once(method, service, url, request)
            except _NotYet as early:
                # A service that takes up a new link is away for a moment; nothing has reached it.
                if time.monotonic() > until:
                    raise early.refusal from early
            time.sleep(STARTING_POLL_S)

    def _ask_once(
        self, method: str, service: str, url: str, request: dict[str, Any]
    ) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self._bearer(service)}"}
        try:
            answer = self._client.request(method, url, headers=bearer, **request)
        except httpx.ConnectError as error:
            raise _NotYet(NoAnswer(f"{service}. `twiza doctor` says more.")) from error
        except httpx.HTTPError as error:
            raise NoAnswer(
                f"{service}: {type(error).__name__}. `twiza doctor` says more."
            ) from error
        if answer.status_code >= 400:
            told = Told(_problem(answer), answer.status_code)
            raise _NotYet(told) if told.name == STARTING else told
        return answer

    def _address(self, service: str) -> str:
        base = self.addresses.get(service)
        if base is None:
            raise NoAnswer(f"{service} is no service of this node.")
        return base

    def _bearer(self, service: str) -> str:
        if self._token:
            return self._token
        made, at = self._own.get(service, ("", 0.0))
        if made and time.monotonic() - at < OWN_TOKEN_USED_S:
            return made
        made = self._own_token(service)
        self._own[service] = made, time.monotonic()
        return made

    def _own_token(self, service: str) -> str:
        return service_token(
            _OPERATOR,
            SigningKey.load(self.home.service_key(_OPERATOR)),
            node=self.home.settings().name,
            audience=ServiceName(service),
            now=datetime.now(UTC),
        )


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _fields(problem: dict[str, Any]) -> str:
    wrong = (
        f"{'.'.join(str(part) for part in one.get('loc', ()))}: {one.get('detail', '')}"
        for one in problem.get("errors", ())
    )
    return "; ".join(wrong)


def _kind(status: int) -> Kind:
    try:
        return Kind(status)
    except ValueError:
        return Kind.UNAVAILABLE if status >= 500 else Kind.BAD_REQUEST
