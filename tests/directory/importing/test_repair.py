"""Damaged text is mended where there is no doubt, and left alone where there is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory.importing.contacts import without_addresses
from services.directory.importing.repair import links_in, mended, one_line, plain


@pytest.mark.parametrize(
    ("damaged", "meant"),
    [
        ("RincÃ³n", "Rincón"),
        ("Â¿alguno?", "¿alguno?"),
        ("MatiÃ\xa0 de baix", "Matià de baix"),
        ("MatiÃ  de baix", "Matià de baix"),
        ("demÃ", "demà"),
        ("demÃ -passat", "demà-passat"),
        ("La Ã\x81guila", "La Águila"),
        ("3&Atilde;&uml;me cercle", "3ème cercle"),
        ("H&Atilde;”PITAL", "HÔPITAL"),
        ("F&Atilde;ŠTE", "FÊTE"),
        ("NA&Atilde;\x8fF", "NAÏF"),
        ("a &amp;amp; b", "a & b"),
        ("&quot;LE PRÉ&quot;", '"LE PRÉ"'),
        ("ma&#322 y", "mał y"),
        ("Itâ€™s â€œniceâ€\x9d", "It’s “nice”"),
        ("ØªØ¹Ø§ÙˆÙ†ÙŠØ©", "تعاونية"),
        ("Ð¡ÐµÐ»Ð¾", "Село"),
        ("CafÃƒÂ©", "Café"),
        ("Espa\u0e40\u0e18\u0e03\u0e40\u0e18\x91a", "España"),
        ("C\u0e40\u0e18\u0e03\u0e40\u0e18\x81diz", "Cádiz"),
        ("Rosa\u0e40\u0e19\x82\u0e22\x80\u0e22\x99s", "Rosa’s"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_double_encoding_and_entities_are_undone(damaged: str, meant: str) -> None:
    assert mended(damaged) == meant


@pytest.mark.parametrize(
    "text",
    [
        "Coopérative « Le Pré »",
        "«CAFÉ»",
        "AMANHÃ»",
        "“IRMÔ”",
        "MAÇÃ",
        "São João",
        "Ñandú ¿qué?",
        "ÚŽASNÉ DIELO",
        "Malmö – “Å”",
        "Zażółć gęślą jaźń",
        "ประเทศไทย รก แกง",
        "تعاونية النساء",
        "R&D & more; 5 &copy x",
        "Παράδειγμα",
        "https://example.org/?a=1&notify=2",
    ],
)
def test_what_is_not_damaged_stays_as_it_is(text: str) -> None:
    assert mended(text) == text


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_mending_never_fails_and_leaves_ascii_alone(text: str) -> None:
    mended(text)
    bare = text.encode("ascii", "ignore").decode().replace("&", "")
    assert mended(bare) == bare


@given(st.text(alphabet="abcéèàçñãõüßÉÀÇ ’«»", min_size=1, max_size=40))
def test_western_text_is_mended_back_from_one_double_encoding(text: str) -> None:
    damaged = (
        "".join(chr(byte) for byte in text.encode()).encode("latin-1").decode("cp1252", "ignore")
    )
    if len(damaged) == len(text.encode()):
        assert mended(damaged).replace("\xa0", " ") == text.replace("\xa0", " ")


def test_html_becomes_plain_text_with_its_breaks() -> None:
    html = "<p>Un <b>marché</b>&nbsp;paysan</p><script>alert(1)</script><ul><li>pain<li>lait</ul>"
    assert plain(mended(html)).startswith("Un marché paysan")
    assert "alert" not in plain(html)
    assert plain("12 rue<br>29000 Quimper") == "12 rue\n29000 Quimper"
    assert plain("a < b and c > d") == "a < b and c > d"


def test_scripts_styles_and_comments_are_left_out() -> None:
    html = "a<script>x('</p>')</SCRIPT >b<!-- c <b> -->d<style>p{}</style>e<script>never closed"
    assert plain(html) == "a b d enever closed"


@pytest.mark.parametrize("piece", ["<script ", "<!--", "<a ", "&#1", "Ã", "<", "a@"])
def test_hostile_text_takes_no_time(piece: str) -> None:
    text = piece * (32_000 // len(piece))
    started = time.process_time()
    one_line(mended(text), joint=", ")
    without_addresses(text)
    assert time.process_time() - started < 1


def test_lines_are_joined_in_a_name_and_separated_in_an_address() -> None:
    assert one_line("Green<br>Food Coop") == "Green Food Coop"
    assert one_line("Old House\r\nMill Road,", joint=", ") == "Old House, Mill Road"


def test_marks_that_turn_the_direction_are_taken_out() -> None:
    assert "\u202e" not in one_line("abc\u202edef")
    assert "\x00" not in one_line("abc\x00def")


def test_links_and_pictures_are_found_without_quotes_too() -> None:
    html = "<b><a target='_blank' href=http://a.example/x>A</a></b><img src=\"http://b.example/p.png\">"
    assert links_in(html) == ["http://a.example/x", "http://b.example/p.png"]
