"""Carrying out what was decided: the word in the log first, then what makes it felt at once."""

from collections.abc import Callable

import structlog

from services.node import acts, membership, membership_acts, membership_rows
from services.node.acts import Act
from services.node.flow import Flow
from services.node.home import Home
from services.node.membership import Deed
from services.node.membership_acts import Hub
from services.node.pages import PageDesk
from services.node.proposals import ActKind, Proposal, require_whole
from shared.contracts.membership import MembershipDecided
from shared.idempotency import Answer, Answers, Asked
from shared.log.desk import LogDesk
from shared.refusals import Refusal
from shared.store import Work
from shared.subjects import Level

log = structlog.get_logger(__name__)


class Decisions:
    """Takes stewards' words and an association's decisions, and makes felt what was decided.

    Args:
        home: the hub's home, whose settings name the association.
        desk: the node service's log desk.
        hub: what the hub acts with.
        flow: draws from its members.
        pages: knows what was gathered of them.
    """

    def __init__(self, home: Home, desk: LogDesk, hub: Hub, flow: Flow, pages: PageDesk) -> None:
        self._home = home
        self._desk = desk
        self._hub = hub
        self._flow = flow
        self._pages = pages

    @property
    def association(self) -> str:
        """The association whose decisions move the links of this hub, or nothing."""
        settings = self._home.settings()
        return settings.association if settings.level is not Level.LOCAL else ""

    async def speak(
        self,
        proposal: Proposal,
        *,
        person: str,
        shown: Callable[[Act], bytes],
        answers: Answers,
        asked: Asked | None = None,
    ) -> Answer:
        """Note a steward's word and answer; with the second one the act is carried out.

        Args:
            proposal: what the steward wants to be done.
            person: the steward's id.
            shown: how an act is shown in the answer.
            answers, asked: for the case that the same request comes again.

        Raises:
            KeyReused, Refusal: see ``acts.speak``.
        """
        require_whole(proposal)
        cut = proposal.kind is ActKind.CUT
        last_pages = await self._pages.last_gathered(proposal.node) if cut else {}
        spoken: list[Act] = []
        association = self.association

        def unit(work: Work) -> Answer:
            spoken.clear()
            return answers.once(work, asked, lambda: said(work))

        def said(work: Work) -> Answer:
            spoken.append(
                acts.speak(
                    work,
                    self._hub,
                    proposal,
                    person=person,
                    association=association,
                    last_pages=last_pages,
                )
            )
            return Answer(status=200, body=shown(spoken[0]))

        answer = await self._desk.store.write(unit)
        for act in spoken:
            if act.state == "done":
                log.info("act carried out", act=proposal.kind.value, peer=proposal.node)
                await self._make_felt(proposal.kind.value, replaced_key=act.replaced_key)
        return answer

    async def carry_out(self) -> None:
        """Do what the association has decided, and take back what has ended by itself.

        What was decided while this hub was down is done at its start, and what could not be done
        at the next call.

        Raises:
            BusUnreachable: what was gathered of a node to be cut is not known; it is tried again.
        """
        store, association = self._desk.store, self.association
        due = await store.read(membership_rows.due, association) if association else []
        if await store.read(membership_rows.anything_over, association):
            ended = await store.write(membership_acts.end_over, self._hub, association)
            log.info("acts ended", peers=len(ended))
            await self._make_felt("ended")
        for decision in due:
            last_pages = await self._gathered(decision)
            outcome = await store.write(
                membership_acts.carry_out, self._hub, decision, last_pages=last_pages
            )
            if outcome.state != membership_rows.WAITING or decision.was:
                log.info(
                    "decision carried out",
                    act=decision.what,
                    peer=decision.node,
                    state=outcome.state,
                    reason=outcome.note,
                )
                await self._make_felt(decision.what, replaced_key=outcome.replaced_key)

    async def _gathered(self, decision: MembershipDecided) -> dict[str, dict[str, tuple[int, int]]]:
        """Return by node the last pages that count of those whom a decision may cut."""
        cut = membership.deed_of(decision, hub=self._hub.telling.own) is Deed.CUT
        names = [name for name in (decision.node if cut else None, decision.was) if name]
        return {name: await self._pages.last_gathered(name) for name in names}

    async def _make_felt(self, act: str, *, replaced_key: str = "") -> None:
        """Do at once what the node service would else do at its next round."""
        await self._desk.trust.refresh(self._desk.store)
        try:
            await self._hub.members.enforce()
            if replaced_key:
                await self._hub.members.revoke_key(replaced_key)
            await self._flow.gather_anew()
            await self._desk.inbox.retry_held()
        except Refusal as error:
            # It is decided, and on disk; the upkeep goes on with what is left to do.
            log.warning("act felt later", act=act, reason=error.slug)
