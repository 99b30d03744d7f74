"""Text analysis: what people write is found by what other people ask."""

import subprocess
import sys
import timeit
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import text
from shared.text import fold, query_tokens, tokens, words

ARABIC_PAIRS = [
    "تعاونية/التّعاونيّة",
    "تعاونيات/التعاونية",
    "فلاحية/الفلاحة",
    "إنتاج/انتاج",
    "أركان/اركان",
    "مؤسسة/موسسة",
    "جمعيّة/جمعيه",
    "مستشفى/مستشفي",
    "نسائية/النساء",
    "العسل/عسل",
    "وتعاونية/تعاونية",
    "بتعاونية/تعاونية",
    "للنساء/النساء",
    "تعـــاونية/تعاونية",
    "قهوة/القهوه",
    "٢٠٢٤/2024",
    "منتجات/منتج",
    "حرفيين/حرفيون",
    "تعاونيتنا/تعاونية",
]
LATIN_PAIRS = [
    *(("fr", pair) for pair in ["coopératives/cooperative", "Épicerie/epiceries"]),
    *(("fr", pair) for pair in ["agricole/agricoles", "œuvre/oeuvre", "solidaires/solidarité"]),
    *(("es", pair) for pair in ["economía/economia", "niños/ninos", "campesinas/campesino"]),
    *(("es", pair) for pair in ["cooperativas/cooperativa", "solidaria/solidarias"]),
    *(("pt", pair) for pair in ["associação/associacao", "associações/associação"]),
    *(("pt", pair) for pair in ["habitação/habitacoes", "econômica/económica"]),
    *(("en", pair) for pair in ["co-operative/cooperative", "farming/farms"]),
]
DESCRIPTION = """La coopérative féminine produit une huile d'argan biologique, certifiée, vendue en
commerce équitable par les femmes du village. Elle forme ses membres à la lecture, organise des
ateliers et des visites, et partage ses bénéfices entre toutes les travailleuses du douar."""


def found(query: str, document: str, asked_in: str | None, written_in: str | None) -> bool:
    """Tell whether a document is among the answers to a query."""
    there = set(tokens(document, written_in))
    groups = query_tokens(query, asked_in)
    return bool(groups) and all(there.intersection(group) for group in groups)


def test_at_least_sixteen_of_nineteen_arabic_pairs_find_each_other() -> None:
    pairs = [pair.split("/") for pair in ARABIC_PAIRS]
    hits = [pair for pair in pairs if found(pair[0], pair[1], "ar", "ar")]
    back = [pair for pair in pairs if found(pair[1], pair[0], None, "ar")]
    assert len(pairs) == 19
    assert len(hits) >= 16
    assert len(back) >= 16


def test_at_least_thirteen_of_sixteen_latin_pairs_find_each_other() -> None:
    pairs = [(lang, *pair.split("/")) for lang, pair in LATIN_PAIRS]
    hits = [pair for pair in pairs if found(pair[1], pair[2], pair[0], pair[0])]
    back = [pair for pair in pairs if found(pair[2], pair[1], None, pair[0])]
    assert len(pairs) == 16
    assert len(hits) >= 13
    assert len(back) >= 13


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Épicerie d'Œuvres", "epicerie d'oeuvres"),
        ("التَّعاوُنِيّة", "التعاونيه"),
        ("تعـــاونية", "تعاونيه"),
        ("مؤسسة إنتاج آلي ومستشفى", "موسسه انتاج الي ومستشفي"),
        ("١٢٣ ۴۵۶", "123 456"),
        ("کافه گاز ڤيلا چاي پاي", "كافه كاز فيلا جاي باي"),
        ("Straße Łódź São Tomé", "strasse lodz sao tome"),
        ("ﻻﺯﻡ", "لازم"),
    ],
)
def test_folding_leaves_what_writers_agree_on(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once_for_words(written: str) -> None:
    for word in words(written):
        assert fold(word) == word


@given(st.text(max_size=200), st.sampled_from([None, "ar", "fr", "es", "pt", "en", "fa", "zgh"]))
def test_a_text_is_always_found_by_its_own_words(written: str, lang: str | None) -> None:
    there = set(tokens(written, lang))
    for group in query_tokens(written, lang):
        assert there.intersection(group)


@given(st.text(max_size=200))
def test_a_token_has_letters_and_digits_alone(written: str) -> None:
    for token in tokens(written, "ar"):
        assert token
        assert len(token) <= text.TOKEN_MAX
        assert not any(unicodedata.category(letter)[0] in "ZCP" for letter in token)


def test_the_article_makes_no_difference_and_may_be_typed() -> None:
    assert tokens("التعاونية", "ar")[:2] == ["التعاونيه", "تعاونيه"]
    assert query_tokens("العسل", "ar")[0][:2] == ("العسل", "عسل")
    assert tokens("الى", "ar") == ["الي"]


def test_the_first_token_of_a_group_is_what_was_typed() -> None:
    groups = query_tokens("Épiceries solidaires", "fr")
    assert [group[0] for group in groups] == ["epiceries", "solidaires"]


def test_a_cooperative_is_found_in_every_language() -> None:
    for written, lang in [
        ("تعاونيات الأركان", "ar"),
        ("Coopératives de femmes", "fr"),
        ("Cooperativa de trabajo", "es"),
        ("Cooperativas de produtores", "pt"),
        ("Co-op and co-operative", "en"),
    ]:
        for query in ("cooperative", "co-op", "تعاونية", "coopérative", "cooperativa"):
            assert found(query, written, None, lang), (query, written)


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("ESS", "Chambre de l'économie sociale et solidaire"),
        ("SSE", "شبكة الاقتصاد الاجتماعي والتضامني"),
        ("économie sociale et solidaire", "اقتصاد التضامن الاجتماعي"),
        ("الاقتصاد الاجتماعي والتضامني", "Réseau ESS"),
        ("time bank", "Banco de Tiempo de Sants"),
        ("بنك الوقت", "Banque de temps du quartier"),
        ("فلاحة", "جمعية الزراعة المستدامة"),
        ("حكامة", "الحوكمة الرشيدة"),
        ("mutuelle", "تعاضدية الموظفين"),
        ("تدبير", "إدارة المياه"),
        ("#BioCoop", "biocoop de Lyon"),
        ("women", "Women's weaving circle"),
        ("eau", "Les amis de l’eau"),
    ],
)
def test_words_for_one_thing_find_each_other(query: str, document: str) -> None:
    assert found(query, document, None, None)


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("خبز", "تعاونية العسل"),
        ("apiculture", "agriculture"),
        ("solidarity bank", "solidarity shop"),
    ],
)
def test_words_for_two_things_do_not(query: str, document: str) -> None:
    assert not found(query, document, None, "en")


def test_small_words_are_asked_for_only_when_there_is_nothing_else() -> None:
    assert [group[0] for group in query_tokens("la maison de la paix", "fr")] == ["maison", "paix"]
    assert [group[0] for group in query_tokens("La", "fr")] == ["la"]


def test_a_tag_is_found_with_and_without_its_sign() -> None:
    assert tokens("#argan") == tokens("argan") == tokens("Argan")


def test_a_long_question_is_cut() -> None:
    assert len(query_tokens("mot " * 500)) == text.QUERY_WORDS_MAX


def test_other_scripts_are_kept_as_they_are() -> None:
    assert tokens("ⵜⴰⴼⵙⵓⵜ ⵏ ⵡⴰⵔⴳⴰⵏ", "zgh") == ["ⵜⴰⴼⵙⵓⵜ", "ⵏ", "ⵡⴰⵔⴳⴰⵏ"]
    assert tokens("Ελλάδα", "el") == ["ελλαδα"]
    assert tokens("کتابخانه‌ها", "fa")[0] == "كتابخانه"


def test_a_description_is_analysed_in_well_under_a_millisecond() -> None:
    tokens(DESCRIPTION, "fr")
    runs = timeit.repeat(lambda: tokens(DESCRIPTION, "fr"), number=200, repeat=5)
    assert min(runs) / 200 < 300e-6


def test_the_stemmers_are_loaded_when_a_word_needs_them() -> None:
    check = (
        "import sys; import shared.text as t; t.fold('É'); t.words('a b'); "
        "sys.exit('snowballstemmer' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_threads_that_analyse_at_once_find_what_one_finds_alone() -> None:
    made = [
        f"{''.join(start)}{end}"
        for start in product("bcdfglmp", "aeiou", "lmnrt")
        for end in ("ativement", "issements", "ologies")
    ]
    alone = [text.tokens(word, "fr") for word in made]
    text._analysed.cache_clear()
    patience = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            together = list(threads.map(lambda word: text.tokens(word, "fr"), made))
    finally:
        sys.setswitchinterval(patience)
    assert together == alone
