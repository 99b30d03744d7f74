"""HTTP of coordinators: all ballots between networks that this node knows, weights, rules tried.

All of it is made from what networks have told in public; no network is asked for anything more.
"""

from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from services.governance import api_federated_seals, api_paper_legs
from services.governance.api_federated_models import FederatedPath
from services.governance.api_federated_view_models import (
    AssociationQuery,
    CodeQuery,
    NetworkQuery,
    TogetherItem,
    TogetherOut,
    TongueQuery,
    TrialOut,
    TriedOut,
    TriedOutcome,
    TryIn,
    WeighIn,
    WeightOut,
    WeightsOut,
)
from services.governance.federated.aggregate import FederatedOutcome
from services.governance.federated.banzhaf import TooManyNetworks
from services.governance.federated.charter import secrecy_statement
from services.governance.federated.policies import FederatedRule
from services.governance.federated_power import (
    BadFederatedRule,
    NoRolls,
    NotYesNo,
    Tried,
    Weight,
    charter_rule,
    known_rolls,
    rule_of,
    tried_on_past,
    weights_under,
)
from services.governance.federated_view_csv import BALLOTS_MAX, MEDIA_TYPE, as_csv
from services.governance.federated_view_rows import Listing, Wanted, every, listing, seen_of
from services.governance.federated_view_words import said, spoken
from services.governance.federated_views import listed, shown
from services.governance.parts import PartsDep
from shared.access import REFUSALS, Caller, Role
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor, cursor_values
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

INDEX: Final = "Banzhaf"

StateQuery = Annotated[
    Literal[
        "", "draft", "noticed", "open", "closed", "collecting", "provisional", "certified",
        "withdrawn", "returned", "escalated", "contested", "recount", "annulled",
    ],
    Query(),
]  # fmt: skip


def router() -> APIRouter:
    """Return the paths of coordinators."""
    made = APIRouter(prefix="/together", tags=["networks together"])
    made.get("", operation_id="list_together", responses=refusals(*REFUSALS, BadCursor))(
        list_together
    )
    made.get(
        "/export.csv", operation_id="export_together",
        responses={200: {"content": {"text/csv": {}}}, **refusals(*REFUSALS)},
    )(export_together)  # fmt: skip
    made.get(
        "/weights", operation_id="read_weights",
        responses=refusals(*REFUSALS, NoRolls, NotYesNo, TooManyNetworks),
    )(read_weights)  # fmt: skip
    made.post(
        "/weights/preview", operation_id="weigh_rule",
        responses=refusals(*REFUSALS, NoRolls, NotYesNo, BadFederatedRule, TooManyNetworks),
    )(weigh_rule)  # fmt: skip
    made.post(
        "/trials/preview", operation_id="try_rules",
        responses=refusals(*REFUSALS, NotYesNo, BadFederatedRule),
    )(try_rules)  # fmt: skip
    api_federated_seals.add_to(made)
    api_paper_legs.add_to(made)
    made.get(
        "/{ballot_id}", operation_id="read_together", response_model=TogetherOut,
        responses=refusals(*REFUSALS, Missing),
    )(read_together)  # fmt: skip
    return made


async def list_together(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_together")],
    state: StateQuery = "",
    association: AssociationQuery = "",
    matter: CodeQuery = "",
    convener: NetworkQuery = "",
    network: Annotated[NetworkQuery, Query(description="One that is called.")] = "",
    lacking: Annotated[
        NetworkQuery, Query(description="One whose seal is awaited, missing or late.")
    ] = "",
    contested: Annotated[bool | None, Query(description="Whether something is in doubt.")] = None,
    ours: Annotated[bool, Query(description="Only what waits for people here.")] = False,
    lang: TongueQuery = "en",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[TogetherItem]:
    """List the ballots between networks that this node knows, the newest first.

    A page may hold fewer than were asked for and still say `next`, where few of many fit.
    """
    wanted = Wanted(
        association=association,
        state=state,
        matter=matter,
        convener=convener,
        network=network,
        lacking=lacking,
        contested=contested,
        ours=ours,
    )
    behind = cursor_values(after, str)[0] if after is not None else ""
    now = parts.clock.now()

    def read(work: Work) -> Listing:
        return listing(work, wanted, me=parts.node, now=now, after=behind, size=size)

    found = await parts.store.read(read)
    return Page(
        items=[TogetherItem.model_validate(listed(one, lang)) for one in found.seen],
        next=cursor(found.following) if found.following else None,
    )


async def read_together(
    ballot_id: FederatedPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_together")],
    lang: TongueQuery = "en",
) -> Response:
    """Return a ballot: its legs, seals, turnout, outcomes at each node, and what is in doubt."""
    now = parts.clock.now()
    seen = await parts.store.read(lambda work: seen_of(work, ballot_id, me=parts.node, now=now))
    found = shown(seen, lang) | {"secrecy": list(secrecy_statement(lang))}
    headers = {"Content-Language": spoken(lang)}
    return Response(orjson.dumps(found), headers=headers, media_type="application/json")


async def export_together(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("export_together")],
    association: AssociationQuery = "",
    state: StateQuery = "",
    lang: TongueQuery = "en",
) -> Response:
    """Return ballots as a file of comma-separated values: a line for each network of each one."""
    wanted, now = Wanted(association=association, state=state), parts.clock.now()
    found = await parts.store.read(
        lambda work: every(work, wanted, me=parts.node, now=now, most=BALLOTS_MAX)
    )
    headers = {"Content-Disposition": 'attachment; filename="together.csv"'}
    return Response(as_csv(found, lang), headers=headers, media_type=MEDIA_TYPE)


async def read_weights(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_weights")],
    association: Annotated[str, Query(pattern=r"^[a-z0-9:-]{1,69}$")],
    matter: CodeQuery = "",
) -> WeightsOut:
    """Return what each network of an association weighs under its charter's rule for a matter."""
    now = parts.clock.now()

    def read(work: Work) -> tuple[FederatedRule, dict[str, int]]:
        rule = charter_rule(work, association, matter)
        return rule, known_rolls(work, association, me=parts.node, now=now)

    rule, rolls = await parts.store.read(read)
    return _weights(rule, weights_under(rule, rolls), caller)


async def weigh_rule(
    given: WeighIn, parts: PartsDep, caller: Annotated[Caller, allowed("weigh_rule")]
) -> WeightsOut:
    """Return what each network would weigh under a rule; nothing is kept."""
    rule, now = rule_of(given.rule), parts.clock.now()

    def read(work: Work) -> dict[str, int]:
        if given.rolls:
            return dict(given.rolls)
        if given.association is None:
            raise NoRolls()
        return known_rolls(work, given.association, me=parts.node, now=now)

    rolls = await parts.store.read(read)
    return _weights(rule, weights_under(rule, rolls), caller)


async def try_rules(
    given: TryIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("try_rules")],
    lang: TongueQuery = "en",
) -> TrialOut:
    """Return what the certified ballots of yes or no would have come to under other rules."""
    rules, now = [rule_of(one) for one in given.rules], parts.clock.now()
    found: list[Tried] = await parts.store.read(
        lambda work: tried_on_past(work, given.association, rules, me=parts.node, now=now)
    )
    ballots = [_tried(one, lang) for one in found]
    return TrialOut(
        rules=[one.hash for one in rules],
        ballots=ballots,
        changed=[sum(one.would[at].changed for one in ballots) for at in range(len(rules))],
    )


def _weights(rule: FederatedRule, found: list[Weight], caller: Caller) -> WeightsOut:
    """Return weights as they are shown: auditors are told how they were reckoned."""
    audits = Role.AUDITOR in caller.roles
    return WeightsOut(
        rule_hash=rule.hash,
        policy=rule.policy.value,
        index=INDEX if audits else None,
        weights=[
            WeightOut(
                network=one.network,
                roll_size=one.roll_size,
                share=one.share,
                # As text: they outgrow the whole numbers of JSON.
                swings=str(one.index.swings) if audits else None,
                divisions=str(one.index.divisions) if audits else None,
            )
            for one in found
        ],
    )


def _tried(one: Tried, lang: str) -> TriedOut:
    def outcome(found: FederatedOutcome) -> TriedOutcome:
        word = f"outcome-{found.outcome.value}"
        figures: dict[str, Any] = found.as_data()["figures"]
        return TriedOutcome(
            outcome=found.outcome.value,
            label=said(word, lang, winners=", ".join(found.winners)),
            changed=found.result != one.was.result,
            figures=figures,
        )

    return TriedOut(
        ballot=one.ballot,
        matter=one.matter,
        closes_at=one.closes_at,
        was=outcome(one.was),
        would=[outcome(each) for each in one.would],
    )
