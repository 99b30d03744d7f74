"""Coming back: a node whose hub has cut its link, and lets it in again, finds its way by itself.

What the hub tells in its log does not reach a node without a link; its HTTPS does. There lies the
credential of whoever was admitted again, useless without the node's own seed.
"""

from collections.abc import Callable

import structlog

from services.node import join, jwt
from services.node.home import Home
from services.node.join import HubSilent, JoiningRefused, NotInvited
from shared.keys import SigningKey

log = structlog.get_logger(__name__)


class Return:
    """Asks the hub for a newer credential as long as the link is down.

    Args:
        home: the node's home, with the invitation by which it joined.
        linked: returns whether the link to the hub stands.
    """

    def __init__(self, home: Home, *, linked: Callable[[], bool]) -> None:
        self._home = home
        self._linked = linked

    async def ask(self) -> None:
        """Take up the credential that the hub holds ready, where there is a newer one.

        nats-server reads it when it tries to connect next, which it does every second.

        Raises:
            BadCredential: the hub holds one for another key than this node's.
        """
        federation = self._home.federation()
        if federation is None or self._linked():
            return
        try:
            if join.kept_invitation(self._home).root_key != federation.hub_root_key:
                return
            answer = await join.ask_after(self._home)
        except (NotInvited, HubSilent, JoiningRefused):
            # Cut off in another way, by the line or the hub's machine: everything here works on.
            return
        if answer.state != "admitted" or not answer.leaf_jwt:
            return
        claims = jwt.claims_of(answer.leaf_jwt)
        if claims["sub"] != SigningKey.load(self._home.leaf_key).public:
            raise jwt.BadCredential("the hub issued this token for another key")
        if claims["iat"] > jwt.claims_of(federation.leaf_jwt)["iat"]:
            self._home.save_federation(federation.model_copy(update={"leaf_jwt": answer.leaf_jwt}))
            log.info("credential renewed", peer=federation.hub)
