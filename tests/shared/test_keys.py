"""Keys: text forms, signatures, files and fingerprints."""

import pickle
import stat
from pathlib import Path

import nkeys  # type: ignore[import-untyped]  # the package ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.keys import (
    BadKey,
    BadSignature,
    KeyExposed,
    Prefix,
    SigningKey,
    fingerprint,
    prefix_of,
    proquint,
    public_text,
    raw_public,
    read_secret,
    verify,
    write_secret,
)

raw_seeds = st.binary(min_size=32, max_size=32)


@given(raw_seeds, st.sampled_from(list(Prefix)))
def test_a_key_has_the_text_that_nats_gives_it(raw: bytes, prefix: Prefix) -> None:
    key = SigningKey(raw, prefix)
    theirs = nkeys.from_seed(key.seed.encode())
    assert theirs.public_key.decode() == key.public
    assert key.public[0] == prefix.value
    assert theirs.sign(b"bread") == key.sign(b"bread")


@given(raw_seeds, st.sampled_from(list(Prefix)))
def test_a_seed_text_gives_the_same_key_back(raw: bytes, prefix: Prefix) -> None:
    key = SigningKey(raw, prefix)
    again = SigningKey.from_seed(key.seed)
    assert (again.public, again.raw_seed, again.prefix) == (key.public, raw, prefix)
    assert public_text(raw_public(key.public), prefix) == key.public
    assert prefix_of(key.public) is prefix


def test_the_first_letter_says_what_a_key_is_for() -> None:
    letters = {prefix: SigningKey.generate(prefix).public[0] for prefix in Prefix}
    assert letters == {
        Prefix.ROOT: "N",
        Prefix.OPERATOR: "O",
        Prefix.ACCOUNT: "A",
        Prefix.SERVICE: "U",
    }


def test_what_a_key_signed_is_verified_by_its_public_text() -> None:
    key = SigningKey.generate(Prefix.SERVICE)
    signature = key.sign(b"olives")
    assert len(signature) == 64
    verify(key.public, b"olives", signature)


@pytest.mark.parametrize("place", [0, 31, 32, 63])
def test_a_changed_signature_is_refused(place: int) -> None:
    key = SigningKey.generate(Prefix.SERVICE)
    signature = bytearray(key.sign(b"olives"))
    signature[place] ^= 1
    with pytest.raises(BadSignature):
        verify(key.public, b"olives", bytes(signature))


def test_other_bytes_another_key_and_short_signatures_are_refused() -> None:
    key, other = SigningKey.generate(Prefix.SERVICE), SigningKey.generate(Prefix.SERVICE)
    signature = key.sign(b"olives")
    for public, data, given_signature in (
        (key.public, b"olive", signature),
        (other.public, b"olives", signature),
        (key.public, b"olives", signature[:-1]),
        (key.public, b"olives", b""),
        (key.public, b"olives", signature + b"\0"),
    ):
        with pytest.raises(BadSignature) as refused:
            verify(public, data, given_signature)
        assert refused.value.slug == "bad-signature"


@given(st.text(max_size=60))
def test_a_text_that_is_no_key_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadKey):
        raw_public(text)
    with pytest.raises(BadKey):
        SigningKey.from_seed(text)


def test_a_mistyped_key_is_refused() -> None:
    key = SigningKey.generate(Prefix.ROOT)
    swapped = key.public[:20] + ("A" if key.public[20] != "A" else "B") + key.public[21:]
    for text in (swapped, key.public.lower(), key.public[:-1], key.seed, key.public + "="):
        with pytest.raises(BadKey):
            raw_public(text)
    wrong = key.seed[:30] + ("A" if key.seed[30] != "A" else "B") + key.seed[31:]
    for text in (wrong, key.seed.lower(), key.public, key.seed + "AA"):
        with pytest.raises(BadKey):
            SigningKey.from_seed(text)


def test_a_key_never_shows_its_seed() -> None:
    key = SigningKey.generate(Prefix.ROOT)
    for shown in (repr(key), str(key), f"{key}", f"{[key]}"):
        assert key.public in shown
        assert key.seed not in shown
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_a_saved_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key, path = SigningKey.generate(Prefix.SERVICE), tmp_path / "keys" / "directory.seed"
    key.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert SigningKey.load(path).public == key.public
    assert [file.name for file in path.parent.iterdir()] == ["directory.seed"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "root.seed"
    SigningKey.generate(Prefix.ROOT).save(path)
    path.chmod(mode)
    with pytest.raises(KeyExposed) as refused:
        SigningKey.load(path)
    assert refused.value.slug == "key-exposed"


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "root.seed"
    write_secret(path, b"\xff\xfe hello")
    with pytest.raises(BadKey):
        SigningKey.load(path)


def test_a_secret_is_replaced_whole_and_a_left_over_draft_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_secret(path, b"first")
    write_secret(path, b"second")
    assert read_secret(path) == b"second"


def test_a_fingerprint_is_six_words_that_never_change() -> None:
    public = SigningKey(bytes(range(32)), Prefix.ROOT).public
    words = fingerprint(public).split("-")
    assert fingerprint(public) == "jinal-jopol-jidog-hitas-bapaj-tutit"
    assert len(words) == 6
    assert all(len(word) == 5 for word in words)
    assert fingerprint(SigningKey(bytes(32), Prefix.ROOT).public) != fingerprint(public)


def test_the_words_are_proquints() -> None:
    # The paper writes the address 127.0.0.1 as lusab-babad and 63.84.220.193 as gutih-tugad.
    assert [proquint(half) for half in (0x7F00, 0x0001, 0x3F54, 0xDCC1)] == [
        "lusab", "babad", "gutih", "tugad",
    ]  # fmt: skip
