"""Secrets that are used again and so cannot be hashed: kept encrypted under a key made from the server's secret key.

Who reads only the database, or a backup of it, learns no secret. Who also has TOCSIN_SECRET_KEY does.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Sealed(Exception):
    """A secret cannot be read, because the server's secret key is not the one any more that it was kept under."""


@lru_cache(maxsize=4)
def _box(secret_key: str) -> Fernet:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tocsin sealing 1").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(made))


def seal(secret: str) -> str:
    """A secret as it is kept."""
    return _box(settings.SECRET_KEY).encrypt(secret.encode()).decode()


def unseal(kept: str) -> str:
    """The secret again. Raises Sealed."""
    try:
        return _box(settings.SECRET_KEY).decrypt(kept.encode()).decode()
    except InvalidToken as error:
        raise Sealed("the secret was kept under another TOCSIN_SECRET_KEY") from error
