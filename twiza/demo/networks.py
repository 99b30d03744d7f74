"""The networks of the example federation, as ``examples/networks.toml`` describes them."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
FIRST_PORT: Final = 8400
PORTS_A_NODE: Final = 10
_PORT_NAMES: Final = (
    "single", "nats", "monitor", "leaf", "joining", "node", "directory", "exchange", "governance",
    "portal",
)  # fmt: skip

# Which of the real lists stands at which node: large ones and small ones, six languages in all.
REAL_LISTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "souss": (
        ("sel_route_des_sel.csv", "fr"),
        ("sel_selidaire.csv", "fr"),
        ("ess_transiscope_niort.js", "fr"),
        ("supermarches_cooperatifs.js", "fr"),
    ),
    "teranga": (
        ("coopsuk_2017_orgs.csv", "en"),
        ("timebanks_usa.csv", "en"),
        ("ces_community_exchange.csv", "en"),
    ),
    "ilhas": (("susy_transformap.geojson", "en"), ("timeoverflow_es.csv", "es")),
    "cuyo": (("timeoverflow_es.kml", "es"),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """A list of organisations to import."""

    path: Path
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of the example federation."""

    name: str
    level: str
    continent: str
    parent: str
    languages: tuple[str, ...]
    region: tuple[str, ...]
    names: dict[str, str]
    stewards: tuple[str, ...]
    files: tuple[ListFile, ...]
    offers: Path | None
    """What its entities offer and need, if that is part of the example."""
    decisions: Path | None
    """Its members and what they decide, if that is part of the example."""
    rates: Mapping[str, Any]
    """What its units are worth in a common measure, as the exchange takes it."""
    first_port: int

    @property
    def is_hub(self) -> bool:
        """Whether other networks join it."""
        return self.level != "local"

    @property
    def ports(self) -> dict[str, int]:
        """The ports that it likes to have."""
        return {name: self.first_port + at for at, name in enumerate(_PORT_NAMES)}

    @property
    def link_port(self) -> int:
        """Where the way to its hub begins, so that it can be cut."""
        return self.first_port + len(_PORT_NAMES)


def networks(*, world: bool, data: Path | None) -> list[Network]:
    """Return the networks to run, parents before children.

    Args:
        world: whether the second continent is among them.
        data: where the real lists are, to take them instead of the invented ones.
    """
    told = tomllib.loads((EXAMPLES / "networks.toml").read_text("utf-8"))["networks"]
    found = [_network(at, one) for at, one in enumerate(told)]
    chosen = [one for one, said in zip(found, told, strict=True) if world or not said["world"]]
    there = {one.name for one in chosen}
    chosen = [one if one.parent in there else replace(one, parent="") for one in chosen]
    return [_with_real_lists(one, data) for one in chosen] if data is not None else chosen


def real_data() -> Path | None:
    """Return where the real lists are, if the environment says so and they are there."""
    given = os.environ.get("TWIZA_DATA", "")
    folder = Path(given) / "directory"
    return folder if given and folder.is_dir() else None


def _network(at: int, said: Mapping[str, Any]) -> Network:
    return Network(
        name=said["name"],
        level=said["level"],
        continent=said["continent"],
        parent=said["parent"],
        languages=tuple(said["languages"]),
        region=tuple(said["region"]),
        names=dict(said["names"]),
        stewards=tuple(said["stewards"]),
        files=tuple(
            ListFile(path=EXAMPLES / one["path"], language=one["language"])
            for one in said.get("files", ())
        ),
        offers=EXAMPLES / said["offers"] if "offers" in said else None,
        decisions=EXAMPLES / said["decisions"] if "decisions" in said else None,
        rates=said.get("rates", {}),
        first_port=FIRST_PORT + at * 2 * PORTS_A_NODE,
    )


def _with_real_lists(network: Network, data: Path) -> Network:
    named: Iterable[tuple[str, str]] = REAL_LISTS.get(network.name, ())
    files = (ListFile(path=data / name, language=language) for name, language in named)
    # The entities of the real lists are others, and offer nothing here.
    there = tuple(one for one in files if one.path.exists())
    return replace(network, files=there, offers=None)
