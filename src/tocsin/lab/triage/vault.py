"""Samples kept encrypted, so that no antivirus and no careless double-click meets a plain one.

A sample is a file named by the SHA-256 of its content: a header (magic, salt) and blocks of 1 MiB, each sealed with
AES-256-GCM under a key that HKDF-SHA-256 derives from the vault's key and the salt. A block's nonce holds its number
and whether it is the last, and the header is authenticated with each block, so that blocks cannot be changed, left
out, put in another order, cut off at the end, or moved to another sample.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"TOCSINV1"
BLOCK = 1 << 20
TAG = 16
SALT = 32
ENDING = ".sealed"
PASSWORD = b"infected"
"""What the field protects samples with when they are handed on; it keeps programs away, not people."""
_NONCE = struct.Struct(">QxxxB")


class VaultError(Exception):
    """A sample cannot be read or kept: it is missing, was changed, or the key is another one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A sample in the vault: SHA-256 and size of its content, and whether it was there before."""

    sha256: str
    size: int
    known: bool


def create_key(path: Path) -> None:
    """Make a new key file, readable by its owner only. Raises FileExistsError where the file exists."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")


class Vault:
    """A folder of encrypted samples and the key that opens them. Raises VaultError where the key file is no key."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        self.folder = folder
        text = key_file.read_text(encoding="ascii", errors="replace").strip()
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise VaultError(f"{key_file} is no key of a vault: 64 hexadecimal digits are expected")
        self._key = bytes.fromhex(text)

    def put(self, source: Path | IO[bytes]) -> Kept:
        """Keep the content of a file or an open stream; it is encrypted block by block and never written in plain.

        Raises OSError where the source cannot be read or the vault cannot be written.
        """
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self.put(file)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, draft = tempfile.mkstemp(dir=self.folder, prefix="draft-")
        try:
            with os.fdopen(handle, "wb") as out:
                for block in self._sealed(source, digest.update):
                    out.write(block)
                    size += len(block)
                out.flush()
                os.fsync(out.fileno())
            place = self._place(digest.hexdigest())
            known = place.exists()
            if not known:
                place.parent.mkdir(mode=0o700, exist_ok=True)
                Path(draft).replace(place)
            return Kept(digest.hexdigest(), _plain_size(size), known)
        finally:
            Path(draft).unlink(missing_ok=True)

    def read(self, sha256: str) -> Iterator[bytes]:
        """The content of a sample in blocks, each checked before it is given out, the whole checked at the end.

        Raises VaultError where the sample is missing or was changed. Blocks that came before are then to be thrown
        away: that the sample is whole is certain only after the last one.
        """
        place = self._place(sha256)
        if not place.is_file():
            raise VaultError(f"no sample {sha256} in the vault")
        digest = hashlib.sha256()
        with place.open("rb") as file:
            for block in self._opened(file, sha256):
                digest.update(block)
                yield block
        if digest.hexdigest() != sha256:
            raise VaultError(f"sample {sha256} is not what its name says")

    def get(self, sha256: str, target: Path) -> None:
        """Write a sample in plain to a new file, which appears only when the whole is checked.

        Raises VaultError as `read`, FileExistsError where the target exists.
        """
        if target.exists():
            raise FileExistsError(f"{target} exists already")
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.writelines(self.read(sha256))
            Path(draft).rename(target)
        finally:
            Path(draft).unlink(missing_ok=True)

    def size(self, sha256: str) -> int:
        """Bytes of a sample's content. Raises VaultError where it is missing."""
        place = self._place(sha256)
        if not place.is_file():
            raise VaultError(f"no sample {sha256} in the vault")
        return _plain_size(place.stat().st_size)

    def samples(self) -> list[str]:
        """The SHA-256 of each sample, sorted."""
        return sorted(path.stem for path in self.folder.glob(f"??/*{ENDING}"))

    def verify(self) -> dict[str, str]:
        """The samples that cannot be read whole, with the reason; empty where all is well."""
        bad = {}
        for sha256 in self.samples():
            try:
                for _ in self.read(sha256):
                    pass
            except VaultError as error:
                bad[sha256] = str(error)
        return bad

    def delete(self, sha256: str) -> None:
        """Remove a sample. Raises VaultError where it is missing."""
        try:
            self._place(sha256).unlink()
        except FileNotFoundError:
            raise VaultError(f"no sample {sha256} in the vault") from None

    def export(self, samples: Iterable[str], target: Path, password: bytes = PASSWORD) -> None:
        """Write samples into a new ZIP archive, AES-encrypted with a password, each named by its SHA-256.

        Raises VaultError as `read`, FileExistsError where the target exists; then no archive is left.
        """
        import pyzipper  # late: only for export

        if target.exists():
            raise FileExistsError(f"{target} exists already")
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
        try:
            with (
                os.fdopen(handle, "wb") as out,
                pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive,
            ):
                archive.setpassword(password)
                for sha256 in samples:
                    with archive.open(sha256, "w", force_zip64=True) as member:
                        for block in self.read(sha256):
                            member.write(block)
            Path(draft).rename(target)
        finally:
            Path(draft).unlink(missing_ok=True)

    def _place(self, sha256: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise VaultError(f"{sha256[:80]!r} is no SHA-256")
        return self.folder / sha256[:2] / f"{sha256}{ENDING}"

    def _cipher(self, header: bytes) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: only a vault needs it
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return AESGCM(HKDF(SHA256(), 32, header[len(MAGIC) :], b"tocsin sample vault").derive(self._key))

    def _sealed(self, source: IO[bytes], seen: Callable[[bytes], None]) -> Iterator[bytes]:
        header = MAGIC + secrets.token_bytes(SALT)
        cipher = self._cipher(header)
        yield header
        number, block = 0, _full(source)
        while True:
            seen(block)
            following = _full(source) if len(block) == BLOCK else b""
            last = not following
            yield cipher.encrypt(_NONCE.pack(number, last), block, header)
            if last:
                return
            number, block = number + 1, following

    def _opened(self, file: IO[bytes], sha256: str) -> Iterator[bytes]:
        from cryptography.exceptions import InvalidTag

        header = file.read(len(MAGIC) + SALT)
        if len(header) != len(MAGIC) + SALT or not header.startswith(MAGIC):
            raise VaultError(f"sample {sha256} was changed: it does not begin as samples do")
        cipher = self._cipher(header)
        number, block = 0, file.read(BLOCK + TAG)
        while True:
            following = file.read(BLOCK + TAG)
            try:
                yield cipher.decrypt(_NONCE.pack(number, not following), block, header)
            except InvalidTag:
                reason = f"sample {sha256} was changed in block {number}, or the key is another one"
                raise VaultError(reason) from None
            if not following:
                return
            number, block = number + 1, following


def _full(source: IO[bytes]) -> bytes:
    """The next whole block; streams may give less than asked for before their end."""
    parts: list[bytes] = []
    left = BLOCK
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _plain_size(sealed: int) -> int:
    body = sealed - len(MAGIC) - SALT
    return body - TAG * max(1, -(-body // (BLOCK + TAG)))
