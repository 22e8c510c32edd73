"""Kubernetes audit log: who asked the API server for what, and what it answered.

https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

from __future__ import annotations

from typing import Any

from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, event, flat
from tocsin.lab.sources.times import from_text

CHANNEL = "kubernetes/audit"


def row(value: dict[str, Any]) -> Event | None:
    """Return the event of a record; None where it is none."""
    if type(value["verb"]) is not str:
        return None
    fields = flat(value)
    # Short names under which Sigma rules ask for what lies deep in the object that was asked for.
    system: dict[str, Any] = {}
    for name, item in fields.items():
        if name.startswith("requestObject."):
            if name.endswith(".hostPath.path"):
                system["hostPath"] = item
            elif name.endswith(".securityContext.capabilities.add"):
                system["capabilities"] = item
    if "objectRef.apiGroup" in fields:
        system["apiGroup"] = fields["objectRef.apiGroup"]
    written = value.get("requestReceivedTimestamp") or value.get("stageTimestamp") or value.get("timestamp")
    return event(
        CHANNEL,
        fields,
        time=from_text(written) if type(written) is str else "",
        provider="kube-apiserver",
        system=system,
    )


SHAPE = Shape("kubernetes_audit", "Kubernetes audit", frozenset({"auditID", "verb"}), row)
