"""A playbook as the text of its file, for playbooks that come from elsewhere."""

from __future__ import annotations

from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from tocsin.plan.models import Playbook

_WIDTH = 110


def playbook_text(playbook: Playbook) -> str:
    """What playbooks/<id>.yaml says for this playbook; reading it gives the same playbook again."""
    yaml = YAML()
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(_readable(playbook.model_dump(mode="json", by_alias=True, exclude_defaults=True)), stream)
    return stream.getvalue()


def _readable(value: object) -> object:
    """Text of several lines as a block, everything else as it is."""
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, str) and "\n" in value and not any(line.endswith(" ") for line in value.split("\n")):
        return LiteralScalarString(value)
    return value
