"""YAML text of a regime file to plain values and the line of every key; fast, as a library of laws is long.

Plain scalars are numbers, true, false, null or text; a date stays text (the schema reads it), NO stays Norway.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from tocsin.law.problems import LawError, Problem

Path = tuple[str | int, ...]
MAX_NODES = 50_000
MAX_DEPTH = 40

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class YamlText:
    """What one YAML text holds (`value`), and the line (from 1) of each key and list item by its path."""

    def __init__(self, file: str, text: str) -> None:
        """Read one document. Raises LawError naming file and line."""
        self.file = file
        self.lines: dict[Path, int] = {}
        self._nodes = 0
        try:
            root = yaml.compose(text, Loader=_LOADER)
        except (yaml.YAMLError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            said = getattr(error, "problem", None) or "it cannot be read"
            raise self.refused(mark.line + 1 if mark else 1, f"this is no valid YAML: {said}") from None
        if root is None:
            raise self.refused(1, "the file is empty")
        self.value: Any = self._plain(root, ())

    def line(self, path: Path) -> int:
        """The line of the key at `path`, or of its nearest parent that stands in the text."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def refused(self, line: int, what: str, help_text: str = "") -> LawError:
        """One problem of this file, to be raised."""
        return LawError([Problem(self.file, line, what, help_text)])

    def _plain(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise self.refused(line, "the file unfolds to too many values or levels", "aliases can multiply; use none")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, index)) for index, item in enumerate(node.value)]
        text = str(node.value)
        if getattr(node, "style", None) in ("'", '"', "|", ">"):
            return text
        return int(text) if _INTEGER.fullmatch(text) else _WORDS.get(text, text)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.refused(line, "a key has to be a word")
            key = str(key_node.value)
            if key in values:
                raise self.refused(line, f"'{key}' stands here twice", "one of the two would silently win; keep one")
            self.lines[(*path, key)] = line
            values[key] = self._plain(value_node, (*path, key))
        return values
