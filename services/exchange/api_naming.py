"""HTTP of what items are named and measured by: categories, units, rates; and of participants."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.exchange import blocks, categories, own_categories, rates
from services.exchange.access import ACCESS
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
from services.exchange.own_categories import CategoryTaken, OwnLeaf, TooManyCategories
from services.exchange.participants import Participant, participant
from services.exchange.parts import PartsDep
from services.exchange.rates import Published
from services.exchange.units import HOURS, MEASURES, UNITS
from services.exchange.worth import CREDIT, CURRENCIES, UnknownValueUnit
from shared.access import REFUSALS, Caller
from shared.contracts.exchange import PublicRate
from shared.gate import allowed
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

SOUGHT: Final = 12
"""How many categories a question in words is answered with."""


def router() -> APIRouter:
    """Return the paths of categories, units, rates, blocks and participants."""
    made = APIRouter()
    made.get("/categories", operation_id="list_categories", tags=["naming"])(list_categories)
    made.post(
        "/categories", operation_id="add_category", tags=["naming"], status_code=201,
        responses=refusals(*REFUSALS, UnknownCategory, CategoryTaken, TooManyCategories),
    )(add_category)  # fmt: skip
    made.delete(
        "/categories/{code}", operation_id="close_category", tags=["naming"], status_code=204,
        response_class=Response, responses=refusals(*REFUSALS, Missing),
    )(close_category)  # fmt: skip
    made.get("/units", operation_id="list_units", tags=["naming"])(list_units)
    made.get("/rates", operation_id="list_rates", tags=["rates"])(list_rates)
    made.get(
        "/rates/{node}/{revision}", operation_id="read_rates", tags=["rates"],
        responses=refusals(Missing),
    )(read_rates)  # fmt: skip
    made.put(
        "/rates", operation_id="publish_rates", tags=["rates"],
        responses=refusals(*REFUSALS, UnknownValueUnit, rates.RateTwice),
    )(publish_rates)  # fmt: skip
    made.get(
        "/owners/{owner}/blocks", operation_id="list_blocks", tags=["participants"],
        responses=refusals(*REFUSALS),
    )(list_blocks)  # fmt: skip
    made.put(
        "/owners/{owner}/blocks/{other}", operation_id="block", tags=["participants"],
        status_code=204, response_class=Response,
        responses=refusals(*REFUSALS, blocks.BlocksItself, blocks.TooManyBlocks),
    )(block)  # fmt: skip
    made.delete(
        "/owners/{owner}/blocks/{other}", operation_id="unblock", tags=["participants"],
        status_code=204, response_class=Response, responses=refusals(*REFUSALS),
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
) -> CategoryOut:
    """Add a leaf of this network's own below a category of the tree."""
    leaf = await parts.store.write(
        own_categories.add_category,
        node=parts.node,
        word=category.word,
        above=category.above,
        labels=category.labels,
        synonyms=category.synonyms,
    )
    return _leaf(leaf, parts.settings.languages[0])


async def close_category(
    code: str, parts: PartsDep, caller: Annotated[Caller, allowed("close_category")]
) -> Response:
    """Have a leaf of this network's own take nothing new."""
    await parts.store.write(own_categories.close_category, code)
    return Response(status_code=204)


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
    revision: int,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_rates")],
) -> RatesOut:
    """Return the rates of a node as a proposal names them."""
    found = await parts.store.read(rates.published, node, revision)
    if found is None:
        raise Missing()
    return _rates(found)


async def publish_rates(
    given: RatesIn, parts: PartsDep, caller: Annotated[Caller, allowed("publish_rates")]
) -> RatesOut:
    """Say what this node's units are worth in a common measure, for everybody to reckon by."""
    found = await parts.store.write(
        rates.publish_rates, node=parts.node, measure=given.measure, rates=given.rates
    )
    return _rates(found)


async def list_blocks(
    owner: str, parts: PartsDep, caller: Annotated[Caller, allowed("list_blocks")]
) -> BlocksOut:
    """List with whom a participant of this network does not trade; nobody else is told."""
    ACCESS.may(caller, "list_blocks", owner=owner, node=parts.node)
    return BlocksOut(items=await parts.store.read(blocks.blocks_of, owner))


async def block(
    owner: str, other: str, parts: PartsDep, caller: Annotated[Caller, allowed("block")]
) -> Response:
    """Have a participant not be matched with another one, or with a whole node."""
    ACCESS.may(caller, "block", owner=owner, node=parts.node)
    await parts.store.write(blocks.block, owner, other[:161])
    return Response(status_code=204)


async def unblock(
    owner: str, other: str, parts: PartsDep, caller: Annotated[Caller, allowed("unblock")]
) -> Response:
    """Lift a block; where there is none nothing happens."""
    ACCESS.may(caller, "unblock", owner=owner, node=parts.node)
    await parts.store.write(blocks.unblock, owner, other)
    return Response(status_code=204)


async def read_participant(
    participant_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_participant")],
) -> ParticipantOut:
    """Return what the exchange knows of an entity of any node."""

    def read(work: Work) -> Participant | None:
        return participant(work, participant_id)

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
