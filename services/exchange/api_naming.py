"""HTTP of what items are named and measured by: categories, units, rates; and of participants."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.exchange import blocks, categories, own_categories, rates
from services.exchange.access import ACCESS, sight_of
from services.exchange.api_item_models import (
    AllRatesOut,
    BlocksOut,
    CategoriesOut,
    CategoryIn,
    CategoryOut,
    ParticipantOut,
    RatesIn,
    RatesOut,
    UnitOut,
    UnitsOut,
)
from services.exchange.categories import Category, UnknownCategory
from services.exchange.item_search import unseen_nodes
from services.exchange.own_categories import CategoryTaken, OwnLeaf, TooManyCategories
from services.exchange.participants import Participant, participant
from services.exchange.parts import Parts, PartsDep
from services.exchange.rates import Published
from services.exchange.units import HOURS, MEASURES, UNITS
from services.exchange.worth import CREDIT, CURRENCIES, UnknownValueUnit
from shared.access import REFUSALS, Caller
from shared.amounts import INTEGER_MAX
from shared.contracts.exchange import PublicRate
from shared.gate import allowed
from shared.idempotency import Answer, Asked, IdempotencyKey, KeyReused, asked
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

SOUGHT: Final = 12
"""How many categories a question in words is answered with."""

Other = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9-]{1,32}(:[A-Za-z0-9][A-Za-z0-9_.-]{0,127})?$",
        max_length=161,
        description="A participant, `<node>:<id>`, or a node.",
    ),
]


def router() -> APIRouter:
    """Return the paths of categories, units, rates, blocks and participants."""
    made = APIRouter()
    made.get("/categories", operation_id="list_categories", tags=["naming"])(list_categories)
    made.post(
        "/categories", operation_id="add_category", tags=["naming"], status_code=201,
        response_model=CategoryOut,
        responses=refusals(*REFUSALS, KeyReused, UnknownCategory, CategoryTaken, TooManyCategories),
    )(add_category)  # fmt: skip
    made.delete(
        "/categories/{code}", operation_id="close_category", tags=["naming"], status_code=204,
        response_class=Response, responses=refusals(*REFUSALS, KeyReused, Missing),
    )(close_category)  # fmt: skip
    made.get("/units", operation_id="list_units", tags=["naming"])(list_units)
    made.get("/rates", operation_id="list_rates", tags=["rates"])(list_rates)
    made.get(
        "/rates/{node}/{revision}", operation_id="read_rates", tags=["rates"],
        responses=refusals(Missing),
    )(read_rates)  # fmt: skip
    made.put(
        "/rates", operation_id="publish_rates", tags=["rates"],
        response_model=RatesOut,
        responses=refusals(*REFUSALS, KeyReused, UnknownValueUnit, rates.RateTwice),
    )(publish_rates)  # fmt: skip
    made.get(
        "/owners/{owner}/blocks", operation_id="list_blocks", tags=["participants"],
        responses=refusals(*REFUSALS),
    )(list_blocks)  # fmt: skip
    made.put(
        "/owners/{owner}/blocks/{other}", operation_id="block", tags=["participants"],
        status_code=204, response_class=Response,
        responses=refusals(*REFUSALS, KeyReused, blocks.BlocksItself, blocks.TooManyBlocks),
    )(block)  # fmt: skip
    made.delete(
        "/owners/{owner}/blocks/{other}", operation_id="unblock", tags=["participants"],
        status_code=204, response_class=Response, responses=refusals(*REFUSALS, KeyReused),
    )(unblock)  # fmt: skip
    made.get(
        "/participants/{participant_id}", operation_id="read_participant", tags=["participants"],
        responses=refusals(Missing),
    )(read_participant)  # fmt: skip
    return made


async def list_categories(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_categories")],
    q: Annotated[str, Query(max_length=200, description="Words, in any language.")] = "",
    lang: Annotated[str, Query(max_length=35, description="For the labels.")] = "en",
) -> CategoriesOut:
    """List the categories, or those that some words speak of, whatever their language."""
    if q:
        found = [categories.category(code) for code in categories.sought(q, most=SOUGHT)]
        return CategoriesOut(items=[_category(one, lang) for one in found])
    own = await parts.store.read(own_categories.own_categories)
    ours = [_category(one, lang) for one in categories.tree().values()]
    return CategoriesOut(items=[*ours, *(_leaf(one, lang) for one in own if not one.closed)])


async def add_category(
    category: CategoryIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("add_category")],
    key: IdempotencyKey = None,
) -> Response:
    """Add a leaf of this network's own below a category of the tree."""

    def do(work: Work) -> Answer:
        leaf = own_categories.add_category(
            work,
            node=parts.node,
            word=category.word,
            above=category.above,
            labels=category.labels,
            synonyms=category.synonyms,
        )
        shown = _leaf(leaf, parts.settings.languages[0])
        return Answer(status=201, body=shown.model_dump_json().encode())

    return await _once(parts, do, asked(caller, "add_category", key, category.model_dump_json()))


async def close_category(
    code: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("close_category")],
    key: IdempotencyKey = None,
) -> Response:
    """Have a leaf of this network's own take nothing new."""

    def do(work: Work) -> Answer:
        own_categories.close_category(work, code)
        return Answer(status=204)

    return await _once(parts, do, asked(caller, "close_category", key, code))


async def list_units(parts: PartsDep, caller: Annotated[Caller, allowed("list_units")]) -> UnitsOut:
    """List the units in which quantities and values may be said."""
    return UnitsOut(
        items=[
            UnitOut(
                code=unit.code,
                measure=unit.measure,
                part=MEASURES[unit.measure].part,
                numerator=unit.numerator,
                denominator=unit.denominator,
            )
            for unit in UNITS.values()
        ],
        values=[*sorted(CURRENCIES), HOURS, f"{parts.node}:{CREDIT}"],
    )


async def list_rates(
    parts: PartsDep, caller: Annotated[Caller, allowed("list_rates")]
) -> AllRatesOut:
    """List what each node says that its units are worth."""
    found = await parts.store.read(rates.all_latest)
    return AllRatesOut(items=[_rates(one) for one in found])


async def read_rates(
    node: str,
    revision: Annotated[int, Path(ge=1, le=INTEGER_MAX)],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_rates")],
) -> RatesOut:
    """Return the rates of a node as a proposal names them."""
    found = await parts.store.read(rates.published, node, revision)
    if found is None:
        raise Missing()
    return _rates(found)


async def publish_rates(
    given: RatesIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("publish_rates")],
    key: IdempotencyKey = None,
) -> Response:
    """Say what this node's units are worth in a common measure, for everybody to reckon by."""

    def do(work: Work) -> Answer:
        found = rates.publish_rates(work, node=parts.node, measure=given.measure, rates=given.rates)
        return Answer(status=200, body=_rates(found).model_dump_json().encode())

    return await _once(parts, do, asked(caller, "publish_rates", key, given.model_dump_json()))


async def list_blocks(
    owner: str, parts: PartsDep, caller: Annotated[Caller, allowed("list_blocks")]
) -> BlocksOut:
    """List with whom a participant of this network does not trade; nobody else is told."""
    ACCESS.may(caller, "list_blocks", owner=owner, node=parts.node)
    return BlocksOut(items=await parts.store.read(blocks.blocks_of, owner))


async def block(
    owner: str,
    other: Other,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("block")],
    key: IdempotencyKey = None,
) -> Response:
    """Have a participant not be matched with another one, or with a whole node."""
    ACCESS.may(caller, "block", owner=owner, node=parts.node)

    def do(work: Work) -> Answer:
        blocks.block(work, owner, other)
        return Answer(status=204)

    return await _once(parts, do, asked(caller, "block", key, owner, other))


async def unblock(
    owner: str,
    other: Other,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("unblock")],
    key: IdempotencyKey = None,
) -> Response:
    """Lift a block; where there is none nothing happens."""
    ACCESS.may(caller, "unblock", owner=owner, node=parts.node)

    def do(work: Work) -> Answer:
        blocks.unblock(work, owner, other)
        return Answer(status=204)

    return await _once(parts, do, asked(caller, "unblock", key, owner, other))


async def read_participant(
    participant_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_participant")],
) -> ParticipantOut:
    """Return what the exchange knows of an entity of any node."""
    sight = sight_of(caller, own=parts.node)

    def read(work: Work) -> Participant | None:
        known = participant(work, participant_id)
        return None if known and known.origin in unseen_nodes(work, sight) else known

    found = await parts.store.read(read)
    if found is None or found.withdrawn:
        raise Missing()
    return ParticipantOut(
        id=found.id,
        origin=found.origin,
        name=found.name,
        names=found.names,
        country=found.country,
        locality=found.locality,
        women_led=found.women_led,
        members=found.members,
        workers=found.workers,
        certificates=sorted(found.certificates),
    )


async def _once(parts: Parts, do: Callable[[Work], Answer], said: Asked | None) -> Response:
    """Do what was asked unless it was done before, and send what was answered."""

    def unit(work: Work) -> Answer:
        return parts.answers.once(work, said, lambda: do(work))

    answer = await parts.store.write(unit)
    return answer.response()


def _category(found: Category, language: str) -> CategoryOut:
    return CategoryOut(
        code=found.code,
        above=found.above,
        depth=found.depth,
        own=False,
        leaf=found.leaf,
        label=categories.label(found.code, language),
        labels=dict(found.labels),
        activity=found.activity,
        product=found.product,
    )


def _leaf(found: OwnLeaf, language: str) -> CategoryOut:
    above = categories.category(found.above)
    return CategoryOut(
        code=found.code,
        above=found.above,
        depth=above.depth + 1,
        own=True,
        leaf=True,
        label=found.labels.get(language) or next(iter(found.labels.values())),
        labels=found.labels,
        activity=above.activity,
        product=above.product,
    )


def _rates(found: Published) -> RatesOut:
    return RatesOut(
        node=found.node,
        revision=found.revision,
        measure=found.measure,
        rates=[
            PublicRate(unit=unit, numerator=rate.numerator, denominator=rate.denominator)
            for unit, rate in found.rates.items()
        ],
        published_at=found.published_at,
    )
