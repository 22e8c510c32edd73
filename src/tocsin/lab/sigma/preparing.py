"""What a user brings along for rules: values for their placeholders, and pipelines that give fields other names.

Both are worked in when rules are loaded, by pySigma's own processing pipeline.
https://sigmahq.io/docs/digging-deeper/pipelines.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigma.processing.pipeline import ProcessingPipeline


class PreparationError(ValueError):
    """A user's file of variables or pipeline cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class Brought:
    """The files that a user brought along: each its name as it was given, and its content."""

    variables: tuple[str, bytes] | None = None
    pipelines: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def read(cls, variables: Path | None, pipelines: Sequence[Path]) -> Brought:
        """Return the files. Raises OSError where one cannot be read."""
        return cls(
            (str(variables), variables.read_bytes()) if variables else None,
            tuple((str(path), path.read_bytes()) for path in pipelines),
        )

    @property
    def parts(self) -> list[bytes]:
        """The contents, for the key of the cache; what is missing is different from what is empty."""
        return [
            b"" if self.variables is None else b"=" + self.variables[1],
            *(content for _, content in self.pipelines),
        ]

    def pipeline(self) -> ProcessingPipeline | None:
        """Return one pipeline of everything; None where nothing was brought. Raises PreparationError."""
        if self.variables is None and not self.pipelines:
            return None
        from sigma.exceptions import SigmaError
        from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
        from sigma.processing.transformations import ValueListPlaceholderTransformation

        made = ProcessingPipeline()
        if self.variables is not None:
            known = _mapping(*self.variables)
            items = [ProcessingItem(ValueListPlaceholderTransformation(include=list(known)))]
            made = ProcessingPipeline(items=items, vars=known)
        users: list[ProcessingPipeline] = []
        for name, content in self.pipelines:
            _mapping(name, content)
            try:
                users.append(ProcessingPipeline.from_yaml(content.decode("utf-8"), name))
            except (SigmaError, ValueError, TypeError, AttributeError, KeyError) as error:
                raise PreparationError(f"{name} is not a Sigma processing pipeline: {error}") from error
        # The lowest priority first, as pySigma has it; those of the same one in the order in which they were given.
        for each in sorted(users, key=lambda pipeline: pipeline.priority):
            made = made + each
        return made


def _mapping(name: str, content: bytes) -> dict[str, Any]:
    import yaml

    try:
        loaded = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PreparationError(f"{name} is not readable as YAML: {error}") from error
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise PreparationError(f"{name} must be a YAML mapping with names as keys")
    return loaded
