"""YAML text to plain values plus the line of every key, with limits: the text may come from anybody.

Only what a plan needs is read: text, whole and decimal numbers, true/false, null, lists and mappings.
Dates stay text (the schema reads them). YAML 1.2, so `no` is the text "no" and NO is Norway.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from tocsin.plan.problems import PlanError, Problem, refusal

MAX_CHARACTERS = 256 * 1024
MAX_NODES = 50_000
MAX_DEPTH = 40

Path = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "timestamp": str,
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": lambda text: int(text.replace("_", ""), 0 if text.lstrip("+-")[:2] in ("0x", "0o") else 10),
    "float": lambda text: float(text.replace("_", "")),
}


@dataclass
class YamlText:
    """What one YAML text holds, and the line (from 1) of each key and list item by its path."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of the key at `path`, or of its nearest parent that stands in the text."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


def read_yaml(file: str, text: str, first_line: int = 1) -> YamlText:
    """Read one document; `first_line` is where `text` begins in `file`. Raises PlanError naming the place."""
    if len(text) > MAX_CHARACTERS:
        raise refusal(
            file,
            0,
            "too-big",
            f"the file has more than {MAX_CHARACTERS // 1024} KiB of text",
            "no plan needs that much; is this the right file?",
        )
    try:
        # The round-trip reader leaves fold marks (\a) in folded text.
        root = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        raise refusal(
            file,
            first_line,
            "too-deep",
            "lists and mappings are nested too deeply",
            "a file like this is no plan",
        ) from None
    except ReaderError as error:
        raise _unreadable_character(file, text, first_line, error) from None
    except MarkedYAMLError as error:
        raise _syntax(file, first_line, error) from None
    except (YAMLError, ValueError) as error:
        raise refusal(file, first_line, "yaml-syntax", str(error), "nothing after this place can be read") from None
    if root is None:
        raise refusal(file, first_line, "empty", "the file is empty", "a plan file has to say something")
    return _Reading(file, first_line).document(root)


def _unreadable_character(file: str, text: str, first_line: int, error: ReaderError) -> PlanError:
    position = int(error.position)
    line = first_line + text.count("\n", 0, position)
    character = error.character
    code = character if isinstance(character, int) else ord(str(character))
    return refusal(
        file,
        line,
        "bad-character",
        f"character U+{code:04X} cannot stand in a YAML file",
        "the file is binary or damaged; save it as UTF-8 text",
    )


def _syntax(file: str, first_line: int, error: MarkedYAMLError) -> PlanError:
    mark = error.problem_mark or error.context_mark
    line = first_line + (mark.line if mark else 0)
    problem = str(error.problem or error)
    if "'\\t'" in problem:
        return refusal(file, line, "tab", "a tab is used for indentation", "YAML indents with spaces only")
    if "another document" in problem:
        return refusal(
            file,
            line,
            "many-documents",
            "a second YAML document begins here ('---')",
            "everything after this line would be ignored",
        )
    context = f" {error.context}" if error.context else ""
    return refusal(
        file,
        line,
        "yaml-syntax",
        f"this is no valid YAML: {problem}{context}",
        "nothing after this place can be read",
    )


class _Reading:
    """Turns YAML nodes into plain values; counts nodes, because aliases can multiply without end."""

    def __init__(self, file: str, first_line: int) -> None:
        self.file, self.first_line = file, first_line
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def document(self, root: Node) -> YamlText:
        value = self.plain(root, ())
        if self.problems:
            raise PlanError(self.problems)
        return YamlText(value, self.lines)

    def line_of(self, node: Node) -> int:
        return self.first_line + int(node.start_mark.line)

    def add(self, node: Node, code: str, what: str, why: str) -> None:
        self.problems.append(Problem(self.file, self.line_of(node), "error", code, what, why))

    def plain(self, node: Node, path: Path) -> Any:
        self.nodes += 1
        self.lines.setdefault(path, self.line_of(node))
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            # Aliases that name their own parent end here too: they only ever get deeper.
            raise refusal(
                self.file,
                self.line_of(node),
                "too-big",
                f"the file unfolds to more than {MAX_NODES} values or {MAX_DEPTH} levels",
                "aliases (*name) that multiply can fill a machine's memory",
            )
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return self.scalar(node)

    def mapping(self, node: MappingNode, path: Path) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.add(key_node, "bad-key", "a key has to be a word or a number", "nothing could refer to it")
                continue
            key = self.scalar(key_node)
            if key in values:
                self.add(
                    key_node,
                    "duplicate-key",
                    f"'{key}' stands here twice",
                    "one of the two would silently win",
                )
                continue
            self.lines[(*path, key)] = self.line_of(key_node)
            values[key] = self.plain(value_node, (*path, key))
        return values

    def scalar(self, node: Node) -> Any:
        tag = str(node.tag)
        read = _SCALARS.get(tag.removeprefix(_TAG))
        text = str(node.value)
        if read is None:
            if tag == _TAG + "merge":
                return text
            self.add(node, "yaml-tag", f"the YAML tag '{tag}' is not read here", "a plan holds plain values only")
            return None
        try:
            return read(text)
        except ValueError:
            return text
