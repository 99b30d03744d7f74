"""Data is held against a contract field by field, and what its model refuses is refused."""

from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shared.contracts.directory import EntityListed
from shared.contracts.profile import PublicProfile
from shared.events import contracts
from shared.reading import SparseCheck, Unfit, sparse_check

PROFILE: dict[str, Any] = {
    "name": "Twiza",
    "names": {"ar": "تويزة"},
    "practices": ["practice:time-bank"],
    "geo": {"lat": 1, "lon": 2},
    "addresses": [{"country": "MA", "is_main": True}],
    "area_served": {"scope": "local", "polygons": [[[1, 2], [3, 4], [5, 6], [1, 2]]]},
    "members_total": 3,
    "created_at": "2026-11-21T17:00:00Z",
}
LISTED: dict[str, Any] = {
    "entity_id": "fr:0190a0a0-0000-7000-8000-000000000000",
    "revision": 1,
    "profile": PROFILE,
}
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def _model_takes(model: type[BaseModel], data: Any) -> bool:
    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True


def _check_takes(model: type[BaseModel], data: Any) -> bool:
    try:
        sparse_check(model)(data)
    except (Unfit, ValidationError):
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(field=st.sampled_from(sorted(PublicProfile.model_fields)),
       value=ANY, nested=st.booleans())  # fmt: skip
def test_a_field_of_a_profile_is_taken_where_the_model_takes_it(
    field: str, value: Any, nested: bool
) -> None:
    put = [value] if nested else value
    data = {**LISTED, "profile": {**PROFILE, field: put}}
    assert _check_takes(EntityListed, data) == _model_takes(EntityListed, data)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_contract_takes_and_refuses_what_its_model_does(data: st.DataObject) -> None:
    contract = data.draw(st.sampled_from(sorted(contracts().values(), key=lambda c: c.kind)))
    names = sorted(contract.model_fields)
    payload = data.draw(st.dictionaries(st.sampled_from([*names, "unknown"]), ANY))
    assert _check_takes(contract, payload) == _model_takes(contract, payload)


@pytest.mark.parametrize("missing", ["entity_id", "revision", "profile"])
def test_a_field_that_must_be_there_is_named(missing: str) -> None:
    data = {name: value for name, value in LISTED.items() if name != missing}
    with pytest.raises(Unfit, match=f"^{missing}: is missing"):
        sparse_check(EntityListed)(data)


def test_the_place_of_what_does_not_fit_is_named() -> None:
    data = {**LISTED, "profile": {**PROFILE, "geo": {"lat": 1, "lon": "2"}}}
    with pytest.raises(Unfit, match=r"^profile\.geo\.lon: "):
        sparse_check(EntityListed)(data)


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_what_is_no_object_is_refused(data: Any) -> None:
    with pytest.raises(Unfit):
        sparse_check(EntityListed)(data)


def test_a_profile_is_not_made_to_be_checked() -> None:
    check = sparse_check(EntityListed)
    assert isinstance(check, SparseCheck)
    assert isinstance(check.fields["profile"], SparseCheck)


class WithOwnCode(BaseModel):
    """A model whose validator is Python."""

    number: int

    @field_validator("number")
    @classmethod
    def _even(cls, number: int) -> int:
        if number % 2:
            raise ValueError("odd")
        return number


class Exact(BaseModel):
    """A model that minds what it does not know."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1)] = 1


@pytest.mark.parametrize(("model", "bad"), [(WithOwnCode, {"number": 3}), (Exact, {"other": 1})])
def test_a_model_with_more_to_say_is_asked_itself(
    model: type[BaseModel], bad: dict[str, Any]
) -> None:
    assert not _check_takes(model, bad)
    assert _check_takes(model, {"number": 2})
