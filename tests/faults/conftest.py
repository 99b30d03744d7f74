"""A federation that was joined by the real procedure, made once and copied for each file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.federation import RealFederation, copied
from tests.faults.rest import settled


@pytest.fixture(scope="session")
def joined_homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The homes of a continental hub ``eu`` and its members ``fr`` and ``es``, which do not run."""
    folder = tmp_path_factory.mktemp("joined")
    federation = RealFederation(folder)
    try:
        federation.add("eu", level="continental")
        federation.add("fr")
        federation.add("es")
        federation.start()
        federation.join("fr", "eu")
        federation.join("es", "eu")
        settled(list(federation.nodes.values()))
    finally:
        federation.close()
    return folder


@pytest.fixture(scope="module")
def homes(joined_homes: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFederation]:
    """A federation of these three for one file of tests; nothing of it runs yet."""
    with copied(joined_homes, tmp_path_factory.mktemp("federation")) as federation:
        yield federation


@pytest.fixture(scope="module")
def federation(homes: RealFederation) -> RealFederation:
    """These three, up: ``es`` in several processes, ``fr`` and the hub in one each."""
    homes.take("eu")
    homes.take("fr", hub="eu")
    homes.take("es", hub="eu", single=False)
    homes.start()
    return homes
