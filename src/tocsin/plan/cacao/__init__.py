"""Playbooks to and from CACAO 2.0 (OASIS Collaborative Automated Course of Action Operations)."""

from __future__ import annotations

from tocsin.plan.cacao.document import CacaoError, read_document
from tocsin.plan.cacao.exporting import export_playbook
from tocsin.plan.cacao.importing import CacaoImport, import_playbook

__all__ = ["CacaoError", "CacaoImport", "export_playbook", "import_playbook", "read_document"]
