"""The state of incidents, by subject: the incident and its roles, the work, the analysis."""

from tocsin.incidents.models.analysis import (
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
from tocsin.incidents.models.situation import ReportKind, SituationReport
from tocsin.incidents.models.work import Decision, DecisionState, Task, TaskState

__all__ = [
    "Decision",
    "DecisionState",
    "Finding",
    "Incident",
    "Mention",
    "Note",
    "NoteRevision",
    "Outcome",
    "Phase",
    "Remediation",
    "RemediationState",
    "ReportKind",
    "RoleAssignment",
    "ScopeChange",
    "ScopeEntry",
    "ScopeKind",
    "ScopeState",
    "SituationReport",
    "Task",
    "TaskState",
    "Tlp",
]
