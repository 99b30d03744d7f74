"""Two profiles, one small and one as people fill them in, for the tests to change."""

from typing import Any

TYPICAL: dict[str, Any] = {
    "name": "Coopérative Tafukt",
    "names": {"ar": "تعاونية تافوكت", "zgh-Tfng": "ⵜⴰⴼⵓⴽⵜ"},
    "summary": {"fr": "Huile d'argan, pressée par celles qui la vendent."},
    "description": {
        "fr": "Quarante femmes de six douars concassent, pressent et vendent ensemble." * 4,
        "ar": "أربعون امرأة من ستة دواوير يكسرن ويعصرن ويبعن معا." * 4,
    },
    "original_language": "fr",
    "identifiers": [{"scheme": "ma_ice", "value": "000000000000000"}],
    "org_structure": "organisational-structure:OS90",
    "legal_form": "legal-form:L2",
    "activities": ["activities:a01", "activities:a03"],
    "practices": ["practice:producer-coop", "practice:fair-trade"],
    "economy": "both",
    "tags": ["argan", "bio"],
    "values": [{"code": "ripess:equity", "level": 3}],
    "addresses": [
        {
            "street": "Route du Souk 4",
            "locality": "Agadir",
            "region": "Souss-Massa",
            "postcode": "80000",
            "country": "MA",
            "is_main": True,
        }
    ],
    "geo": {"lat": 304_277_001, "lon": -95_981_003, "precision": "street"},
    "primary_url": "https://tafukt.example.org",
    "links": [{"url": "https://social.example.org/@tafukt", "kind": "mastodon"}],
    "founded_on": "2007",
    "members_total": 40,
    "members_women": 40,
    "board_total": 5,
    "board_women": 5,
    "licence": "CC0-1.0",
    "updated_at": "2026-03-01T09:00:00Z",
}
SMALL: dict[str, Any] = {"name": "Argane", "practices": ["practice:producer-coop"]}
