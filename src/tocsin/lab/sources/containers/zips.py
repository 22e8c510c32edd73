"""Zip archives, encrypted ones included."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tocsin.lab.sources.containers.unpacking import TooLargeError, Unpacking, blocks_of

AES = 99
"""The compression type that stands for AES encryption."""
UTF8_NAME = 0x800
"""The flag that says that a member's name is UTF-8; without it a name may be anything."""
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OverflowError)


def unpack_zip(path: Path, passwords: Sequence[str], work: Unpacking) -> None:
    """Unpack the members of a zip archive. Raises OSError where the archive itself cannot be opened."""
    known = [password.encode() for password in passwords]
    try:
        with _opened(path) as archive:
            infos = archive.infolist()
            most = work.limits.members
            if len(infos) > most:
                work.tally.not_understood += len(infos) - most
                work.tally.problem(f"archive has {len(infos)} members; only the first {most} are opened", "directory")
            for info in infos[:most]:
                if info.is_dir():
                    continue
                if _is_link(info):
                    work.tally.skipped += 1
                elif work.admits(info.orig_filename):
                    _unpack_member(archive, info, known, work)
    except BROKEN as error:
        work.tally.not_understood += 1
        work.tally.problem(f"zip archive is damaged or of an unknown variant: {error}", "directory")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive, for AES encryption where a member has it, which the standard library cannot read."""
    with zipfile.ZipFile(path) as archive:
        if all(info.compress_type != AES for info in archive.infolist()):
            yield archive
            return
    import pyzipper  # late: few archives need it

    with pyzipper.AESZipFile(path) as encrypted:
        yield encrypted


def _is_link(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a link or a device: nothing that holds evidence, and nothing to create here."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    return kind not in (0, stat.S_IFREG)


def _unpack_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, passwords: list[bytes], work: Unpacking) -> None:
    """Copy one member, counting what really comes out and not what the directory claims. The password that fits is
    tried first from then on."""
    encrypted = bool(info.flag_bits & 1)
    reason = "there is no password to try"
    for password in list(passwords) if encrypted else [None]:
        try:
            with archive.open(info, pwd=password) as source:
                kept = work.write(blocks_of(source), info.compress_size)  # type: ignore[arg-type]
        except TooLargeError as error:
            work.refuse(info.filename, str(error))
            return
        except RuntimeError as error:  # zipfile's word for a wrong password, and for a missing decompressor
            reason = str(error)
        except OSError as error:
            work.refuse(info.filename, f"member cannot be unpacked into {work.into}: {error.strerror or error}")
            return
        except BROKEN as error:  # with a wrong password, too, one time in 256
            reason = str(error)
        else:
            work.keep(_name(info), kept, _changed(info))
            if password is not None:
                passwords.remove(password)
                passwords.insert(0, password)
            return
    if encrypted:
        reason = f"member is encrypted and none of the {len(passwords)} passwords opens it (--password): {reason}"
    else:
        reason = f"member is damaged: {reason}"
    work.refuse(info.filename, reason)


def _changed(info: zipfile.ZipInfo) -> float | None:
    """Return when a member was last changed; a zip archive does not say in which zone, so it may be half a day off."""
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; where the archive does not say in which encoding it is, UTF-8 is tried before CP437."""
    if info.flag_bits & UTF8_NAME:
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename
