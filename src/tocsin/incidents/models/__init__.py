"""The state of incidents, by subject: the incident and its roles, the work, the analysis."""

from tocsin.incidents.models.analysis import (
    Confidence,
    Finding,
    Remediation,
    RemediationState,
    ScopeChange,
    ScopeEntry,
    ScopeKind,
    ScopeState,
)
from tocsin.incidents.models.incident import Incident, Outcome, Phase, RoleAssignment, Tlp
from tocsin.incidents.models.notes import Mention, Note, NoteRevision
from tocsin.incidents.models.privilege import Admission, OpenRows, Privileged, SealedEntry
from tocsin.incidents.models.situation import ReportKind, SituationReport
from tocsin.incidents.models.work import Decision, DecisionState, Task, TaskState

__all__ = [
    "Admission",
    "Confidence",
    "Decision",
    "DecisionState",
    "Finding",
    "Incident",
    "Mention",
    "Note",
    "NoteRevision",
    "OpenRows",
    "Outcome",
    "Phase",
    "Privileged",
    "Remediation",
    "RemediationState",
    "ReportKind",
    "RoleAssignment",
    "ScopeChange",
    "ScopeEntry",
    "ScopeKind",
    "ScopeState",
    "SealedEntry",
    "SituationReport",
    "Task",
    "TaskState",
    "Tlp",
]
