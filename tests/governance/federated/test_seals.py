"""Seals: what they hold, how they are checked, and how they travel."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.governance.federated.policies import FederatedRule, Policy
from services.governance.federated.seal_texts import (
    BEGINS,
    PART_CHARACTERS,
    BadSealText,
    as_block,
    as_parts,
    base45,
    of_base45,
    of_block,
    of_parts,
)
from services.governance.federated.seals import (
    BadSeal,
    Expected,
    SealedRoll,
    commitment,
    flags,
    is_bound,
    pooled,
    require_seal,
    seal_of,
    sealed,
    signed,
    withheld,
)
from services.governance.federated.tallies import BadTally, Counted, counted_at_home
from services.governance.rules import Method, Option, Rule
from shared.canonical import canonical
from shared.contracts.seals import Seal, SealHead, Tally
from tests.governance.federated.kit import (
    BALLOT,
    CLOSES,
    HEX,
    Choices,
    answers,
    digest,
    key_of,
    plain_options,
    rule_of,
)
from tests.load.seals import rows

NONCE = bytes(range(32))
OPTIONS = plain_options("credit", "seeds")
ROLL = SealedRoll(epoch=1, root=HEX, size=400)


def expected(rule: FederatedRule, **more: Any) -> Expected:
    fields: dict[str, Any] = {
        "ballot_id": BALLOT,
        "rule": rule,
        "rule_hash": rule.hash,
        "charter_hash": HEX,
        "options": OPTIONS if rule.policy is Policy.OPTIONS else (),
        "network": "lima",
        "roll": ROLL,
        "closes_at": CLOSES,
        "skew_s": 300,
    }
    return Expected(**(fields | more))


def made(
    rule: FederatedRule, counted: Counted, *, what: Expected | None = None, **more: Any
) -> Seal:
    fields: dict[str, Any] = {
        "expected": what or expected(rule),
        "issued": 400,
        "ballots_root": digest("ballots"),
        "closed_at": CLOSES,
        "head": SealHead(epoch=1, page=212, hash=HEX),
        "key": key_of("lima"),
    }
    return sealed(counted, **(fields | more))


def yes_no(choices: Choices = ()) -> Seal:
    rule = rule_of()
    return made(rule, counted_at_home(rule, (), choices or answers(200, 50, 4)), invalid=2)


def changed(seal: Seal, **fields: Any) -> Seal:
    """Return a seal with other fields, signed anew by its network."""
    other = seal.model_copy(update=fields)
    return other.model_copy(update={"signature": signed(key_of("lima"), other.statement())})


def require(seal: Seal, what: Expected | None = None) -> None:
    require_seal(seal, what or expected(rule_of()), keys=(key_of("lima").public,))


def test_the_seal_of_a_yes_or_no_has_less_than_two_kilobytes() -> None:
    seal = yes_no()
    assert len(canonical(seal.as_data())) < 2_000
    assert (seal.cast, seal.blank, seal.invalid, seal.tally.yes) == (256, 4, 2, 200)
    require(seal)


@pytest.mark.parametrize(
    "fields",
    [
        {"ballot_id": BALLOT.replace("bb", "cc")},
        {"rule_hash": digest("other")},
        {"charter_hash": digest("other")},
        {"node": "souss"},
        {"roll_root": digest("other")},
        {"roll_epoch": 2},
        {"roll_size": 500},
        {"scheme": "open"},
        {"cast": 257},
        {"issued": 255},
        {"issued": 401},
        {"blank": 3},
        {"invalid": None},
        {"tally": Tally(yes=201, no=50)},
    ],
)
def test_a_seal_that_does_not_fit_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadSeal):
        require(changed(yes_no(), **fields))


@pytest.mark.parametrize(
    "tally",
    [
        Tally(yes=250),
        Tally(yes=200, no=50, ballots=250),
        Tally(yes=200, no=50, sign=1),
        Tally(approvals=(3, 4), ballots=250),
        Tally(),
    ],
)
def test_a_tally_of_another_form_is_refused(tally: Tally) -> None:
    with pytest.raises(BadTally):
        require(changed(yes_no(), tally=tally))


def test_a_seal_that_another_has_signed_or_nobody_is_refused() -> None:
    seal = yes_no()
    with pytest.raises(BadSeal):
        require_seal(seal, expected(rule_of()), keys=(key_of("souss").public,))
    with pytest.raises(BadSeal):
        require(seal.model_copy(update={"ballots_root": HEX}))
    with pytest.raises(BadSeal):
        require_seal(seal, expected(rule_of()), keys=())


def test_a_seal_counts_under_any_key_that_the_network_has_had() -> None:
    require_seal(
        yes_no(), expected(rule_of()), keys=(key_of("older").public, key_of("lima").public)
    )
    assert yes_no().signature


@pytest.mark.parametrize("cast", range(5))
def test_below_the_floor_the_sign_is_told_and_no_number(cast: int) -> None:
    rule = rule_of()
    seal = made(rule, counted_at_home(rule, (), answers(cast, 0)))
    assert seal.tally == Tally(sign=1 if cast else 0)
    assert (seal.issued, seal.cast, seal.blank, seal.invalid) == (None,) * 4
    require(seal)


def test_numbers_below_the_floor_are_refused_from_others_too() -> None:
    seal = yes_no()
    small = changed(seal, tally=Tally(yes=3, no=0), cast=3, blank=0, invalid=0)
    with pytest.raises(BadSeal):
        require(small)
    telling = changed(seal, tally=Tally(sign=1))
    with pytest.raises(BadSeal):
        require(telling)


def test_a_small_network_is_pooled_with_a_sister() -> None:
    rule = rule_of()
    small = counted_at_home(rule, (), answers(3, 0))
    large = counted_at_home(rule, (), answers(20, 30))
    both = pooled(rule, (), large, {"souss": small})
    assert (both.tally.yes, both.tally.no, both.tally.sign) == (23, 30, -1)
    seal = made(rule, both, what=expected(rule, pooled=120))
    assert seal.tally.pools == ("souss",)
    own = made(
        rule,
        small,
        what=expected(rule, network="souss", roll=SealedRoll(epoch=1, root=HEX, size=120)),
        issued=120,
        key=key_of("souss"),
        pooled_by="lima",
    )
    assert own.tally == Tally(sign=1, pooled="lima")


def test_sums_of_options_are_pooled_too() -> None:
    rule = rule_of(Policy.OPTIONS, rule=Rule(method=Method.SCHULZE))
    one = counted_at_home(rule, OPTIONS, [({"ranks": [["seeds"], ["credit"]]}, 3)])
    other = counted_at_home(rule, OPTIONS, [({"ranks": [["credit"], ["seeds"]]}, 9)])
    both = pooled(rule, OPTIONS, other, {"souss": one})
    assert both.tally.pairs == ((0, 9), (3, 0))
    assert both.tally.order == (("credit",), ("seeds",))
    assert withheld(rule, OPTIONS, one.tally).order == (("seeds",), ("credit",))
    classes = rule_of(Policy.OPTIONS, rule=Rule(method=Method.IRV))
    one = counted_at_home(classes, OPTIONS, [({"ranks": [["seeds"]]}, 3)])
    other = counted_at_home(classes, OPTIONS, [({"ranks": [["seeds"]]}, 4)])
    ((only,),) = pooled(classes, OPTIONS, other, {"souss": one}).chunks
    assert only.count == 7


def test_a_clock_that_differs_is_marked() -> None:
    rule = rule_of()
    counted = counted_at_home(rule, (), answers(20, 30))
    near = made(rule, counted, closed_at=CLOSES + timedelta(seconds=299))
    far = made(rule, counted, closed_at=CLOSES - timedelta(seconds=301))
    assert flags(near, expected(rule)) == ()
    assert flags(far, expected(rule)) == ("clock",)


def test_a_commitment_binds_to_one_seal_and_hides_it() -> None:
    seal, other = yes_no(), yes_no(answers(201, 49, 4))
    bound = commitment(seal, NONCE)
    assert is_bound(seal, NONCE.hex(), bound)
    assert not is_bound(other, NONCE.hex(), bound)
    assert not is_bound(seal, bytes(32).hex(), bound)
    assert not is_bound(seal, "00", bound)
    assert not is_bound(seal, "no hex", bound)


def test_a_seal_goes_by_letter_and_comes_back() -> None:
    seal = yes_no()
    text = as_block(seal)
    assert of_block(text) == seal
    answered = "Salam,\n\n" + "".join(f"> {line}\r\n" for line in text.splitlines()) + "\nbye"
    assert of_block(answered) == seal


def test_a_seal_goes_by_pictures_and_comes_back() -> None:
    rule = rule_of(Policy.OPTIONS, rule=Rule(method=Method.SCHULZE))
    options = tuple(Option(code=f"o{at}") for at in range(30))
    ballots = [({"ranks": [[one.code] for one in options]}, 9)]
    seal = made(rule, counted_at_home(rule, options, ballots), what=expected(rule, options=options))
    texts = as_parts(seal)
    assert len(texts) > 1
    assert all(len(text) <= PART_CHARACTERS + 40 for text in texts)
    assert of_parts([*reversed(texts), texts[0]]) == seal
    with pytest.raises(BadSealText):
        of_parts(texts[1:])
    with pytest.raises(BadSealText):
        of_parts([*texts, *as_parts(yes_no())])
    assert len(as_parts(yes_no())) <= 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(BEGINS, ""),
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("\n=", "\n=0"),
        lambda text: text.replace(text[40], "A" if text[40] != "A" else "B", 1),
        lambda text: text.replace("\n", "\n*", 2),
        lambda text: text * 1_000,
    ],
)
def test_a_text_that_was_changed_is_refused(spoil: Any) -> None:
    with pytest.raises((BadSealText, BadSeal)):
        of_block(spoil(as_block(yes_no())))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        canonical({"seal": 1}),
        canonical(yes_no().as_data() | {"more": 1}),
        canonical(yes_no().as_data() | {"scheme": "custody"}),
        b" " + canonical(yes_no().as_data()),
        b"0" * 300_000,
    ],
)
def test_bytes_that_hold_no_seal_are_refused(data: bytes) -> None:
    with pytest.raises(BadSeal):
        seal_of(data)


def test_many_seals_are_verified_and_summed_for_the_table_of_speed() -> None:
    found = rows(networks=30)
    assert [unit for _, _, unit, _ in found] == ["s", "kB", "s"]
    assert found[1][1] < 2.0


@given(st.binary(max_size=80))
def test_base45_comes_back(data: bytes) -> None:
    assert of_base45(base45(data)) == data


@pytest.mark.parametrize(
    ("text", "data"),
    [("BB8", b"AB"), ("%69 VD92EX0", b"Hello!!"), ("UJCLQE7W581", b"base-45")],
)
def test_base45_is_that_of_its_standard(text: str, data: bytes) -> None:
    assert base45(data) == text
    assert of_base45(text) == data


@pytest.mark.parametrize("text", ["A", ":::", "GGW", "a12", "BB8A"])
def test_what_is_no_base45_is_refused(text: str) -> None:
    with pytest.raises(BadSealText):
        of_base45(text)
