"""Malware triage: what can be said about a sample without running it.

`triage` looks at one file here and now; `triage_contained` looks at many in child processes with limits.
`yara` scans with rules, `vault` keeps samples encrypted.
"""

from __future__ import annotations

from tocsin.lab.triage.contained import triage_contained, triage_vaulted
from tocsin.lab.triage.model import Anomaly, Indicator, Layer, Text, Triage
from tocsin.lab.triage.run import triage, triage_bytes

__all__ = [
    "Anomaly", "Indicator", "Layer", "Text", "Triage", "triage", "triage_bytes", "triage_contained", "triage_vaulted",
]  # fmt: skip
