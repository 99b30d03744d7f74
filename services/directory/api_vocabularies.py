"""The vocabularies over HTTP: what codes there are, and what they are called in each language."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.directory import vocabulary
from services.directory.vocabulary import UnknownTerm
from shared.gate import allowed
from shared.problems import refusals

CACHED_S = 3_600
"""How long an answer may be kept by whoever asked: vocabularies change with releases only."""

router = APIRouter(prefix="/vocabularies", tags=["vocabularies"])

LangQuery = Annotated[
    str | None,
    Query(
        max_length=35,
        pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$",
        description="The language of the labels, also with a region; else the browser's.",
        examples=["ar-MA"],
    ),
]
Accepted = Annotated[str | None, Header(alias="Accept-Language", max_length=1_000)]


class SchemesOut(BaseModel):
    """The vocabularies that there are."""

    schemes: list[str] = Field(examples=[["practice", "activities"]])
    languages: list[str] = Field(examples=[["ar", "en", "es", "fr", "pt"]])


class TermOut(BaseModel):
    """A term of a vocabulary."""

    term: str = Field(examples=["practice:time-bank"])
    label: str = Field(examples=["بنك الوقت"])
    broader: str | None = Field(default=None, examples=["practice:exchange"])
    uri: str = Field(examples=["http://purl.org/essglobal/standard/activities/a01"])


class VocabularyOut(BaseModel):
    """A vocabulary in one language."""

    scheme: str = Field(examples=["practice"])
    language: str = Field(examples=["ar-MA"])
    terms: list[TermOut]


@router.get("", operation_id="list_vocabularies", dependencies=[allowed("list_vocabularies")])
async def list_vocabularies() -> SchemesOut:
    """List the vocabularies, and the languages that all of them are in."""
    return SchemesOut(schemes=list(vocabulary.SCHEMES), languages=list(vocabulary.LANGUAGES))


@router.get(
    "/{scheme}",
    operation_id="read_vocabulary",
    responses=refusals(UnknownTerm),
    dependencies=[allowed("read_vocabulary")],
)
async def read_vocabulary(
    scheme: str, response: Response, lang: LangQuery = None, accepted: Accepted = None
) -> VocabularyOut:
    """Return the terms of a vocabulary in their order, with their labels in one language."""
    language = lang or preferred(accepted)
    response.headers["Content-Language"] = language.replace("_", "-")
    response.headers["Vary"] = "Accept-Language"
    response.headers["Cache-Control"] = f"public, max-age={CACHED_S}"
    return VocabularyOut(
        scheme=scheme,
        language=language,
        terms=[
            TermOut(
                term=concept.term,
                label=vocabulary.label(concept.term, language),
                broader=f"{scheme}:{concept.broader}" if concept.broader else None,
                uri=vocabulary.uri(concept.term),
            )
            for concept in vocabulary.concepts(scheme)
        ],
    )


def preferred(accepted: str | None) -> str:
    """Return the language of ours that a browser asks for first; English if there is none."""
    wanted: list[tuple[float, str]] = []
    for part in (accepted or "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        if tag.partition("-")[0].lower() in vocabulary.LANGUAGES:
            wanted.append((_weight(weight), tag))
    wanted.sort(key=lambda one: -one[0])
    return wanted[0][1] if wanted and wanted[0][0] > 0 else "en"


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
