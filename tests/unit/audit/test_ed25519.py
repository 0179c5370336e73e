"""The verifier's own Ed25519 against the vectors of RFC 8032 and against cryptography."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.verify import _L, ed25519_holds

# RFC 8032, 7.1, TEST 1 to 3: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
        "6bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d"
        "8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6"
        "594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_published_vector_verifies(public: str, message: str, signature: str) -> None:
    """Signatures printed in RFC 8032 verify."""
    assert ed25519_holds(*(bytes.fromhex(text) for text in (public, message, signature)))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64), st.integers(0, 511))
def test_a_signature_verifies_until_one_bit_of_it_flips(
    seed: bytes, message: bytes, bit: int
) -> None:
    """What cryptography signs verifies; flipping any bit of signature, message or key does not."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    flipped = (int.from_bytes(signature) ^ 1 << bit).to_bytes(64)
    other = (int.from_bytes(public) ^ 1 << bit % 256).to_bytes(32)

    assert ed25519_holds(public, message, signature)
    assert not ed25519_holds(public, message, flipped)
    assert not ed25519_holds(public, message + b"x", signature)
    assert not ed25519_holds(other, message, signature)


def test_a_second_form_of_the_same_signature_is_refused() -> None:
    """S + L satisfies the equation too; RFC 8032, 5.1.7 wants S below L (malleability)."""
    public, message, signature = (bytes.fromhex(text) for text in VECTORS[0])
    s = int.from_bytes(signature[32:], "little") + _L

    assert not ed25519_holds(public, message, signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 63, 65])
def test_keys_and_signatures_of_wrong_length_are_refused(length: int) -> None:
    """Cut or padded input is a failed signature, not a crash."""
    public, message, signature = (bytes.fromhex(text) for text in VECTORS[0])

    assert not ed25519_holds(public, message, (signature + b"\0")[:length])
    assert not ed25519_holds((public * 3)[:length], message, signature)
