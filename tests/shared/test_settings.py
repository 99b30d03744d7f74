"""A service runs without settings; each one that it has is typed and explained."""

from typing import Literal

import pytest
from pydantic import Field, SecretStr

from shared.settings import BadSetting, Described, Settings


class BakerySettings(Settings, service="bakery"):
    """The settings of a service of these tests."""

    port: int = Field(default=0, ge=0, le=65_535)
    """The port on which it answers; 0 chooses a free one."""
    dough: Literal["wheat", "rye"] = "wheat"
    """What the bread is made of."""
    passphrase: SecretStr = SecretStr("")
    """What opens the cellar."""
    shops: tuple[str, ...] = ()
    """Where the bread is sold, as a JSON list."""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of the process, put back after the test."""
    return monkeypatch


def test_a_service_runs_with_no_settings_at_all() -> None:
    settings = BakerySettings.read()
    assert (settings.port, settings.dough, settings.shops) == (0, "wheat", ())


def test_settings_are_read_from_the_variables_of_their_service(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("TWIZA_BAKERY_PORT", "8080")
    environment.setenv("TWIZA_BAKERY_SHOPS", '["Fès", "Liège"]')
    environment.setenv("TWIZA_DAIRY_DOUGH", "milk")
    settings = BakerySettings.read(dough="rye")
    assert (settings.port, settings.dough, settings.shops) == (8080, "rye", ("Fès", "Liège"))


def test_what_the_program_hands_in_stands_over_the_environment(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("TWIZA_BAKERY_DOUGH", "rye")
    assert BakerySettings.read(dough="wheat").dough == "wheat"


def test_a_setting_with_a_slip_of_the_pen_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TWIZA_BAKERY_PROT", "8080")
    with pytest.raises(BadSetting, match="there is no TWIZA_BAKERY_PROT"):
        BakerySettings.read()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TWIZA_BAKERY_PORT", "secret"),
        ("TWIZA_BAKERY_PORT", "70000"),
        ("TWIZA_BAKERY_DOUGH", "secret"),
        ("TWIZA_BAKERY_SHOPS", "[secret"),
    ],
)
def test_a_bad_value_is_refused_by_its_variable_and_not_repeated(
    environment: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(BadSetting) as refused:
        BakerySettings.read()
    assert variable in refused.value.detail
    assert value not in refused.value.detail


def test_every_setting_tells_its_variable_type_default_and_meaning() -> None:
    told = BakerySettings.described()
    assert told[0] == Described(
        "TWIZA_BAKERY_PORT", "int", "0", "The port on which it answers; 0 chooses a free one."
    )
    assert told[1].type == "typing.Literal['wheat', 'rye']"
    assert [setting.variable for setting in told] == [
        "TWIZA_BAKERY_PORT",
        "TWIZA_BAKERY_DOUGH",
        "TWIZA_BAKERY_PASSPHRASE",
        "TWIZA_BAKERY_SHOPS",
    ]


def test_a_secret_does_not_show() -> None:
    settings = BakerySettings.read(passphrase=SecretStr("open sesame"))
    assert "sesame" not in repr(settings)


def test_settings_stay_as_they_were_read() -> None:
    settings = BakerySettings.read()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]  # this is what is refused


def test_a_setting_without_a_default_or_a_docstring_is_a_defect() -> None:
    with pytest.raises(TypeError, match="dough lacks"):

        class _Silent(Settings, service="silent"):
            dough: str = "wheat"

    with pytest.raises(TypeError, match="dough lacks"):

        class _Demanding(Settings, service="demanding"):
            dough: str
            """What the bread is made of."""
