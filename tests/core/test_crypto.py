from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.test.utils import override_settings

from core.crypto import (
    SealBrokenError,
    decrypt_for,
    decrypt_text_for,
    encrypt_for,
    encrypt_text_for,
    fingerprint_for,
    fingerprints_for,
    is_stale,
    rotate,
)

ACME, BELA_FLOR = uuid4(), uuid4()
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRETS = [f"s3cr3t-{i}-ção" for i in range(20)]


def test_opens_what_was_sealed() -> None:
    value = {"api_key": "k", "n": 1, "deep": {"list": [1, None, True]}}
    assert decrypt_for(ACME, encrypt_for(ACME, value)) == value
    assert decrypt_for(str(ACME), encrypt_for(ACME, value)) == value
    assert decrypt_text_for(ACME, encrypt_text_for(ACME, "ção")) == "ção"


def test_no_secret_can_be_read_in_what_is_kept() -> None:
    kept = "\n".join(encrypt_text_for(ACME, secret) + encrypt_for(ACME, {"key": secret}) for secret in SECRETS)
    assert not [secret for secret in SECRETS if secret in kept]
    assert len(set(kept.split("\n"))) == 20
    assert encrypt_text_for(ACME, "same") != encrypt_text_for(ACME, "same")


def test_a_value_copied_into_another_organization_opens_nothing() -> None:
    with pytest.raises(SealBrokenError, match="another organization"):
        decrypt_for(BELA_FLOR, encrypt_for(ACME, {"key": "k"}))


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAA", "ção", "{}", "a" * 500, "\0"])
def test_a_bad_token_raises_and_is_never_returned(sealed: str) -> None:
    for refused in (decrypt_for, decrypt_text_for):
        with pytest.raises(SealBrokenError):
            refused(ACME, sealed)
    with pytest.raises(SealBrokenError):
        rotate(sealed)
    assert is_stale(sealed)


def test_a_changed_token_raises() -> None:
    sealed = encrypt_text_for(ACME, "key")
    for place in range(0, len(sealed) - 5, 7):
        letter = "A" if sealed[place] != "A" else "B"
        with pytest.raises(SealBrokenError):
            decrypt_text_for(ACME, sealed[:place] + letter + sealed[place + 1 :])


def test_a_text_is_no_object_and_an_object_no_text() -> None:
    with pytest.raises(SealBrokenError):
        decrypt_for(ACME, encrypt_text_for(ACME, "key"))
    with pytest.raises(SealBrokenError):
        decrypt_text_for(ACME, encrypt_for(ACME, {}))


def test_keys_are_rotated_without_losing_a_secret() -> None:
    with override_settings(PROSA_ENCRYPTION_KEYS=[OLD]):
        kept = [encrypt_text_for(ACME, secret) for secret in SECRETS]
    with override_settings(PROSA_ENCRYPTION_KEYS=[NEW, OLD]):
        assert [decrypt_text_for(ACME, sealed) for sealed in kept] == SECRETS
        assert all(map(is_stale, kept))
        rotated = [rotate(sealed) for sealed in kept]
        assert not any(map(is_stale, rotated))
    with override_settings(PROSA_ENCRYPTION_KEYS=[NEW]):
        assert [decrypt_text_for(ACME, sealed) for sealed in rotated] == SECRETS
        with pytest.raises(SealBrokenError):
            decrypt_text_for(ACME, kept[0])


def test_djangos_secret_key_opens_nothing() -> None:
    sealed = encrypt_text_for(ACME, "key")
    with override_settings(SECRET_KEY="another"):
        assert decrypt_text_for(ACME, sealed) == "key"


@pytest.mark.parametrize("keys", [[], [""], ["  "], ["short"], ["x" * 44]])
def test_a_bad_key_ring_is_named(keys: list[str]) -> None:
    with (
        override_settings(PROSA_ENCRYPTION_KEYS=keys),
        pytest.raises(ImproperlyConfigured, match="PROSA_ENCRYPTION_KEYS"),
    ):
        encrypt_text_for(ACME, "key")


def test_a_fingerprint_tells_whether_but_not_what() -> None:
    mark = fingerprint_for(ACME, "+5519997426108")
    assert mark == fingerprint_for(str(ACME), "+5519997426108")
    assert mark not in (fingerprint_for(BELA_FLOR, "+5519997426108"), fingerprint_for(ACME, "+5519997426109"))
    assert "99742" not in mark


def test_a_fingerprint_outlives_a_rotation() -> None:
    with override_settings(PROSA_ENCRYPTION_KEYS=[OLD]):
        kept = fingerprint_for(ACME, "x")
    with override_settings(PROSA_ENCRYPTION_KEYS=[NEW, OLD]):
        assert fingerprint_for(ACME, "x") != kept
        assert kept in fingerprints_for(ACME, "x")
