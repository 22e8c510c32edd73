"""The plan folder to one `Plan`: which files are read, and every mistake as file:line, what and why."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tocsin.plan.alert_models import AlertsFile
from tocsin.plan.filetext import read_text
from tocsin.plan.models import ContactsFile, Message, Plan, PlanFile, Playbook
from tocsin.plan.obligation_models import ObligationsFile
from tocsin.plan.problems import PlanError, Problem, refusal
from tocsin.plan.wording import in_words
from tocsin.plan.yamlfile import YamlText, read_yaml

PLAN, CONTACTS, ALERTS, OBLIGATIONS = "plan.yaml", "contacts.yaml", "alerts.yaml", "obligations.yaml"
SINGLE = (PLAN, CONTACTS, ALERTS, OBLIGATIONS)
MAX_FILES = 500

_PLAYBOOK = re.compile(r"^playbooks/[^/]+\.yaml$")
_MESSAGE = re.compile(r"^messages/[^/]+\.md$")
_CALENDAR = re.compile(r"^calendars/[^/\s]+\.ics$")
_MODEL = TypeVar("_MODEL", bound=BaseModel)


@dataclass
class Reading:
    """All that could be read of a plan: its parts, the text positions of each file, and the problems met."""

    plan_file: PlanFile | None = None
    contacts_file: ContactsFile | None = None
    alerts_file: AlertsFile | None = None
    obligations_file: ObligationsFile | None = None
    playbooks: dict[str, tuple[str, Playbook]] = field(default_factory=dict)
    messages: dict[str, tuple[str, Message]] = field(default_factory=dict)
    texts: dict[str, YamlText] = field(default_factory=dict)
    body_lines: dict[str, int] = field(default_factory=dict)
    calendars: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def load_plan(folder: Path) -> Plan:
    """Read the plan in `folder`. Raises PlanError with every problem found in its files."""
    return parse_plan(read_files(folder))


def parse_plan(files: Mapping[str, str]) -> Plan:
    """Read a plan from its files (path relative to the plan folder -> text). Raises PlanError."""
    reading = read_plan(files)
    if reading.problems or reading.plan_file is None or reading.contacts_file is None:
        raise PlanError(reading.problems)
    return assemble(reading, version_of(files))


def assemble(reading: Reading, version: str) -> Plan:
    """One `Plan` of the parts read; both plan.yaml and contacts.yaml must have been readable."""
    if reading.plan_file is None or reading.contacts_file is None:
        raise PlanError(reading.problems)
    parts = {name: getattr(reading.plan_file, name) for name in PlanFile.model_fields if name != "format"}
    return Plan(
        version=version,
        contacts=reading.contacts_file.contacts,
        alerts=reading.alerts_file or AlertsFile(),
        obligations=reading.obligations_file or ObligationsFile(),
        playbooks={key: playbook for key, (_, playbook) in reading.playbooks.items()},
        messages={key: message for key, (_, message) in reading.messages.items()},
        **parts,
    )


def version_of(files: Mapping[str, str]) -> str:
    """The name of a plan's state for ever: SHA-256 (hex) over its sorted paths and the hash of each content.

    Line ends are normalised first, so that a checkout on Windows is the same plan.
    """
    listing = sorted((path, hashlib.sha256(_unix(text).encode()).hexdigest()) for path, text in files.items())
    return hashlib.sha256(json.dumps(listing, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def read_plan(files: Mapping[str, str]) -> Reading:
    """Read every part on its own and collect the problems, so that one mistake does not hide the others."""
    reading = Reading()
    for path in (PLAN, CONTACTS):
        if path not in files:
            _add(reading, path, 0, "missing-file", f"the plan has no {path}", "it cannot run without it")
    for path in sorted(files):
        try:
            _read_one(reading, path, _unix(files[path]))
        except PlanError as error:
            reading.problems.extend(error.problems)
    return reading


def _read_one(reading: Reading, path: str, text: str) -> None:
    if path == PLAN:
        reading.plan_file = _checked(reading, path, read_yaml(path, text), PlanFile)
    elif path == CONTACTS:
        reading.contacts_file = _checked(reading, path, read_yaml(path, text), ContactsFile)
    elif path == ALERTS:
        reading.alerts_file = _checked(reading, path, read_yaml(path, text), AlertsFile)
    elif path == OBLIGATIONS:
        reading.obligations_file = _checked(reading, path, read_yaml(path, text), ObligationsFile)
    elif _PLAYBOOK.match(path):
        playbook = _checked(reading, path, read_yaml(path, text), Playbook)
        if playbook:
            _keep(reading, reading.playbooks, playbook.id, (path, playbook))
    elif _MESSAGE.match(path):
        header, body, reading.body_lines[path] = _front_matter(path, text)
        message_id = path.removeprefix("messages/").removesuffix(".md")
        if isinstance(header.value, dict):
            header.value = {**header.value, "id": message_id, "body": body}
        message = _checked(reading, path, header, Message)
        if message:
            _keep(reading, reading.messages, message.id, (path, message))
    elif _CALENDAR.match(path):
        reading.calendars[path] = text
    else:
        _add(
            reading,
            path,
            0,
            "unknown-file",
            "this file is no part of a plan",
            f"a plan is {', '.join(SINGLE)}, playbooks/*.yaml, messages/*.md and calendars/*.ics",
        )


def _keep(reading: Reading, kept: dict[str, tuple[str, Any]], key: str, entry: tuple[str, Any]) -> None:
    if key in kept:
        line = reading.texts[entry[0]].line(("id",))
        _add(
            reading,
            entry[0],
            line,
            "duplicate-id",
            f"'{key}' is already the id of {kept[key][0]}",
            "only one of the two could ever run",
        )
        return
    kept[key] = entry


def _front_matter(path: str, text: str) -> tuple[YamlText, str, int]:
    """Front matter, body without blank lines around it, and the line where it begins."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        why = "a message begins with title, audience and language between two --- lines"
        raise refusal(path, 1, "no-front-matter", "the first line has to be ---", why)
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        why = "nobody can tell where the message itself begins"
        raise refusal(path, 1, "no-front-matter", "the front matter has no closing --- line", why)
    header = read_yaml(path, "\n".join(lines[1:end]) + "\n", first_line=2)
    body = lines[end + 1 :]
    blank = next((n for n, line in enumerate(body) if line.strip()), 0)
    return header, "\n".join(body[blank:]).rstrip("\n") + "\n", end + 2 + blank


def _checked(reading: Reading, path: str, text: YamlText, model: type[_MODEL]) -> _MODEL | None:
    reading.texts[path] = text
    try:
        return model.model_validate(text.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        places = [detail["loc"] for detail in details]
        for detail in details:
            place = detail["loc"]
            if detail["type"] == "too_short" and any(p[: len(place)] == place and p != place for p in places):
                continue  # the items are there; each has its own error
            code, what, why = in_words(detail, model)
            location = tuple(part for part in place if part != "[key]")
            _add(reading, path, text.line(location), code, what, why)
    return None


def _add(reading: Reading, file: str, line: int, *words: str) -> None:
    """Note an error; `words` are its code, what is wrong, and why it matters."""
    code, what, why = words
    reading.problems.append(Problem(file, line, "error", code, what, why))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_files(folder: Path) -> dict[str, str]:
    """The plan's files as text, by path relative to `folder`. Nothing else in the folder is opened.

    Raises PlanError for what cannot be read as a plan: no folder, links that lead out of it, anything that is
    no regular file, too big, or no UTF-8 text.
    """
    if not folder.is_dir():
        why = "a plan is a folder; `tocsin plan init` makes one"
        raise refusal(str(folder), 0, "no-folder", "there is no such folder", why)
    paths = [path for path in (folder / name for name in SINGLE) if path.exists() or path.is_symlink()]
    paths += [path for pattern in ("playbooks/*", "messages/*", "calendars/*") for path in sorted(folder.glob(pattern))]
    if len(paths) > MAX_FILES:
        why = "no plan needs that many; is this the right folder?"
        raise refusal(str(folder), 0, "too-many-files", f"more than {MAX_FILES} files", why)
    files: dict[str, str] = {}
    problems: list[Problem] = []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            if _wanted(path, name):
                files[name] = read_text(path, name, folder.resolve())
        except PlanError as error:
            problems.extend(error.problems)
    if problems:
        raise PlanError(problems)
    return files


def _wanted(path: Path, name: str) -> bool:
    if name.startswith("playbooks/") and path.suffix in (".yml", ".YAML", ".YML"):
        why = "this one would be left out without a word"
        raise refusal(name, 0, "wrong-suffix", "playbooks end in .yaml", why)
    part = name in SINGLE or _PLAYBOOK.match(name) or _MESSAGE.match(name) or _CALENDAR.match(name)
    return bool(part) and not path.name.startswith(".")
