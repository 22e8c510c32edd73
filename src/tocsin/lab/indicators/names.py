"""Normal forms of paths, registry keys, accounts and other names. Each function raises ValueError with the
reason.

Case never counts: Windows does not tell cases apart, and on other systems a rare false match costs less than a
missed one. All separators of paths are written as a backslash.
"""

from __future__ import annotations

import re

MAX_LITERAL = 4096
"""Characters of a value; longer ones are no indicators anybody could use."""
MIN_LITERAL = 3
"""Characters of a name; shorter ones are everywhere."""

VARIABLES = {
    "systemroot": r"\windows",
    "windir": r"\windows",
    "system": r"\windows\system32",
    "programfiles": r"\program files",
    "programfiles(x86)": r"\program files (x86)",
    "programdata": r"\programdata",
    "allusersprofile": r"\programdata",
    "commonappdata": r"\programdata",
    "public": r"\users\public",
    "userprofile": "",
    "homepath": "",
    "appdata": r"\appdata\roaming",
    "localappdata": r"\appdata\local",
    "temp": r"\temp",
    "tmp": r"\temp",
    "systemdrive": "",
    "homedrive": "",
}
"""What an environment variable at the beginning of a path ends in on a usual Windows."""
VARIABLE = re.compile(r"%([^%\\]{1,40})%")
CONTROL_SET = re.compile(r"\\(?:controlset\d{3}|currentcontrolset)(?=\\|$)")
HIVES = {
    "hklm": "hklm",
    "hkey_local_machine": "hklm",
    r"\registry\machine": "hklm",
    r"registry\machine": "hklm",
    "hkcu": "hku",
    "hkey_current_user": "hku",
    "hku": "hku",
    "hkey_users": "hku",
    r"\registry\user": "hku",
    r"registry\user": "hku",
    "hkcr": "hkcr",
    "hkey_classes_root": "hkcr",
}
SID = re.compile(r"\\(?:s-1-[0-9-]+(?:_classes)?|\.default)(?=\\|$)")


def literal(text: str) -> str:
    """Return a text in folded case, with runs of white space as one space."""
    folded = " ".join(text.split()).casefold()
    if len(folded) > MAX_LITERAL:
        raise ValueError(f"is longer than {MAX_LITERAL} characters")
    if len(folded) < MIN_LITERAL:
        raise ValueError(f"is shorter than {MIN_LITERAL} characters and would be everywhere")
    if not any(char.isalnum() for char in folded):
        raise ValueError("holds no letter or digit")
    return folded


def slashes(folded: str) -> str:
    """Return a text with every run of slashes and backslashes as one backslash."""
    folded = folded.replace("/", "\\")
    while "\\\\" in folded:
        folded = folded.replace("\\\\", "\\")
    return folded


def file_path(text: str) -> str:
    """Return a path; a variable that leads it becomes what it usually ends in, so that `%APPDATA%\\x` is
    `\\appdata\\roaming\\x` below any user."""
    path = slashes(literal(text.strip().strip("\"'")))
    path = path.removeprefix("\\?\\").removeprefix("\\??\\")
    variable = VARIABLE.match(path)
    if variable:
        known = VARIABLES.get(variable[1])
        if known is None:
            raise ValueError(f"begins with the variable %{variable[1]}%, whose place is not known")
        path = known + path[variable.end() :]
    if "\\" not in path:
        raise ValueError("is a file's name without a folder")
    if path.count("\\") == 1 and path.endswith("\\"):
        raise ValueError("is the root of a drive")
    return literal(path)


def file_name(text: str) -> str:
    """Return a file's name without a folder."""
    name = literal(text.strip().strip("\"'"))
    if "\\" in name or "/" in name:
        raise ValueError("is a path, not a name")
    return name


def registry_key(text: str) -> str:
    """Return a key as hive and path: `hklm\\...`, `hku\\...` (any user), or `\\...` where no hive is named."""
    key = slashes(literal(text.strip().strip("\"'"))).rstrip("\\")
    key = CONTROL_SET.sub(lambda _: r"\currentcontrolset", key.replace(":\\", "\\", 1))
    for written, hive in HIVES.items():
        if key.startswith(written + "\\"):
            rest = key[len(written) :]
            return hive + (SID.sub("", rest, count=1) if hive == "hku" else rest)
    if "\\" not in key.strip("\\"):
        raise ValueError("is a single word, not a registry key")
    return "\\" + key.lstrip("\\")


def account(text: str) -> str:
    """Return an account: `domain\\name`, `name@domain`, `name` (in any domain) or a SID."""
    name = slashes(literal(text)).removeprefix(".\\").lstrip("\\")
    if len(name) < MIN_LITERAL:
        raise ValueError("is too short for an account")
    return name


def pipe(text: str) -> str:
    """Return the name of a pipe without `\\\\.\\pipe\\`."""
    name = slashes(literal(text))
    return literal(name.removeprefix("\\.\\pipe").removeprefix("\\pipe").lstrip("\\"))
