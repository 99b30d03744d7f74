"""Carrying out what stewards decide: the word in the log first, then what makes it felt at once."""

from collections.abc import Callable

import structlog

from services.node import acts
from services.node.acts import Act
from services.node.flow import Flow
from services.node.handlers import Telling
from services.node.members import Members
from services.node.pages import PageDesk
from services.node.proposals import ActKind, Proposal, require_whole
from shared.idempotency import Answer, Answers, Asked
from shared.log.desk import LogDesk
from shared.refusals import Refusal
from shared.store import Work

log = structlog.get_logger(__name__)


class Decisions:
    """Takes stewards' words, and makes felt what they have decided.

    Args:
        desk: the node service's log desk.
        telling: announces in the hub's name.
        members: the nodes below this hub.
        flow: draws from them.
        pages: knows what was gathered of them.
    """

    def __init__(
        self, desk: LogDesk, telling: Telling, members: Members, flow: Flow, pages: PageDesk
    ) -> None:
        self._desk = desk
        self._telling = telling
        self._members = members
        self._flow = flow
        self._pages = pages

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

        def unit(work: Work) -> Answer:
            spoken.clear()
            return answers.once(work, asked, lambda: said(work))

        def said(work: Work) -> Answer:
            spoken.append(
                acts.speak(
                    work,
                    self._telling,
                    self._members,
                    proposal,
                    person=person,
                    last_pages=last_pages,
                )
            )
            return Answer(status=200, body=shown(spoken[0]))

        answer = await self._desk.store.write(unit)
        for act in spoken:
            if act.state == "done":
                log.info("act carried out", act=proposal.kind.value, peer=proposal.node)
                await self._make_felt(act)
        return answer

    async def _make_felt(self, act: Act) -> None:
        """Do at once what the node service would else do at its next round."""
        await self._desk.trust.refresh(self._desk.store)
        try:
            await self._members.enforce()
            if act.replaced_key:
                await self._members.revoke_key(act.replaced_key)
            await self._flow.gather_anew()
            await self._desk.inbox.retry_held()
        except Refusal as error:
            # It is decided, and on disk; the upkeep goes on with what is left to do.
            log.warning("act felt later", act=act.proposal.kind.value, reason=error.slug)
