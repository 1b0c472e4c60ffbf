"""Ciphers: the vectors made with the official SDK, and nothing but `ProtocolError` for anything else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.errors import ProtocolError, QueryError
from pd_capflow.protocol.cipher import PLAIN, Algorithm, Rsa, aes_cipher, agreed_algorithm, read_rsa_key
from pd_capflow.protocol.messages import INIT_CONNECT

KEY, IV = "0123456789abcdef", "fedcba9876543210"
CBC, FTAES, ECB = Algorithm.AES_CBC, Algorithm.FTAES_ECB, Algorithm.AES_ECB
QUESTION = "0a120a090801120530303730301001a206020800"
SIXTEEN = "30313233343536373839616263646566"

VECTORS = [
    (FTAES, QUESTION, "d4753ba89956e2188cb03e61015a48d273f1ba72e092604f53bbbd1097de5bfa" + "0" * 30 + "04"),
    (FTAES, SIXTEEN, "72727e881edcfd0100a718687909b565" + "0" * 32),
    (FTAES, "41", "6e3f7194ecda73933c2395ee40409dee" + "0" * 30 + "01"),
    (FTAES, "", "0" * 32),
    (CBC, QUESTION, "06e0bf052a1105a41d089d204999a98e03ed0cc392a21e1db4ce92c92d6b7144"),
    (CBC, SIXTEEN, "6575cf6b37479d9215337ff9767fe7866673e70d7e0bf17498019ee1bc7b945f"),
    (CBC, "41", "1b6be279a752251bc0b0b33b31c637e2"),
    (CBC, "", "3c492cedd954cc383f3d3ee93e728484"),
    (ECB, QUESTION, "d4753ba89956e2188cb03e61015a48d2bca1a68d3289cfb16b588021c30a2d75"),
    (ECB, SIXTEEN, "72727e881edcfd0100a718687909b565377222e061a924c591cd9c27ea163ed4"),
    (ECB, "41", "8360e9944afedd0ebf2d1e868a860f4e"),
]


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 1024)  # noqa: S505  # the size that OpenD takes


def _pem(key, encryption=None):
    encryption = encryption or form.NoEncryption()
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, encryption)


@pytest.mark.parametrize(("algorithm", "plain", "sealed"), VECTORS)
def test_the_vectors(algorithm, plain, sealed):
    cipher = aes_cipher(algorithm, KEY, IV)
    assert cipher.encrypt(bytes.fromhex(plain)).hex() == sealed
    assert cipher.decrypt(bytes.fromhex(sealed)).hex() == plain


@given(plain=st.binary(max_size=100), algorithm=st.sampled_from(Algorithm))
def test_a_body_comes_back(plain, algorithm):
    cipher = aes_cipher(algorithm, KEY, IV)
    assert cipher.decrypt(cipher.encrypt(plain)) == plain


@given(noise=st.binary(max_size=100), algorithm=st.sampled_from([CBC, FTAES, ECB]))
def test_noise_is_opened_or_a_protocol_error(noise, algorithm):
    try:
        plain = aes_cipher(algorithm, KEY, IV).decrypt(noise)
    except ProtocolError:
        return
    assert len(plain) <= len(noise)


@pytest.mark.parametrize("key", ["", "short", "k" * 17, "k" * 15 + "é"])
@pytest.mark.parametrize("algorithm", [CBC, FTAES, ECB])
def test_a_key_that_is_not_sixteen_ascii_characters_is_refused(algorithm, key):
    with pytest.raises(ProtocolError, match="connAESKey"):
        aes_cipher(algorithm, key, IV)


def test_the_answer_decides_on_the_algorithm():
    session = INIT_CONNECT.response().s2c
    session.connAESKey = KEY
    for set_iv, algorithm in ((None, FTAES), ("", ECB), (IV, CBC)):
        if set_iv is not None:
            session.aesCBCiv = set_iv
        assert agreed_algorithm(session) is algorithm


@given(plain=st.binary(max_size=400))
def test_rsa_comes_back(key, plain):
    cipher = Rsa(key)
    if plain:
        assert cipher.decrypt(cipher.encrypt(plain)) == plain


def test_rsa_makes_pieces_of_a_hundred_bytes_and_reads_any(key):
    plain = bytes(range(250))
    assert len(Rsa(key).encrypt(plain)) == 3 * 128
    pieces = [plain[at : at + 117] for at in range(0, 250, 117)]
    sealed = b"".join(key.public_key().encrypt(piece, PKCS1v15()) for piece in pieces)
    assert Rsa(key).decrypt(sealed) == plain


@pytest.mark.parametrize("sealed", [b"", b"x" * 127, b"x" * 129])
def test_what_is_not_made_of_blocks_cannot_be_opened(key, sealed):
    with pytest.raises(ProtocolError):
        Rsa(key).decrypt(sealed)


def test_a_key_is_read(key):
    assert read_rsa_key(_pem(key), "key.pem").key_size == 1024


def test_what_is_no_key_is_told_apart(key):
    other = ec.generate_private_key(ec.SECP256R1())
    for pem, reason in (
        (b"", "no private key in PEM"),
        (
            b"-----BEGIN RSA PRIVATE KEY-----\nrubbish\n-----END RSA PRIVATE KEY-----\n",
            "no private key in PEM",
        ),
        (_pem(key, form.BestAvailableEncryption(b"secret")), "passphrase"),
        (_pem(other), "another kind"),
    ):
        with pytest.raises(QueryError, match=reason) as caught:
            read_rsa_key(pem, "key.pem")
        assert "key.pem" in str(caught.value)


def test_plain_is_plain():
    assert PLAIN.decrypt(PLAIN.encrypt(b"body")) == b"body"
