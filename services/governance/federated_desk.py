"""In whose name this network speaks in ballots between networks, and with which signature."""

from dataclasses import dataclass
from typing import TypeVar

from services.governance.federated.seals import UNSIGNED, signed
from services.governance.federated_rows import announce, text_hash
from shared.contracts.associations import TextTold
from shared.contracts.charters import CharterAdopted
from shared.contracts.decisions import DecisionAccepted
from shared.contracts.disputes import DecisionCertified
from shared.events import Event
from shared.ids import NodeName
from shared.keys import SigningKey
from shared.store import Work

S = TypeVar("S", CharterAdopted, DecisionAccepted, DecisionCertified)

__all__ = ["UNSIGNED", "FederatedDesk"]


@dataclass(frozen=True, slots=True)
class FederatedDesk:
    """Who this network is, and the key of its service of decisions.

    Args:
        node: this network.
        key: certified by its root key for the service ``governance``.
    """

    node: NodeName
    key: SigningKey

    def tell(self, work: Work, event: Event) -> str:
        """Tell an event and keep it as a fact, both in this unit; return its id."""
        return announce(work, self.node, event)

    def tell_signed(self, work: Work, event: S) -> str:
        """Sign what an event states, then tell it; return its id."""
        signature = signed(self.key, event.statement())
        return self.tell(work, event.model_copy(update={"signature": signature}))

    def tell_text(self, work: Work, association: str, language: str, text: str) -> str:
        """Tell a text for everybody to read; return the hash by which facts name it."""
        self.tell(
            work,
            TextTold(association=association, node=self.node, language=language, text=text),
        )
        return text_hash(text)
