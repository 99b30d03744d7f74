"""A home is founded once, keeps its secrets, and reads back what was written."""

import stat
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from services.node import credentials, jwt, tls, toml
from services.node.home import BadHome, Federation, Home, NodeSettings, initialise
from services.node.server_config import write_config
from shared.ids import SERVICES, NodeName
from shared.keys import KeyExposed, SigningKey
from shared.subjects import Level

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def settings(name: str = "fr", level: str = "local", **more: object) -> NodeSettings:
    return NodeSettings.model_validate(
        {"name": name, "continent": "eu", "level": level, "store_mb": 1000, **more}
    )


def everything(home: Home) -> dict[Path, tuple[bytes, int]]:
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in home.path.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("level", list(Level))
def test_founding_a_node_twice_changes_nothing(tmp_path: Path, level: Level) -> None:
    home = initialise(tmp_path / "fr", settings(level=level), at=AT)
    write_config(home)
    before = everything(home)
    again = initialise(tmp_path / "fr", settings(level=level), at=AT + timedelta(hours=1))
    assert everything(again) == before


def test_founding_completes_what_was_left_undone(tmp_path: Path) -> None:
    home = initialise(tmp_path / "fr", settings())
    before = everything(home)
    home.service_key("exchange").unlink()
    home.user_creds("fed", "portal").unlink()
    home.token("app").unlink()
    initialise(tmp_path / "fr", settings())
    after = everything(home)
    assert after.keys() == before.keys()
    assert after[home.root_key] == before[home.root_key]


def test_a_home_keeps_its_name(tmp_path: Path) -> None:
    initialise(tmp_path / "home", settings("fr"))
    with pytest.raises(BadHome):
        initialise(tmp_path / "home", settings("es"))


def test_nobody_else_can_read_what_a_home_holds(tmp_path: Path) -> None:
    home = initialise(tmp_path / "eu", settings("eu", "continental"))
    write_config(home)
    for path in (home.path, *home.path.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_home_with_an_exposed_key_is_refused(tmp_path: Path) -> None:
    home = initialise(tmp_path / "fr", settings())
    home.operator_key.chmod(0o644)
    with pytest.raises(KeyExposed):
        initialise(tmp_path / "fr", settings())


def test_every_service_has_a_key_and_a_user_in_each_account(tmp_path: Path) -> None:
    home = initialise(tmp_path / "fr", settings())
    publics = [SigningKey.load(path).public for path in home.keys.rglob("*.seed")]
    assert len(publics) == len(set(publics))
    for service in SERVICES:
        assert SigningKey.load(home.service_key(service)).public.startswith("U")
        for account in ("app", "fed"):
            token = jwt.token_of_credentials(home.user_creds(account, service).read_text())
            claims = jwt.claims_of(token)
            assert claims["sub"] == SigningKey.load(home.user_key(account, service)).public
            assert claims["iss"] == SigningKey.load(home.account_key(account)).public
    assert SigningKey.load(home.root_key).public.startswith("N")


def test_free_ports_are_chosen_and_given_ones_are_kept(tmp_path: Path) -> None:
    home = initialise(tmp_path / "fr", settings(ports={"single": 8321}))
    ports = home.settings().ports.model_dump()
    assert ports["single"] == 8321
    assert all(ports.values())
    assert len(set(ports.values())) == len(ports)
    # None that the system gives to connections, which may hold it when the node starts again.
    assert all(port < 32_768 for port in ports.values())
    assert home.settings().ports.of("directory") == ports["directory"]


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    given_settings = settings(
        names={"ar": "شبكة التعاونيات", "fr": 'Réseau "solidaire"', "pt-BR": "Rede\nsolidária"},
        languages=["ar", "fr"],
        region=["maghreb"],
        services=["node", "directory"],
        host="réseau.example",
        durability="relaxed",
    )
    kept = initialise(tmp_path / "fr", given_settings).settings()
    assert kept.model_copy(update={"ports": given_settings.ports}) == given_settings


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = ",
        'name = "Fr"\ncontinent = "eu"',
        'name = "fr"\ncontinent = "eu"\ncolour = "red"',
    ],
)
def test_settings_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "twiza.toml").write_text(text)
    with pytest.raises(BadHome):
        Home.opened(tmp_path)
    with pytest.raises(BadHome):
        Home.opened(tmp_path / "nowhere")


texts = st.text(st.characters(exclude_categories=["Cs"]))
values = texts | st.integers(-(2**53), 2**53) | st.booleans() | st.lists(texts)


@given(st.dictionaries(texts, values | st.dictionaries(texts, values)))
def test_toml_is_read_as_it_was_written(tables: dict[str, object]) -> None:
    assert tomllib.loads(toml.written(tables, heading="A heading")) == tables


def test_a_hub_has_a_certificate_for_its_host(tmp_path: Path) -> None:
    home = initialise(tmp_path / "eu", settings("eu", "continental", host="hub.example"), at=AT)
    ca, server = (
        x509.load_pem_x509_certificate(path.read_bytes()) for path in (home.ca_pem, home.server_pem)
    )
    server.verify_directly_issued_by(ca)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.example", "localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert not initialise(tmp_path / "fr", settings()).ca_pem.exists()


def test_a_server_certificate_is_renewed_in_time_under_the_same_authority(tmp_path: Path) -> None:
    home = initialise(tmp_path / "eu", settings("eu", "continental"), at=AT)
    ca, server = home.ca_pem.read_bytes(), home.server_pem.read_bytes()
    soon = AT + timedelta(days=tls.SERVER_DAYS - tls.RENEWED_BEFORE_DAYS + 1)
    initialise(tmp_path / "eu", settings("eu", "continental"), at=soon)
    assert home.ca_pem.read_bytes() == ca
    assert home.server_pem.read_bytes() != server


def federation(hub: Home, member: Home, *, user: str | None = None) -> Federation:
    return Federation(
        hub=hub.settings().name,
        hub_continent=NodeName("eu"),
        leaf_url="tls://127.0.0.1:7422",
        ca_pem=hub.ca_pem.read_text(),
        leaf_jwt=credentials.issue_member_leaf(
            hub,
            user=user or SigningKey.load(member.leaf_key).public,
            member=member.settings().name,
            member_level=member.settings().level,
        ),
        hub_root_key=SigningKey.load(hub.root_key).public,
        offered=("CONT_eu", "ABROAD_eu"),
    )


def test_joining_a_hub_gives_new_credentials_and_no_new_keys(tmp_path: Path) -> None:
    hub = initialise(tmp_path / "eu", settings("eu", "continental"))
    home = initialise(tmp_path / "fr", settings())
    before = jwt.claims_of(
        jwt.token_of_credentials(home.user_creds("fed", "directory").read_text())
    )
    home.save_federation(federation(hub, home))
    after = jwt.claims_of(jwt.token_of_credentials(home.user_creds("fed", "directory").read_text()))
    assert before["sub"] == after["sub"]
    assert "ask.eu.pages" in set(after["nats"]["pub"]["allow"]) - set(
        before["nats"]["pub"]["allow"]
    )
    assert home.federation() == federation(hub, home)
    assert home.place().hub == "eu"
    assert "leafnodes" in write_config(home).read_text()


def test_a_leaf_token_for_another_key_is_refused(tmp_path: Path) -> None:
    hub = initialise(tmp_path / "eu", settings("eu", "continental"))
    home = initialise(tmp_path / "fr", settings())
    other = SigningKey.load(home.user_key("fed", "node")).public
    with pytest.raises(jwt.BadCredential):
        home.save_federation(federation(hub, home, user=other))
    with pytest.raises(jwt.BadCredential):
        federation(hub, home, user=SigningKey.load(home.root_key).public)


def test_a_revocation_is_kept_and_a_later_admission_counts_again(tmp_path: Path) -> None:
    hub = initialise(tmp_path / "eu", settings("eu", "continental"), at=AT)
    home = initialise(tmp_path / "fr", settings(), at=AT)
    leaf = SigningKey.load(home.leaf_key).public
    first = jwt.claims_of(hub.token("fed").read_text())
    token = credentials.revoke(hub, leaf, at=AT)
    claims = jwt.claims_of(token)
    assert claims["nats"]["revocations"] == {leaf: int(AT.timestamp())}
    assert claims["iat"] > first["iat"]
    assert credentials.revocations(Home.opened(hub.path)) == {leaf: int(AT.timestamp())}
    anew = credentials.issue_member_leaf(
        hub, user=leaf, member=NodeName("fr"), member_level=Level.LOCAL, at=AT
    )
    assert jwt.claims_of(anew)["iat"] > claims["nats"]["revocations"][leaf]
