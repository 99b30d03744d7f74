"""A hub's certificates: its own authority, and the server certificate that it signs.

Members receive the authority's certificate with their invitation and trust no other, so that no
public authority stands between a network and its hub.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.keys import read_secret, write_secret

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 397
RENEWED_BEFORE_DAYS: Final = 60
_CLOCK_SKEW: Final = timedelta(days=1)
_LOCAL_NAMES: Final = ("127.0.0.1", "localhost")


def make_authority(folder: Path, *, name: str, at: datetime) -> None:
    """Make ``ca.pem`` and ``ca.key`` in a folder, unless they are there."""
    if (folder / "ca.pem").exists() and (folder / "ca.key").exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Twiza hub {name}")])
    certificate = (
        _begun(subject, subject, key.public_key(), at=at, days=AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _keep(folder, "ca", key, certificate)


def make_server_certificate(folder: Path, *, host: str, at: datetime) -> None:
    """Make ``server.pem`` and ``server.key``, unless they are there, fit the host and last.

    Args:
        folder: holds the authority; the new files come beside it.
        host: the name or address under which members reach the hub; this machine's own names
            stand in the certificate besides.
        at: now.
    """
    names = _names(host)
    if _still_good(folder / "server.pem", names, at=at) and (folder / "server.key").exists():
        return
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key(read_secret(folder / "ca.key"), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    certificate = (
        _begun(subject, authority.subject, key.public_key(), at=at, days=SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )
    _keep(folder, "server", key, certificate)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    at: datetime,
    days: int,
) -> x509.CertificateBuilder:
    # A member's clock may be behind ours: the certificate is valid from yesterday.
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _CLOCK_SKEW)
        .not_valid_after(at + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _names(host: str) -> list[x509.GeneralName]:
    return [_general_name(name) for name in dict.fromkeys((host, *_LOCAL_NAMES))]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _still_good(path: Path, names: list[x509.GeneralName], *, at: datetime) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    written = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasting = certificate.not_valid_after_utc - at > timedelta(days=RENEWED_BEFORE_DAYS)
    return lasting and set(written) == set(names)


def _keep(
    folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> None:
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # The certificate comes last: where it stands, its key does too.
    write_secret(folder / f"{name}.key", secret)
    write_secret(folder / f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM))
