"""Incidents: declare, roles, tasks, decisions, findings, scope and remediation."""
