"""The tree of categories: goods first, in five languages, findable by what people call things."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange import categories, units
from services.exchange.categories import LANGUAGES, UnknownCategory, tree
from services.exchange.units import (
    MEASURES,
    UNITS,
    BadQuantity,
    MeasureMismatch,
    QuantityTooLarge,
    UnknownUnit,
)
from shared.refusals import Refusal

VOCABULARIES = Path(__file__).parents[3] / "services" / "directory" / "data" / "vocabulary"


def test_it_has_some_150_leaves_and_goods_come_first() -> None:
    leaves = [one for one in tree().values() if one.leaf]
    assert 140 <= len(leaves) <= 200
    assert next(iter(tree())) == "food"
    assert {one.code for one in tree().values() if one.depth == 0} >= {
        "food", "dairy-livestock", "farm-inputs", "cosmetics", "textiles", "crafts", "premises",
        "transport", "repair", "care", "teaching", "business-services",
    }  # fmt: skip


@pytest.mark.parametrize("code", list(tree()))
def test_each_has_words_in_five_languages_and_stands_below_its_own(code: str) -> None:
    one = tree()[code]
    assert set(one.labels) == set(LANGUAGES)
    assert all(one.labels.values())
    assert len(categories.ancestors(code)) == one.depth
    assert categories.is_within(code, code)
    assert all(categories.is_within(code, above) for above in categories.ancestors(code))
    assert all(one.labels[language] for language in LANGUAGES)


def test_the_links_are_terms_of_essglobal() -> None:
    for name in ("activities", "products-services"):
        known = json.loads((VOCABULARIES / f"{name}.json").read_text("utf-8"))["concepts"]
        for one in tree().values():
            term = one.activity if name == "activities" else one.product
            assert term.partition(":")[2] in known


def test_labels_are_unlike_within_a_language() -> None:
    for language in LANGUAGES:
        labels = [one.labels[language] for one in tree().values()]
        assert len(set(labels)) == len(labels), language


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("zit laoud", "olive-oil"),
        ("زيت العود", "olive-oil"),
        ("azeite", "olive-oil"),
        ("dendê", "palm-oil"),
        ("HUILE D'ARGAN", "argan-oil"),
        ("deglet nour", "dates"),
        ("mancarra", "groundnuts"),
        ("guerte", "groundnuts"),
        ("maní", "groundnuts"),
        ("cacahuètes", "groundnuts"),
        ("papas", "tubers"),
        ("macaxeira", "tubers"),
        ("thiéré", "couscous"),
        ("smen", "butter-fats"),
        ("rapadura", "sugar-cane"),
        ("yerba mate", "coffee-tea"),
        ("touiza", "farm-labour"),
        ("minga", "farm-labour"),
        ("mutirão", "farm-labour"),
        ("djunta mon", "farm-labour"),
        ("daret", "insurance-savings"),
        ("tontine", "insurance-savings"),
        ("totocaixa", "insurance-savings"),
        ("zerbia", "carpets"),
        ("fripes", "second-hand-clothes"),
        ("brechó", "second-hand-clothes"),
        ("flete", "freight"),
        ("boleia", "passenger"),
        ("niñera", "childcare"),
        ("babá", "childcare"),
        ("محو الأمية", "literacy"),
        ("contador", "accounts"),
        ("écrivain public", "administration"),
    ],
)
def test_a_local_word_finds_its_category(words: str, code: str) -> None:
    assert categories.sought(words)[0] == code


def test_a_title_finds_its_category_among_the_first() -> None:
    for title, code in (
        ("Couscous d'orge roulé à la main, 20 kg", "couscous"),
        ("Clases de guitarra los martes", "music-art-lessons"),
        ("Réparation de téléphones", "electronics-repair"),
        ("عسل السدر من جبال الأطلس", "raw-honey"),
    ):
        assert code in categories.sought(title, most=4)


@given(st.text(max_size=40))
def test_any_text_has_an_answer(text: str) -> None:
    assert set(categories.sought(text, most=5)) <= set(tree())


def test_what_is_not_there_is_refused() -> None:
    for code in ("", "spaceships", "souss:own", "food|oils"):
        with pytest.raises(UnknownCategory):
            categories.ancestors(code)
    assert categories.label("spaceships", "fr") == "spaceships"
    assert categories.label("couscous", "pt-BR") == "Cuscuz"


@pytest.mark.parametrize(
    ("amount", "scale", "code", "base"),
    [
        (25, 1, "kg", 2_500_000),
        (1, 0, "quintal", 100_000_000),
        (1, 0, "lb", 453_592),
        (1, 0, "arroba-br", 15_000_000),
        (5, 1, "l", 500),
        (3, 0, "dozen", 36),
        (15, 1, "h", 90),
        (2, 0, "week", 336),
        (1, 0, "ha", 100_000_000),
    ],
)
def test_quantities_are_whole_numbers_of_the_smallest_part(
    amount: int, scale: int, code: str, base: int
) -> None:
    assert units.base_amount(amount, scale, code) == base


@pytest.mark.parametrize(
    ("amount", "scale", "code", "refusal"),
    [
        (0, 0, "kg", BadQuantity),
        (-1, 0, "kg", BadQuantity),
        (True, 0, "kg", BadQuantity),
        (1, 4, "kg", BadQuantity),
        (1, -1, "kg", BadQuantity),
        (1, 3, "piece", BadQuantity),
        (10**9, 0, "t", QuantityTooLarge),
        (2**60, 0, "mg", QuantityTooLarge),
        (1, 0, "parsec", UnknownUnit),
        (1, 0, "", UnknownUnit),
    ],
)
def test_absurd_quantities_are_refused(
    amount: int, scale: int, code: str, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        units.base_amount(amount, scale, code)


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.integers(1, 10**6))
def test_conversions_are_exact_and_come_back(one: str, other: str, amount: int) -> None:
    if UNITS[one].measure != UNITS[other].measure:
        with pytest.raises(MeasureMismatch):
            units.converted(amount, 0, one, other)
        return
    numerator, denominator = units.converted(amount, 0, one, other)
    back, of = units.converted(numerator, 0, other, one)
    assert back == amount * of * denominator


def test_no_measure_outgrows_the_integers_of_all_programs() -> None:
    assert all(measure.most < 2**53 for measure in MEASURES.values())
    assert {unit.measure for unit in UNITS.values()} == set(MEASURES)
