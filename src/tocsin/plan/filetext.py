"""One file of a plan folder as text: inside the folder, a regular file, not too big, UTF-8."""

from __future__ import annotations

from pathlib import Path

from tocsin.plan.problems import refusal

MAX_FILE_BYTES = 1024 * 1024

_SAVE_AS_UTF8 = "plans are UTF-8; save it again as UTF-8"


def read_text(path: Path, name: str, root: Path) -> str:
    """The text of `path`, which is called `name` in messages and has to be in `root`. Raises PlanError."""
    raw = _read_bytes(path, name, root)
    if len(raw) > MAX_FILE_BYTES:
        what = f"the file is bigger than {MAX_FILE_BYTES // 1024} KiB"
        raise refusal(name, 0, "too-big", what, "no plan needs that much; is this the right file?")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refusal(name, 1, "encoding", "the file is UTF-16 text", _SAVE_AS_UTF8)
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise refusal(name, line, "binary", "the file is binary", "a plan is text")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise refusal(name, line, "encoding", f"byte 0x{raw[error.start]:02x} is no UTF-8", _SAVE_AS_UTF8) from None


def _read_bytes(path: Path, name: str, root: Path) -> bytes:
    """The first bytes of the file, one more than it may have."""
    try:
        real = path.resolve(strict=True)
        inside, regular = real.is_relative_to(root), real.is_file()
        if inside and regular:
            with real.open("rb") as stream:
                return stream.read(MAX_FILE_BYTES + 1)
    except (OSError, RuntimeError) as error:
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise refusal(name, 0, "unreadable", what, "the plan is not complete without it") from None
    if not inside:
        raise refusal(name, 0, "outside", "this link leads out of the plan folder", "a plan holds only its own files")
    raise refusal(name, 0, "no-file", "this is no regular file", "it cannot be read as text")
