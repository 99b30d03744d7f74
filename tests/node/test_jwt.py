"""Tokens say what they were made to say, and a changed one says nothing."""

import json
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from hashlib import new

import pytest

from services.node import jwt
from services.node.permissions import Allowed
from shared.keys import Prefix, SigningKey

OPERATOR = SigningKey(bytes([1] * 32), Prefix.OPERATOR)
ACCOUNT = SigningKey(bytes([2] * 32), Prefix.ACCOUNT)
USER = SigningKey(bytes([3] * 32), Prefix.USER)
ALLOWED = Allowed(("directory.pages",), ("fd.*.fr.ib.directory.>",))


def user(expires_at: int | None = None) -> str:
    return jwt.user_token(
        ACCOUNT,
        USER.public,
        name="fed-directory",
        allowed=ALLOWED,
        issued_at=1000,
        expires_at=expires_at,
    )


def test_a_user_token_carries_its_allow_lists() -> None:
    claims = jwt.claims_of(user(expires_at=2000))
    assert claims["nats"]["pub"] == {"allow": ["directory.pages"]}
    assert claims["nats"]["sub"] == {"allow": ["fd.*.fr.ib.directory.>"]}
    assert (claims["iss"], claims["sub"]) == (ACCOUNT.public, USER.public)
    assert (claims["iat"], claims["exp"]) == (1000, 2000)


def test_the_id_of_a_token_is_the_hash_of_its_claims() -> None:
    claims = jwt.claims_of(user())
    jti = claims.pop("jti")
    digest = new("sha512_256", json.dumps(claims, separators=(",", ":")).encode()).digest()
    assert jti == b32encode(digest).decode().rstrip("=")


def test_an_account_token_names_its_signing_keys_and_who_is_revoked() -> None:
    token = jwt.account_token(
        OPERATOR,
        ACCOUNT.public,
        name="FED",
        issued_at=1000,
        jetstream=True,
        leafs=True,
        signing_keys=["ASIGN"],
        revocations={USER.public: 999},
    )
    nats = jwt.claims_of(token)["nats"]
    assert nats["signing_keys"] == ["ASIGN"]
    assert nats["revocations"] == {USER.public: 999}
    assert nats["limits"]["disk_storage"] == nats["limits"]["leaf"] == -1


def test_an_account_without_streams_and_leafs_has_none() -> None:
    token = jwt.account_token(
        OPERATOR, ACCOUNT.public, name="SYS", issued_at=1, jetstream=False, leafs=False
    )
    limits = jwt.claims_of(token)["nats"]["limits"]
    assert "disk_storage" not in limits
    assert limits["leaf"] == 0


def test_tokens_that_differ_only_in_their_time_say_the_same() -> None:
    later = jwt.user_token(
        ACCOUNT, USER.public, name="fed-directory", allowed=ALLOWED, issued_at=5000
    )
    wider = jwt.user_token(
        ACCOUNT, USER.public, name="fed-directory", allowed=Allowed((">",), ()), issued_at=1000
    )
    assert jwt.says_the_same(user(), later)
    assert not jwt.says_the_same(user(), wider)


def test_a_changed_token_is_refused() -> None:
    head, body, signature = user().split(".")
    claims = json.loads(urlsafe_b64decode(body + "=="))
    claims["nats"]["pub"]["allow"] = [">"]
    forged = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    for token in (
        f"{head}.{forged}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}",
        "",
        "a.b.c",
        f"{head}.{urlsafe_b64encode(b'[]').decode()}.{signature}",
        f"{head}.{urlsafe_b64encode(b'7').decode()}.{signature}",
    ):
        with pytest.raises(jwt.BadCredential):
            jwt.claims_of(token)


def test_credentials_give_their_token_back() -> None:
    text = jwt.credentials_text(user(), USER.seed)
    assert jwt.token_of_credentials(text) == user()
    assert USER.seed in text
    with pytest.raises(jwt.BadCredential):
        jwt.token_of_credentials("nothing")
