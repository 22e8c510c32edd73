"""What triage says about one sample, and what the parsers note while they read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from tocsin.lab.record import Problem

Result = TypeVar("Result")
SEVERITIES = ("info", "low", "medium", "high")
"""From what merely deserves a look to what hardly ever has an innocent reason."""
MAX_ANOMALIES = 200
MAX_SAME_ANOMALY = 10
MAX_LAYERS = 64
MAX_LAYER_TEXT = 1 << 20
"""Characters of one decoded layer that are kept and read on."""
MAX_PARTS = 64
MAX_PART_BYTES = 64 << 20
MAX_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something about a sample that an analyst should look at; `where` points into the sample."""

    id: str
    severity: str
    what: str
    why: str
    where: str = ""
    detail: str = ""
    techniques: tuple[str, ...] = ()
    """ATT&CK techniques that this is typical of; not a proof that they were used."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Text that was hidden in a sample or wrapped in other text, and how it was laid open."""

    how: str
    where: str
    text: str
    sha256: str
    """Of the whole layer in UTF-8, also where `text` was cut."""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A readable string in the sample: byte offset, 'ascii' or 'utf-16', and its rank's reason."""

    value: str
    offset: int
    encoding: str
    score: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """An observable written in a sample or in one of its layers: type, value, and the first place it stands in."""

    type: str
    value: str
    where: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A file inside a sample, to be looked at as a sample of its own."""

    name: str
    data: bytes
    where: str


@dataclass
class Triage:
    """All that triage found out about one sample. `as_dict` gives it as plain JSON."""

    name: str
    size: int
    kind: str
    kind_name: str
    mime: str
    hashes: dict[str, str] = field(default_factory=dict)
    """md5, sha1, sha256, and where they can be had ssdeep, tlsh, imphash and others by name."""
    entropy: float = 0.0
    """Bits a byte, 0 to 8."""
    facts: dict[str, Any] = field(default_factory=dict)
    """The anatomy; its keys depend on the kind."""
    anomalies: list[Anomaly] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    strings: list[Text] = field(default_factory=list)
    strings_found: int = 0
    indicators: list[Indicator] = field(default_factory=list)
    yara: list[dict[str, Any]] = field(default_factory=list)
    children: list[Triage] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def techniques(self) -> list[str]:
        """ATT&CK techniques that the anomalies of the sample and of its parts speak of, sorted."""
        own = {t for anomaly in self.anomalies for t in anomaly.techniques}
        return sorted(own.union(*(child.techniques for child in self.children)))

    @property
    def severity(self) -> str:
        """The highest severity among the anomalies of the sample and of its parts; empty without any."""
        found = {a.severity for a in self.anomalies} | {child.severity for child in self.children}
        return max(found - {""}, key=SEVERITIES.index, default="")

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Triage:
        """The triage that `as_dict` gave. Raises KeyError or TypeError where it is none."""
        own = {key: value for key, value in plain.items() if key not in {"techniques", "severity"}}
        rows: dict[str, list[Any]] = {
            "anomalies": [Anomaly(**(row | {"techniques": tuple(row["techniques"])})) for row in own["anomalies"]],
            "layers": [Layer(**row) for row in own["layers"]],
            "strings": [Text(**row) for row in own["strings"]],
            "indicators": [Indicator(**row) for row in own["indicators"]],
            "problems": [Problem(**row) for row in own["problems"]],
            "children": [cls.from_dict(row) for row in own["children"]],
        }
        return cls(**(own | rows))

    def as_dict(self) -> dict[str, Any]:
        """The triage as JSON values, with `techniques` and `severity` worked out."""
        plain = asdict(self) | {"techniques": self.techniques, "severity": self.severity}
        return plain | {"children": [child.as_dict() for child in self.children]}


@dataclass
class Notes:
    """Collects what a parser notes, within bounds."""

    anomalies: list[Anomaly] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    """Addresses that stand in the sample's structure, with their place."""

    script_characters: int = 0
    """Characters of scripts that were opened so far."""

    def anomaly(self, key: str, where: str = "", detail: str = "") -> None:
        """Note an anomaly of `anomalies.yaml`. The same one is kept `MAX_SAME_ANOMALY` times at most."""
        if len(self.anomalies) >= MAX_ANOMALIES or sum(a.id == key for a in self.anomalies) >= MAX_SAME_ANOMALY:
            return
        known = tables()["anomalies"][key]
        new = Anomaly(
            id=key,
            severity=known["severity"],
            what=known["what"],
            why=known["why"],
            where=clean(where, 300),
            detail=clean(detail, 300),
            techniques=tuple(known.get("techniques", ())),
        )
        if new not in self.anomalies:
            self.anomalies.append(new)

    def layer(self, how: str, text: str, where: str = "") -> bool:
        """Keep a layer. Says whether it is a new one that was kept."""
        whole = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if any(layer.sha256 == whole for layer in self.layers):
            return False
        if len(self.layers) >= MAX_LAYERS:
            self.problem(f"more than {MAX_LAYERS} layers; the rest was not opened", where)
            return False
        text = text.encode("utf-8", "replace").decode("utf-8")
        self.layers.append(Layer(how, where, text[:MAX_LAYER_TEXT], whole, len(text) > MAX_LAYER_TEXT))
        return True

    def part(self, name: str, data: bytes, where: str = "") -> None:
        """Hand over a file inside the sample."""
        if not data or any(part.data == data for part in self.parts):
            return
        used = sum(len(part.data) for part in self.parts)
        if len(self.parts) >= MAX_PARTS or used + len(data) > MAX_PART_BYTES:
            self.problem("too many or too large embedded files; this one was not looked at", name or where)
            return
        self.parts.append(Part(clean(name, 300), data, where))

    def attempt(self, what: str, step: Callable[[], Result], otherwise: Result) -> Result:
        """The result of some work on hostile content, or `otherwise` and a problem where it fails."""
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - whatever a parser throws is a fact about the sample, and is reported
            self.problem(f"{what} could not be read whole: {type(error).__name__}: {error}")
            return otherwise

    def problem(self, reason: str, place: str = "") -> None:
        """Note something that could not be read."""
        new = Problem(clean(reason, 500), clean(place, 300))
        if len(self.problems) < MAX_PROBLEMS and new not in self.problems:
            self.problems.append(new)


def clean(text: str, most: int) -> str:
    """Text fit for a report: at most `most` characters, no lone surrogates, control characters shown as escapes."""
    text = text[:most].encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """The data of triage: anomalies, signs in text, packers, imports that tell what a program can do."""
    import yaml  # late: only triage needs it

    folder = Path(__file__).parent
    return {
        name: yaml.load((folder / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for name in ("anomalies", "signs", "binaries")
    }
