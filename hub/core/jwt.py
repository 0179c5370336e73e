"""Signed assertions: JSON web tokens under RS256.

Source: RFC 7515 (compact form), RFC 7518 3.3 (RS256), RFC 7519 (claims).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

import orjson

from hub.core.errors import ConfigError
from hub.core.secrets import Secret


def signed(claims: Mapping[str, object], key: Secret) -> str:
    """The JSON web token of ``claims``, signed with an RSA key in PEM.

    Raises:
        ConfigError: If the key is none, or is locked by a password.
    """
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # slow to import
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        loaded = load_pem_private_key(key.reveal().encode(), password=None)
    except (ValueError, TypeError) as err:  # no PEM, or one with a password
        raise _no_private_key(key) from err
    if not isinstance(loaded, RSAPrivateKey):
        raise _no_private_key(key)
    text = ".".join(_part(orjson.dumps(part)) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    return f"{text}.{_part(loaded.sign(text.encode(), PKCS1v15(), SHA256()))}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _no_private_key(key: Secret) -> ConfigError:
    return ConfigError(
        f"{key.reference} holds no RSA private key. It is a PEM text without a password; make one"
        " with: openssl genrsa 2048",
        code="HUB-214",
    )
