"""An association lives: founded, asked by a network without a line, voted on, left."""

import pytest

from services.governance.association_ballots import (
    AboutMember,
    Course,
    appeal,
    call_ballot,
    prepare_ballot,
    reply,
)
from services.governance.association_handlers import adopt, change, found, leave, next_version
from services.governance.association_members import (
    Paper,
    apply,
    enter,
    enter_paper,
    sponsor_member,
)
from services.governance.association_refusals import (
    ApplicationUnproven,
    KeyUnlike,
    NoAppeal,
    NoMember,
    NoSuchStep,
    NotApplied,
    NotKeptHere,
    NotTheSubject,
    SponsorsLacking,
    TextLacking,
    VersionNotDecided,
)
from services.governance.federated.charter import BadCharter, Rights
from services.governance.federated.membership import MembershipState
from services.governance.federated_handlers import Wording
from services.governance.federated_refusals import (
    CharterNotAdopted,
    NoLocalDecision,
    NoSuchCharter,
    NotOurs,
    RollsLacking,
)
from services.governance.federated_rows import text_of
from shared.refusals import Missing
from tests.governance.associations.assembled import (
    CONSENT,
    DAKAR,
    FOUNDERS,
    TEXTS,
    Assembled,
    decided,
    draft,
    own_of,
)
from tests.governance.federated_service.world import HEX, root_of

ADMISSION = AboutMember(matter="admission", ground="It has asked, and we know it.", network=DAKAR)


async def applied(world: Assembled) -> None:
    """Have the network without a line sign, and people carry its application to the keeper."""
    await world.sign(DAKAR)
    said = await world[DAKAR].do(apply, world.id, own_of(DAKAR))
    await world["adrar"].do(enter, world.id, said.model_dump(mode="json"))
    await world.world.carry()


async def admitted(world: Assembled) -> str:
    await applied(world)
    await world.sponsor(DAKAR)
    return await world.decide(ADMISSION, CONSENT)


async def test_founders_sign_a_charter_that_all_can_read(world: Assembled) -> None:
    for name in FOUNDERS:
        seen = await world.at(name)
        assert seen.voters == FOUNDERS
        assert seen.charter is not None
        text = await world[name].store.read(text_of, seen.charter.texts["fr"])
        assert text == TEXTS["fr"]
    assert not await world.sign("lima"), "it has signed before"


async def test_a_network_without_a_line_is_admitted_and_it_is_told_once(world: Assembled) -> None:
    ballot = await admitted(world)
    for name in FOUNDERS:
        assert (await world.at(name)).state_of(DAKAR) is MembershipState.OBSERVER
    assert await world.kept("kaolack") == [], "it keeps no association"
    assert await world.kept() == [(DAKAR, "observer")]
    assert await world.kept() == []
    (word,) = (await world.at("lima")).told[DAKAR]
    assert (word.root_key, word.cause.ballot) == (root_of(DAKAR).public, ballot)
    # Now it has a line: it hears what was decided, and the others hear its own signature.
    world.world.cut = set()
    await world.world.carry(again=True)
    await world.world.settle()
    assert (await world.at(DAKAR)).state_of(DAKAR) is MembershipState.OBSERVER
    assert await world.kept() == []


async def test_a_keeper_that_stood_still_tells_what_was_certified_meanwhile(
    world: Assembled,
) -> None:
    await applied(world)
    await world.sponsor(DAKAR)
    about = AboutMember(
        matter="suspension", ground="It harms others.", network="quebec", grounds=("harm",)
    )
    await world.decide(about)
    await world.decide(ADMISSION, CONSENT)
    assert sorted(await world.kept()) == [(DAKAR, "observer"), ("quebec", "suspended")]
    assert await world.kept() == []


async def test_an_application_shows_whose_word_it_is(world: Assembled) -> None:
    await world.sign(DAKAR)
    said = (await world[DAKAR].do(apply, world.id, own_of(DAKAR))).model_dump(mode="json")
    other = own_of("kaolack")
    forged = [
        said | {"network": "teranga"},
        said | {"root_key": other.root_key},
        said | {"certificate": other.certificate},
        said | {"adoption": said["adoption"] | {"number": 2}},
        said | {"adoption": None},
        said | {"root_key": None},
        said | {"network": "adrar"},
        said | {"association": "adrar:01990000-0000-7000-8000-0000000000ff"},
        said | {"names": {}},
    ]
    for one in forged:
        with pytest.raises(ApplicationUnproven):
            await world["adrar"].do(enter, world.id, one)
    with pytest.raises(NotKeptHere):
        await world["lima"].do(enter, world.id, said)
    await world["adrar"].do(enter, world.id, said)
    assert (await world.at("adrar")).state_of(DAKAR) is MembershipState.APPLICANT


async def test_a_network_without_software_is_entered_from_its_paper_and_left_for(
    world: Assembled,
) -> None:
    decision = await world["adrar"].store.write(decided)
    paper = Paper(network="gandiol", names={"fr": "Gandiol"}, paper_hash=HEX, decision=decision)
    await world["adrar"].do(enter_paper, world.id, paper, steward="p-steward")
    await world.world.carry()
    for name in ("adrar", "lima"):
        seen = await world.at(name)
        assert seen.state_of("gandiol") is MembershipState.APPLICANT
        assert seen.keeps("gandiol")
    with pytest.raises(NotKeptHere):
        await world["lima"].do(enter_paper, world.id, paper, steward="p-steward")
    theirs = await world["lima"].store.write(decided)
    with pytest.raises(NotOurs):
        await world["lima"].do(
            leave, world.id, decision=theirs, steward="p-steward", network="gandiol"
        )
    await world["adrar"].do(
        leave, world.id, decision=decision, steward="p-steward", network="gandiol"
    )
    assert (await world.at("adrar")).state_of("gandiol") is MembershipState.WITHDRAWN
    # Nobody cuts a line that is not there.
    assert await world.kept() == []


async def test_a_member_without_software_votes_on_who_belongs_by_its_paper(
    world: Assembled,
) -> None:
    adrar = world["adrar"]
    charter = await adrar.do(found, draft(founders=(*FOUNDERS, "gandiol")), TEXTS)
    world.id, world.hash = charter.association, charter.hash
    await world.world.carry()
    for name in FOUNDERS:
        await world.sign(name)
    decision = await adrar.store.write(decided)
    paper = Paper(network="gandiol", names={"fr": "Gandiol"}, paper_hash=HEX, decision=decision)
    await adrar.do(enter_paper, world.id, paper, steward="p-steward")
    await world.world.carry()
    assert (await world.at("lima")).voters == ("adrar", "gandiol", "kaolack", "lima", "quebec")
    about = AboutMember(
        matter="suspension", ground="It harms others.", network="quebec", grounds=("harm",)
    )
    ballot = await world.decide(about)
    assert await world.kept() == [("quebec", "suspended")]
    legs = (await world["lima"].ballot(ballot)).legs
    assert (legs["gandiol"].speaker, legs["gandiol"].counts) == ("adrar", True)


async def test_nobody_is_signed_for_or_voted_on_out_of_turn(world: Assembled) -> None:
    lima, adrar = world["lima"], world["adrar"]
    signing = {"number": 1, "charter_hash": world.hash, "steward": "p-steward"}
    with pytest.raises(NoLocalDecision):
        await lima.do(adopt, world.id, decision="01990000-0000-7000-8000-0000000000dd", **signing)
    decision = await lima.store.write(decided)
    with pytest.raises(NoSuchCharter):
        await lima.do(adopt, world.id, decision=decision, **(signing | {"charter_hash": HEX}))
    with pytest.raises(NotOurs):
        await lima.do(adopt, world.id, decision=decision, network="quebec", **signing)
    with pytest.raises(NotApplied):
        await lima.do(sponsor_member, world.id, DAKAR)
    with pytest.raises(NoSuchStep):
        await adrar.do(prepare_ballot, world.id, ADMISSION)
    with pytest.raises(CharterNotAdopted):
        await world[DAKAR].do(apply, world.id, own_of(DAKAR))
    await applied(world)
    with pytest.raises(SponsorsLacking):
        await adrar.do(prepare_ballot, world.id, ADMISSION)
    await world.sponsor(DAKAR)
    wrong = AboutMember(
        matter="admission", ground="Another.", network=DAKAR, root_key=root_of("lima").public
    )
    now = world.world.clock.now()
    course = Course(language="fr", texts={"fr": Wording(text="Oui ?")}, opens_at=now, closes_at=now)
    with pytest.raises(KeyUnlike):
        await adrar.do(call_ballot, world.id, wrong, course)
    with pytest.raises(RollsLacking):
        await adrar.do(call_ballot, world.id, ADMISSION, course)
    with pytest.raises(Missing):
        await world[DAKAR].do(prepare_ballot, world.id, ADMISSION)
    world.world.cut = set()
    await world.world.carry()
    with pytest.raises(NoMember):
        await world[DAKAR].do(prepare_ballot, world.id, ADMISSION)
    for matter in ("expulsion", "reinstatement", "hub", "solidarity-fund"):
        about = AboutMember(matter=matter, ground="No.", network="lima")
        with pytest.raises(NoSuchStep):
            await adrar.do(prepare_ballot, world.id, about)


async def test_a_charter_has_its_founders_texts_and_a_decision_for_each_change(
    world: Assembled,
) -> None:
    adrar = world["adrar"]
    with pytest.raises(TextLacking):
        await adrar.do(found, draft(languages=("fr", "ar")), TEXTS)
    with pytest.raises(BadCharter):
        await adrar.do(found, draft(founders=("lima",)), TEXTS)
    with pytest.raises(BadCharter):
        await adrar.do(found, draft(authoritative="ar"), TEXTS)
    ballot = await world.called(
        AboutMember(matter="suspension", ground="Harm.", network="quebec", grounds=("harm",))
    )
    with pytest.raises(VersionNotDecided):
        await adrar.do(change, world.id, draft(), TEXTS, cause=ballot)
    with pytest.raises(NotKeptHere):
        await world["lima"].do(change, world.id, draft(), TEXTS, cause=ballot)


async def test_members_change_their_charter_and_each_signs_for_itself(world: Assembled) -> None:
    adrar = world["adrar"]
    text = {"fr": "Nous décidons ensemble, et sans hâte.\n"}
    before = await world.at("adrar")
    version = next_version(before, draft(), text)
    about = AboutMember(matter="charter", ground="Clearer.", charter_hash=version.hash)
    ballot = await world.decide(about)
    with pytest.raises(VersionNotDecided):
        await adrar.do(change, world.id, draft(), TEXTS, cause=ballot)
    changed = await adrar.do(change, world.id, draft(), text, cause=ballot)
    assert changed == version
    await world.world.carry()
    for name in FOUNDERS[:3]:
        decision = await world[name].store.write(decided)
        signing = {"number": 2, "charter_hash": version.hash, "decision": decision}
        await world[name].do(adopt, world.id, steward="p-steward", **signing)
    await world.world.carry()
    for name in FOUNDERS:
        seen = await world.at(name)
        assert seen.charter == version
        assert seen.voters == FOUNDERS[:3]
        assert seen.rights["quebec"] is Rights.OBSERVER


async def test_who_is_voted_on_replies_before_and_appeals_once_after(world: Assembled) -> None:
    about = AboutMember(
        matter="suspension", ground="It harms others.", network="quebec", grounds=("harm",)
    )
    adrar, quebec = world["adrar"], world["quebec"]
    ballot = await world.decide(about)
    await world.kept()
    with pytest.raises(NotTheSubject):
        await world["lima"].do(reply, ballot, language="fr", text="Nous ?")
    with pytest.raises(NotTheSubject):
        await world["lima"].do(appeal, ballot, language="fr", text="Nous ?")
    await quebec.do(appeal, ballot, language="fr", text="Le délai n'a pas été tenu.")
    await world.world.settle()
    assert (await world.at("adrar")).effects[ballot].in_doubt
    assert (await world.at("lima")).state_of("quebec") is MembershipState.SUSPENDED
    assert await world.kept() == []
    with pytest.raises(NoAppeal):
        await quebec.do(appeal, ballot, language="fr", text="Encore.")
    assert (await adrar.ballot(ballot)).disputes


async def test_a_network_belongs_to_several_associations_that_know_nothing_of_each_other(
    world: Assembled,
) -> None:
    others = draft(founders=("lima", "quebec"), names={"fr": "Semences"})
    charter = await world["lima"].do(found, others, TEXTS)
    await world.world.carry()
    for name in ("lima", "quebec"):
        decision = await world[name].store.write(decided)
        await world[name].do(
            adopt,
            charter.association,
            number=1,
            charter_hash=charter.hash,
            decision=decision,
            steward="p-steward",
        )
    await world.world.carry()
    first, world.id = world.id, charter.association
    for name in ("adrar", "quebec"):
        assert (await world.at(name)).voters == ("lima", "quebec")
    decision = await world["quebec"].store.write(decided)
    await world["quebec"].do(leave, world.id, decision=decision, steward="p-steward")
    await world.world.carry()
    assert (await world.at("adrar")).voters == ("lima",)
    world.id = first
    assert (await world.at("adrar")).voters == FOUNDERS
