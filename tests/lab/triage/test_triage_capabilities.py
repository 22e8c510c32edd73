"""Capabilities by flare-capa: read from what it writes, run where it is installed, told where it is not."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import triage_samples as made

from tocsin.lab.containment import ContainedError
from tocsin.lab.triage.capabilities import Capability, capabilities, read_capa

RULE = """
rule:
  meta:
    name: write to another process
    namespace: host-interaction/process/inject
    authors: [a tester]
    scopes: {static: file, dynamic: file}
    att&ck: ["Defense Evasion::Process Injection [T1055]"]
  features:
    - and:
      - import: kernel32.WriteProcessMemory
"""
WANTED = [Capability("write to another process", "host-interaction/process/inject", ("T1055",), 1)]


def test_what_capa_writes_is_read() -> None:
    meta = {
        "name": "write to another process",
        "namespace": "host-interaction/process/inject",
        "attack": [{"id": "T1055"}],
    }
    assert read_capa(json.dumps({"rules": {"x": {"meta": meta, "matches": [[{}, {}]]}}}).encode()) == WANTED
    with pytest.raises(json.JSONDecodeError):
        read_capa(b"not JSON")


def test_a_program_is_read_by_capa(tmp_path: Path) -> None:
    command = os.environ.get("TOCSIN_CAPA") or shutil.which("capa")
    if not command:
        pytest.skip("flare-capa is not installed here")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rule.yml").write_text(RULE, encoding="utf-8")
    (tmp_path / "sample").write_bytes(made.pe(imports=["WriteProcessMemory"]))
    assert capabilities(tmp_path / "sample", tmp_path / "rules", capa=command) == WANTED
    (tmp_path / "text").write_text("no program", encoding="utf-8")
    with pytest.raises(ContainedError, match="capa ended with status"):
        capabilities(tmp_path / "text", tmp_path / "rules", capa=command)


def test_where_capa_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(ContainedError, match="not installed"):
        capabilities(tmp_path / "sample", tmp_path, capa="no-such-capa")
