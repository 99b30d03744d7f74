"""A federation that was joined by the real procedure, made once and copied for each file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.federation import RealFederation, copied, together
from tests.faults.rest import settled


@pytest.fixture(scope="session")
def joined_homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The homes of a continental hub ``eu`` and its members ``fr`` and ``es``, which do not run."""
    folder = tmp_path_factory.mktemp("joined")
    federation = RealFederation(folder)
    try:
        together(
            lambda: federation.add("eu", level="continental"),
            lambda: federation.add("fr"),
            lambda: federation.add("es"),
        )
        federation.start()
        together(lambda: federation.join("fr", "eu"), lambda: federation.join("es", "eu"))
        settled(federation.all)
    finally:
        federation.close()
    return folder


@pytest.fixture(scope="module")
def federation(
    joined_homes: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealFederation]:
    """These three, up: ``es`` in several processes, ``fr`` and the hub in one each."""
    with copied(joined_homes, tmp_path_factory.mktemp("federation")) as federation:
        federation.take("eu")
        federation.take("fr", hub="eu")
        federation.take("es", hub="eu", single=False)
        federation.start()
        yield federation
