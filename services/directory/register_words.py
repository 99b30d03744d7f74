"""The headings and words of lists of members, in five languages."""

from collections.abc import Mapping
from typing import Final


def _by_word(words: Mapping[str, str]) -> dict[str, str]:
    """Return the meaning of each word, from lists of words with a comma between."""
    return {
        word.strip().casefold(): meaning
        for meaning, some in words.items()
        for word in some.split(",")
    }


HEADINGS: Final = _by_word(
    {
        "number": "number, member number, numéro, numero, número, n°, nº, رقم, رقم العضو",
        "name": "name, note, nom, nombre, nome, الاسم, اسم",
        "entity": "entity, entité, entidad, entidade, الكيان, كيان",
        "standing": "standing, status, statut, calidad, estado, situação, qualité, الصفة, صفة",
        "groups": "groups, group, college, groupes, groupe, collège, grupos, grupo,"
        " المجموعات, المجموعة",
        "gender": "gender, genre, género, gênero, الجنس",
        "worker": "worker, travailleur, travailleuse, trabajador, trabajadora, trabalhador,"
        " trabalhadora, عامل, عاملة",
        "worker_since": "worker since, travaille depuis, trabaja desde, trabalha desde, يعمل منذ",
        "since": "since, member since, depuis, membre depuis, desde, miembro desde, membro desde,"
        " عضو منذ, منذ",
        "delegate_of": "delegate of, délégué de, déléguée de, delegado de, delegada de, مندوب عن",
        "begins": "begins, from, mandate from, début, du, inicio, início, من",
        "ends": "ends, until, mandate until, fin, jusqu'au, hasta, até, إلى",
    }
)
STANDINGS: Final = _by_word(
    {
        "full": "full, full member, member, membre, membre actif, socio, socia, miembro, membro,"
        " عضو, عضوة",
        "observer": "observer, observateur, observatrice, observador, observadora, مراقب, مراقبة",
    }
)
GENDERS: Final = _by_word(
    {
        "woman": "woman, w, f, femme, mujer, mulher, امرأة",
        "man": "man, m, h, homme, hombre, homem, رجل",
        "other": "other, x, autre, otro, otra, outro, outra, آخر",
    }
)
YES: Final = frozenset(("yes", "y", "true", "1", "x", "oui", "sí", "si", "sim", "نعم"))
NO: Final = frozenset(("no", "n", "false", "0", "non", "não", "nao", "لا"))
