"""The lanes of the timeline: ATT&CK's enterprise tactics in order, then the responders and the notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["attacker", "responder", "notification"]


@dataclass(frozen=True)
class Lane:
    """One lane: its id (the tactic's short name), what is printed, whose it is, ATT&CK's id if it has one."""

    id: str
    label: str
    group: Group
    attack: str = ""


# Short names and ids as MITRE publishes them. Version 19 split "Defense Evasion" into "Stealth" and
# "Defense Impairment"; rules written before still say defense-evasion, so all three are here.
_TACTICS = (
    ("reconnaissance", "Reconnaissance", "TA0043"),
    ("resource-development", "Resource development", "TA0042"),
    ("initial-access", "Initial access", "TA0001"),
    ("execution", "Execution", "TA0002"),
    ("persistence", "Persistence", "TA0003"),
    ("privilege-escalation", "Privilege escalation", "TA0004"),
    ("defense-evasion", "Defense evasion", "TA0005"),
    ("stealth", "Stealth", "TA0005"),
    ("defense-impairment", "Defense impairment", "TA0112"),
    ("credential-access", "Credential access", "TA0006"),
    ("discovery", "Discovery", "TA0007"),
    ("lateral-movement", "Lateral movement", "TA0008"),
    ("collection", "Collection", "TA0009"),
    ("command-and-control", "Command and control", "TA0011"),
    ("exfiltration", "Exfiltration", "TA0010"),
    ("impact", "Impact", "TA0040"),
)

# The responders' lanes are functions of the NIST Cybersecurity Framework 2.0.
LANES: dict[str, Lane] = {
    **{id_: Lane(id_, label, "attacker", attack) for id_, label, attack in _TACTICS},
    "no-tactic": Lane("no-tactic", "No tactic named", "attacker"),
    "detect": Lane("detect", "Detect", "responder"),
    "respond": Lane("respond", "Respond", "responder"),
    "recover": Lane("recover", "Recover", "responder"),
    "notices": Lane("notices", "Notices sent", "notification"),
}
ORDER = {lane: place for place, lane in enumerate(LANES)}
