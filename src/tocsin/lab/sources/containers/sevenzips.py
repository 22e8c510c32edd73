"""7-Zip archives, through py7zr: an extra, since it is LGPL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tocsin.lab.sources.containers.unpacking import MemberFile, TooLargeError, Unpacking, refused

MISSING = "7-Zip archives are opened only where py7zr is installed: pip install 'tocsin[7z]'"


def unpack_sevenzip(path: Path, passwords: Sequence[str], work: Unpacking) -> None:
    """Unpack the members of a 7-Zip archive. Raises OSError where it cannot be read."""
    size = path.stat().st_size
    for password in (None, *passwords):
        attempt = _Attempt(work, size)
        reason = attempt.run(path, password)
        if not reason or not attempt.encrypted or attempt.is_final:
            break
        attempt.drop()
    if reason and attempt.encrypted and not attempt.is_final:
        reason = f"none of the {len(passwords)} passwords opens it (--password): {reason}"
    attempt.account(reason)


class _Attempt:
    """One attempt to unpack an archive with a password (None = without one). Gives py7zr what it writes into."""

    def __init__(self, work: Unpacking, packed: int) -> None:
        self._work = work
        self._packed = packed
        self._files: list[tuple[str, MemberFile]] = []
        self._open: MemberFile | None = None
        self._left_out: list[tuple[str, str]] = []
        self._links = 0
        self.encrypted = False
        self.is_final = False

    def run(self, path: Path, password: str | None) -> str:
        """Unpack what can be unpacked; return why that was not all, or ''."""
        try:
            import py7zr  # late and only here: not everybody has it
        except ImportError:
            self.is_final = True
            return MISSING
        try:
            with path.open("rb") as file, py7zr.SevenZipFile(file, password=password) as archive:
                self.encrypted = archive.needs_password()
                if self.encrypted and password is None:
                    return "it is encrypted"
                archive.extract(self._work.into, targets=self._chosen(archive.list()), factory=self._factory(py7zr))
        except TooLargeError as error:
            self.is_final = True
            return str(error)
        except py7zr.PasswordRequired:
            self.encrypted = True
            return "it is encrypted"
        except Exception as error:  # noqa: BLE001 - whatever it throws over damage or a wrong password costs this archive
            return f"{type(error).__name__}: {error}"
        return ""

    def _chosen(self, infos: list[Any]) -> list[str]:
        names: list[str] = []
        for info in infos:
            reason = refused(info.filename)
            if info.is_directory:
                continue
            if not info.is_file:
                self._links += 1
            elif reason or len(names) >= self._work.limits.members:
                self._left_out.append((info.filename, reason or f"member is beyond the first {len(names)}"))
            else:
                names.append(info.filename)
        return names

    def _factory(self, py7zr: Any) -> Any:
        attempt = self

        class Writer(py7zr.Py7zIO):  # type: ignore[misc]
            def __init__(self, name: str) -> None:
                self._name = name
                self._file = attempt.begin()

            def write(self, block: bytes) -> int:
                self._file.write(block)
                return len(block)

            def read(self, size: int | None = None) -> bytes:  # noqa: ARG002 - py7zr's word, never asked here
                return b""

            def seek(self, offset: int, whence: int = 0) -> int:  # noqa: ARG002
                return 0

            def flush(self) -> None:
                return None

            def size(self) -> int:
                return self._file.size

            def close(self) -> None:
                attempt.end(self._name, self._file)

        class Factory(py7zr.WriterFactory):  # type: ignore[misc]
            def create(self, filename: str) -> Any:
                return Writer(filename)

        return Factory()

    def begin(self) -> MemberFile:
        """Begin the next member."""
        self._work.number()
        self._open = self._work.begin(self._packed)
        return self._open

    def end(self, name: str, file: MemberFile) -> None:
        """Take in a member that py7zr says is complete."""
        file.close()
        self._open = None
        self._work.budget -= file.size
        self._files.append((Path(name).relative_to(self._work.into).as_posix(), file))

    def drop(self) -> None:
        """Remove what was written: the password was wrong."""
        for _, file in self._files:
            self._work.budget += file.size
            file.discard()
        if self._open:
            self._open.discard()

    def account(self, reason: str) -> None:
        """Hand on the members that are complete, and account for the others."""
        work = self._work
        if self._open:
            self._open.discard()
        for name, file in self._files:
            work.budget += file.size
            work.keep(name, file)
        work.tally.skipped += self._links
        for name, why in self._left_out:
            work.refuse(name, why)
        if reason:
            work.tally.not_understood += 1
            work.tally.problem(f"7-Zip archive is not, or not wholly, unpacked: {reason}", "directory")
