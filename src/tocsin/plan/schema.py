"""JSON Schemas of the plan's files, so that editors complete and check while one writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tocsin.plan.alert_models import AlertsFile
from tocsin.plan.models import ContactsFile, Message, PlanFile, Playbook
from tocsin.plan.obligation_models import ObligationsFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILES: dict[str, tuple[type[BaseModel], str]] = {
    "plan.schema.json": (PlanFile, "plan.yaml of a Tocsin plan"),
    "contacts.schema.json": (ContactsFile, "contacts.yaml of a Tocsin plan"),
    "alerts.schema.json": (AlertsFile, "alerts.yaml of a Tocsin plan"),
    "obligations.schema.json": (ObligationsFile, "obligations.yaml of a Tocsin plan"),
    "playbook.schema.json": (Playbook, "playbooks/*.yaml of a Tocsin plan"),
    "message.schema.json": (Message, "front matter of messages/*.md of a Tocsin plan"),
}
# Lengths of time are objects inside and text in the file.
_LENGTH_OF_TIME = {
    "type": "string",
    "pattern": r"^\s*\d{1,5}\s*(min|m|h|d|business days?|bd|months?)\s*$",
    "description": "A length of time such as '15 min', '4 h', '3 d', '2 business days' or '1 month'.",
}

_PERIOD = {
    "type": "string",
    "pattern": r"^\s*\d{1,7} +(minute|hour|day|business day|month)s?\s*$",
    "description": "A period such as '72 hours', '30 days', '4 business days' or '1 month'.",
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """File name -> JSON Schema (2020-12) of each kind of plan file."""
    schemas = {}
    for name, (model, title) in _FILES.items():
        schema = model.model_json_schema(by_alias=True)
        if "Offset" in schema.get("$defs", {}):
            schema["$defs"]["Offset"] = _LENGTH_OF_TIME
        if "Period" in schema.get("$defs", {}):
            schema["$defs"]["Period"] = _PERIOD
        schemas[name] = {"$schema": _DIALECT, **schema, "title": title}
    header = schemas["message.schema.json"]
    for key in ("id", "body"):  # these come from the file's name and from below the front matter
        header["properties"].pop(key)
        header["required"].remove(key)
    return schemas


def write_schemas(folder: Path) -> None:
    """Write every schema into `folder`, where editors find the published copies."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in json_schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
