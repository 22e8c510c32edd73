"""gzip, bzip2, xz and Zstandard: a packed stream, unpacked as it is read and never as a whole."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from tocsin.lab.sources.containers.marks import BZIP2, GZIP, XZ
from tocsin.lab.sources.containers.unpacking import ArchiveLimits, DamagedError, TooLargeError

ENDINGS = (".gz", ".bz2", ".xz", ".zst", ".zstd")
READ_SIZE = 64 * 1024
ROOM = 256 * 1024**2
"""Bytes of memory that unpacking xz may take; the strongest usual setting takes 65 MiB."""
MAX_WINDOW = 27
"""The largest window of Zstandard that is given memory, as a power of two: what its own tool allows by default."""


class Unpacked(io.RawIOBase):
    """What a packed file holds, as a stream that is read once. Several packed streams in a row are one.

    Reading raises DamagedError where it breaks off or is damaged, TooLargeError where it unfolds too far, OSError
    where the file cannot be read.
    """

    def __init__(self, file: BinaryIO, kind: str, limits: ArchiveLimits) -> None:
        self._file = file
        self._make, self._broken = _maker(kind)
        self._stream = self._make()
        self._limits = limits
        self._waiting = b""
        self._damage: DamagedError | None = None
        self._taken = 0
        self._given = 0

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what comes next; less than its length only before the end, or before damage."""
        filled = 0
        while filled < len(buffer):
            try:
                block = self._next(len(buffer) - filled)
            except DamagedError:
                if filled:  # comes again at the next call
                    break
                raise
            if not block:
                break
            buffer[filled : filled + len(block)] = block
            filled += len(block)
            self._given += len(block)
        ratio = self._limits.ratio
        if self._given > self._limits.ratio_from and self._given > ratio * self._taken:
            raise TooLargeError(f"unfolds to more than {ratio} times its size (a bomb?)")
        return filled

    def _next(self, size: int) -> bytes:
        while not self._stream.eof or self._begin_next():
            if self._damage:
                raise self._damage
            packed = b""
            if self._stream.needs_input:
                packed, self._waiting = self._waiting or self._read(), b""
                if not packed:
                    self._damage = DamagedError(f"packed data breaks off after {self._given} unpacked bytes")
                    continue
            try:
                block: bytes = self._stream.decompress(packed, size)
            except self._broken as error:
                self._damage = DamagedError(f"packed data is damaged after {self._given} unpacked bytes: {error}")
                continue
            if block:
                return block
        return b""

    def _begin_next(self) -> bool:
        """Begin with the next packed stream, if more follows than the zeros with which tapes are filled up."""
        rest = self._stream.unused_data.lstrip(b"\0")
        while not rest:
            block = self._read()
            if not block:
                return False
            rest = block.lstrip(b"\0")
        self._stream, self._waiting = self._make(), rest
        return True

    def _read(self) -> bytes:
        block = self._file.read(READ_SIZE)
        self._taken += len(block)
        return block


class _Inflate:
    """zlib's decompressor with the ways of the other three."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._is_full and not self._inner.unconsumed_tail

    def decompress(self, data: bytes, size: int) -> bytes:
        block = self._inner.decompress(self._inner.unconsumed_tail + data, size)
        self._is_full = len(block) == size
        return block


def _maker(kind: str) -> tuple[Callable[[], Any], type[Exception]]:
    """Return what makes a decompressor, and what that raises on damaged data."""
    if kind == GZIP:
        return _Inflate, zlib.error
    if kind == BZIP2:
        return bz2.BZ2Decompressor, OSError
    if kind == XZ:
        return (lambda: lzma.LZMADecompressor(memlimit=ROOM)), lzma.LZMAError
    from backports import zstd  # late: few files need it

    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW}
    return (lambda: zstd.ZstdDecompressor(options=options)), zstd.ZstdError
