"""A token is believed when a key of its own node signed it, for this service, and for now."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.ids import NodeName, ServiceName
from shared.keys import Prefix, SigningKey
from shared.log.certificates import BadCertificate, certify
from shared.people import (
    TOKEN_LENGTH_MAX,
    TOKEN_LIFE_MAX,
    Bearer,
    Claims,
    Mandate,
    TokenExpired,
    TokenForged,
    TokenKeys,
    TokenMissing,
    TokenNotYours,
    TokenRevoked,
    issue,
    service_token,
    verify,
)

NODE = NodeName("remess")
DIRECTORY, EXCHANGE = ServiceName("directory"), ServiceName("exchange")
NOW = datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)
ROOT, TOKENS_KEY, DIRECTORY_KEY, STRANGER = (
    SigningKey(bytes([seed]) * 32, prefix)
    for seed, prefix in enumerate(
        (Prefix.ROOT, Prefix.SERVICE, Prefix.SERVICE, Prefix.SERVICE), start=1
    )
)
KEYS = TokenKeys(
    tokens=frozenset({TOKENS_KEY.public}),
    services={
        TOKENS_KEY.public: ServiceName("node"),
        DIRECTORY_KEY.public: DIRECTORY,
    },
)


def _claims(**changed: Any) -> Claims:
    given: dict[str, Any] = {
        "sub": "p-1",
        "kind": Bearer.PERSON,
        "node": NODE,
        "roles": frozenset({"member", "steward"}),
        "mandates": (Mandate(entity="remess:e-1", until=int(NOW.timestamp()) + 60),),
    }
    return Claims.lasting(timedelta(minutes=15), now=NOW, **(given | changed))


def _verified(
    token: str,
    *,
    keys: TokenKeys = KEYS,
    node: NodeName = NODE,
    audience: ServiceName = DIRECTORY,
    now: datetime = NOW,
    revoked: Callable[[Claims], bool] = lambda claims: False,
) -> Claims:
    return verify(token, keys, node=node, audience=audience, now=now, revoked=revoked)


def test_a_token_says_what_was_signed() -> None:
    claims = _claims()
    assert _verified(issue(claims, TOKENS_KEY)) == claims


def test_no_token_at_all_has_a_refusal_of_its_own() -> None:
    with pytest.raises(TokenMissing):
        _verified("")


def test_a_token_is_good_from_its_making_to_its_end_and_not_at_its_end() -> None:
    token = issue(_claims(), TOKENS_KEY)
    end = NOW + timedelta(minutes=15)
    _verified(token, now=end - timedelta(seconds=1))
    for now in (end, end + timedelta(days=1), NOW - timedelta(seconds=31)):
        with pytest.raises(TokenExpired):
            _verified(token, now=now)
    _verified(token, now=NOW - timedelta(seconds=29))


def test_a_token_for_another_node_or_service_is_not_ours() -> None:
    with pytest.raises(TokenNotYours):
        _verified(issue(_claims(aud=(EXCHANGE,)), TOKENS_KEY))
    with pytest.raises(TokenNotYours):
        _verified(issue(_claims(node=NodeName("other")), TOKENS_KEY))
    with pytest.raises(TokenNotYours):
        _verified(issue(_claims(), TOKENS_KEY), node=NodeName("other"))


def test_a_token_is_revoked_by_its_id_or_with_all_of_its_bearer() -> None:
    token = issue(_claims(jti="lost"), TOKENS_KEY)
    for revoked in (
        lambda claims: claims.jti == "lost",
        lambda claims: claims.sub == "p-1" and claims.iat <= NOW.timestamp(),
    ):
        with pytest.raises(TokenRevoked):
            _verified(token, revoked=revoked)
    _verified(token, revoked=lambda claims: claims.jti == "another")


def test_a_token_signed_by_a_stranger_is_forged() -> None:
    with pytest.raises(TokenForged):
        _verified(issue(_claims(), STRANGER))


def test_a_token_that_names_our_key_and_is_signed_by_a_stranger_is_forged() -> None:
    private = Ed25519PrivateKey.from_private_bytes(STRANGER.raw_seed)
    headers = {"kid": TOKENS_KEY.public, "typ": "twiza+jwt"}
    payload = _claims().model_dump(mode="json")
    token = jwt.encode(payload, private, algorithm="EdDSA", headers=headers)
    with pytest.raises(TokenForged):
        _verified(token)


def test_a_service_speaks_for_itself_and_for_nobody_else() -> None:
    token = service_token(DIRECTORY, DIRECTORY_KEY, node=NODE, audience=EXCHANGE, now=NOW)
    assert _verified(token, audience=EXCHANGE).sub == "directory"
    with pytest.raises(TokenNotYours):
        _verified(token, audience=ServiceName("governance"))
    with pytest.raises(TokenExpired):
        _verified(token, audience=EXCHANGE, now=NOW + timedelta(minutes=5))
    with pytest.raises(TokenForged):
        _verified(issue(_claims(), DIRECTORY_KEY))
    other = service_token(EXCHANGE, DIRECTORY_KEY, node=NODE, audience=DIRECTORY, now=NOW)
    with pytest.raises(TokenForged):
        _verified(other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": Bearer.SERVICE, "sub": "directory", "aud": (EXCHANGE,)},
        {"kind": Bearer.SERVICE, "sub": "p-1", "aud": (EXCHANGE,), "exp": NOW.timestamp() + 60},
        {"aud": ()},
        {"sub": ""},
        {"exp": int((NOW + TOKEN_LIFE_MAX).timestamp()) + 1},
        {"exp": int(NOW.timestamp())},
        {"exp": 2**53, "iat": 2**53 - 10},
    ],
)
def test_claims_that_no_token_may_make_are_not_made(wrong: dict[str, Any]) -> None:
    claims = _claims().model_dump() | wrong
    with pytest.raises(ValidationError):
        Claims.model_validate(claims)
    claims = _claims().model_dump(mode="json") | {
        key: list(value) if isinstance(value, tuple) else value for key, value in wrong.items()
    }
    private = Ed25519PrivateKey.from_private_bytes(TOKENS_KEY.raw_seed)
    headers = {"kid": TOKENS_KEY.public, "typ": "twiza+jwt"}
    with pytest.raises(TokenForged):
        _verified(jwt.encode(claims, private, algorithm="EdDSA", headers=headers))


def _text(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _with_header(**header: Any) -> str:
    _, payload, signature = issue(_claims(), TOKENS_KEY).split(".")
    whole = {"alg": "EdDSA", "typ": "twiza+jwt", "kid": TOKENS_KEY.public} | header
    return f"{_text(whole)}.{payload}.{signature}"


def test_other_algorithms_than_ours_are_refused() -> None:
    payload = _text(_claims().model_dump(mode="json"))
    header = _text({"alg": "none", "typ": "twiza+jwt", "kid": TOKENS_KEY.public})
    with pytest.raises(TokenForged):
        _verified(f"{header}.{payload}.")
    # The old trick: our public key, which everybody knows, as the secret of a symmetric signature.
    symmetric = jwt.encode(
        _claims().model_dump(mode="json"),
        TOKENS_KEY.public,
        algorithm="HS256",
        headers={"kid": TOKENS_KEY.public, "typ": "twiza+jwt"},
    )
    with pytest.raises(TokenForged):
        _verified(symmetric)


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "..",
        "a.b.c",
        "é.é.é",
        "\ud800",
        "x" * (TOKEN_LENGTH_MAX + 1),
        _with_header(typ="JWT"),
        _with_header(kid=None),
        _with_header(kid=["a"]),
        _with_header(kid=STRANGER.public),
        _with_header(alg="ES256"),
        _with_header(crit=["exp"]),
        f"{_text([])}.{_text({})}.",
        f"{_text(b'[' * 3000)}.{_text({})}.",
    ],
)
def test_what_is_no_token_of_ours_is_forged(token: str) -> None:
    with pytest.raises(TokenForged):
        _verified(token)


def test_what_our_key_signed_for_another_use_is_no_token() -> None:
    private = Ed25519PrivateKey.from_private_bytes(TOKENS_KEY.raw_seed)
    payload = _claims().model_dump(mode="json")
    headers = {"kid": TOKENS_KEY.public, "typ": "JWT"}
    with pytest.raises(TokenForged):
        _verified(jwt.encode(payload, private, algorithm="EdDSA", headers=headers))


@given(st.data())
def test_no_letter_of_a_token_can_be_changed(data: st.DataObject) -> None:
    token = issue(_claims(jti="j", roles=frozenset({"member"})), TOKENS_KEY)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_."))
    changed = token[:at] + letter + token[at + 1 :]
    # The last letter of a part has bits that say nothing; a change there says the same again.
    if changed.split(".")[:2] != token.split(".")[:2]:
        with pytest.raises(TokenForged):
            _verified(changed)


def test_the_same_claims_give_the_same_token() -> None:
    claims = _claims(roles=frozenset({"steward", "member", "auditor"}))
    again = Claims.model_validate(claims.model_dump())
    assert issue(claims, TOKENS_KEY) == issue(again, TOKENS_KEY)


def test_a_claim_of_a_later_release_does_no_harm() -> None:
    payload = _claims().model_dump(mode="json") | {"mood": "fine"}
    private = Ed25519PrivateKey.from_private_bytes(TOKENS_KEY.raw_seed)
    headers = {"kid": TOKENS_KEY.public, "typ": "twiza+jwt"}
    token = jwt.encode(payload, private, algorithm="EdDSA", headers=headers)
    assert _verified(token).sub == "p-1"


def test_a_mandate_ends_with_its_term() -> None:
    (mandate,) = _claims().mandates
    assert mandate.holds(NOW)
    assert not mandate.holds(NOW + timedelta(seconds=60))
    assert Mandate(entity="remess:e-2").holds(NOW + timedelta(days=9999))


def test_the_certificates_of_a_node_say_which_keys_sign_tokens() -> None:
    certificates = [
        certify(
            ROOT,
            node=NODE,
            service=ServiceName("node"),
            key=TOKENS_KEY.public,
            roles=("tokens",),
        ),
        certify(ROOT, node=NODE, service=DIRECTORY, key=DIRECTORY_KEY.public),
        certify(
            ROOT,
            node=NodeName("another"),
            service=DIRECTORY,
            key=STRANGER.public,
            roles=("tokens",),
        ),
    ]
    assert TokenKeys.of(certificates, node=NODE, root_key=ROOT.public) == KEYS
    with pytest.raises(BadCertificate):
        TokenKeys.of(certificates, node=NODE, root_key=STRANGER.public)
