"""The incident response plan as data: what plan.yaml, contacts.yaml and playbooks/*.yaml may say."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from tocsin.plan.alert_models import AlertsFile
from tocsin.plan.comms_models import Approvals, AudienceKind
from tocsin.plan.decision_models import DecisionPoint, FactName
from tocsin.plan.obligation_models import ObligationsFile
from tocsin.plan.offset import Offset, OffsetText
from tocsin.plan.strict import Key, Strict

FORMAT = "tocsin-plan/1"


class Function(StrEnum):
    """The eight core functions of a response."""

    INCIDENT_MANAGEMENT = "incident_management"
    ENTERPRISE_INVESTIGATION = "enterprise_investigation"
    TECHNICAL_ANALYSIS = "technical_analysis"
    SCOPING = "scoping"
    CRISIS_COMMUNICATIONS = "crisis_communications"
    LEGAL_HR_REGULATORY = "legal_hr_regulatory"
    EXECUTIVE_DECISIONS = "executive_decisions"
    REPORTING_REMEDIATION = "reporting_remediation"


class Discipline(StrEnum):
    """The four disciplines of technical analysis."""

    MALWARE = "malware"
    FORENSICS = "forensics"
    EVENT_LOG = "event_log"
    NETWORK = "network"


class Sourcing(StrEnum):
    """Who serves a function."""

    IN_HOUSE = "in_house"
    OUTSOURCED = "outsourced"
    HYBRID = "hybrid"


class Anchor(StrEnum):
    """The instants of an incident that a due time can hang on: laws tell all of these apart."""

    BEGAN = "began"
    DETECTED = "detected"
    DECLARED = "declared"
    SUSPECTED = "suspected"
    BELIEVED = "believed"
    AWARE = "aware"
    DISCOVERED = "discovered"
    IDENTIFIED = "identified"
    CLASSIFIED = "classified"
    DETERMINED = "determined"
    MATERIAL = "material"
    ASSESSED = "assessed"
    NEW_FACTS = "new_facts"
    MISSING_FACTS = "missing_facts"
    DEMANDED = "demanded"
    PAID = "paid"
    BLOCKED = "blocked"
    REQUESTED = "requested"
    HHS_NOTIFIED = "hhs_notified"
    CORRECTED = "corrected"
    CONTAINED = "contained"
    ERADICATED = "eradicated"
    RECOVERED = "recovered"
    CLOSED = "closed"


class StepKind(StrEnum):
    """What a step becomes in an incident."""

    TASK = "task"
    DECISION = "decision"
    COMMUNICATION = "communication"
    NOTIFICATION = "notification"
    AUTOMATION = "automation"


class Track(StrEnum):
    """A part of a playbook that runs in an incident of its own, which only those see who work on it."""

    HR = "hr"


class IncidentRole(StrEnum):
    """What the holder of a plan role may do inside an incident."""

    LEAD = "lead"
    RESPONDER = "responder"
    DECIDER = "decider"
    COUNSEL = "counsel"
    OBSERVER = "observer"


class Due(Strict):
    """When a step has to be done: so long after an anchor, or after another step is done."""

    within: OffsetText
    after: Anchor | None = Anchor.DECLARED
    after_step: Key | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_beginning(cls, value: Any) -> Any:
        """A due time has one beginning: with `after_step` and no `after`, the anchor is None."""
        if isinstance(value, dict) and value.get("after_step") is not None:
            if value.get("after") is not None:
                raise ValueError("write either 'after' or 'after_step', not both")
            return {**value, "after": None}
        return value


class ContactMethod(Strict):
    """One way to reach somebody; `url` is an Apprise URL, a tel: or a mailto: address."""

    kind: Annotated[str, Field(pattern="^(phone|sms|mail|chat|push|radio|in_person)$")]
    url: str
    verified: date | None = None


class Contact(Strict):
    """A person, team or outside party that a role or an audience can name."""

    name: str
    kind: Annotated[str, Field(pattern="^(person|team|organization)$")] = "person"
    organization: str = ""
    title: str = ""
    outside: bool = False
    party: Annotated[
        str, Field(pattern="^(|counsel|insurer|regulator|law_enforcement|press|provider|supplier|customer)$")
    ] = ""
    languages: tuple[str, ...] = ()
    time_zone: str = ""
    methods: tuple[ContactMethod, ...] = ()
    note: str = ""


def _calendar(value: str) -> str:
    if len(value) > 500 or not re.match(r"^((https?|webcals?)://[^\s/]+\S*|calendars/[^/\s]+\.ics)$", value):
        raise ValueError(f"'{value[:80]}' is no calendar; write its https:// address, or a file as calendars/NAME.ics")
    return value


class OnCall(Strict):
    """Who serves a role right now, as a calendar says it: an address to fetch, or a file beside plan.yaml."""

    calendar: Annotated[str, AfterValidator(_calendar)]

    @property
    def file(self) -> str:
        """The calendar's path in the plan folder; empty for an address."""
        return self.calendar if self.calendar.startswith("calendars/") else ""

    @property
    def url(self) -> str:
        """The calendar's address to fetch; empty for a file. `webcal` is another word for https."""
        scheme, _, rest = self.calendar.partition("://")
        return "" if self.file else f"{'http' if scheme == 'http' else 'https'}://{rest}"


class Role(Strict):
    """A named seat in the plan that serves a function."""

    title: str
    function: Function
    discipline: Discipline | None = None
    access: IncidentRole = IncidentRole.RESPONDER
    holder: Key | None = None
    backups: tuple[Key, ...] = ()
    duties: str = ""
    authority: tuple[Key, ...] = ()
    on_call: OnCall | None = None


class FunctionService(Strict):
    """How one of the eight functions is served; `provider` names the contact of an outside party."""

    sourcing: Sourcing
    provider: Key | None = None
    note: str = ""


class OrganizationFacts(Strict):
    """Facts of the organization that obligations, clocks and audiences follow from."""

    name: str
    short: str = ""
    sector: str
    countries: Annotated[tuple[str, ...], Field(min_length=1)]
    time_zone: str = "UTC"
    languages: tuple[str, ...] = ("en",)
    roles: tuple[Key, ...] = ()
    data_held: tuple[Key, ...] = ()
    people_count: int | None = None


class FactorLevel(Strict):
    """One step on the scale of a risk factor: points and what has to be true."""

    points: Annotated[int, Field(ge=0, le=3)]
    means: str


class RiskFactor(Strict):
    """One of the six factors of NIST SP 800-61r3 for judging an incident's risk."""

    question: str
    levels: Annotated[tuple[FactorLevel, ...], Field(min_length=2)]


class Factor(StrEnum):
    """The six risk factors named by NIST SP 800-61r3."""

    ASSET_CRITICALITY = "asset_criticality"
    FUNCTIONAL_IMPACT = "functional_impact"
    DATA_IMPACT = "data_impact"
    ACTIVITY_STAGE = "activity_stage"
    THREAT_ACTOR = "threat_actor"
    RECOVERABILITY = "recoverability"


class SeverityLevel(Strict):
    """One severity: 1 is the worst. It holds when the points reach `from_points`."""

    name: str
    from_points: Annotated[int, Field(ge=0, le=18)]
    means: str
    report_every: OffsetText
    call: tuple[Key, ...] = ()


class SeverityMatrix(Strict):
    """Six factors give points; points give one of four severities."""

    factors: dict[Factor, RiskFactor]
    levels: dict[Annotated[int, Field(ge=1, le=4)], SeverityLevel]


class EscalationRule(Strict):
    """When a role does not answer in time, who is called next."""

    severity: Annotated[int, Field(ge=1, le=4)]
    no_answer_after: OffsetText
    then: Annotated[tuple[Key, ...], Field(min_length=1)]


class ComcheckRule(Strict):
    """How often everybody is asked whether they can be reached, and for how long an answer is awaited."""

    every: OffsetText
    closes_after: OffsetText = Offset(elapsed=timedelta(hours=24))


class Step(Strict):
    """One step of a playbook."""

    id: Key
    title: str
    role: Key
    kind: StepKind = StepKind.TASK
    due: Due | None = None
    needs: tuple[Key, ...] = ()
    when: str = ""
    instructions: str = Field("", alias="do")
    done_when: str = ""
    decision: DecisionPoint | None = None
    message: Key | None = None
    audience: Key | None = None
    recipient: Key | None = None
    regime: Key | None = None
    automation: Key | None = None
    track: Track | None = None
    extensions: dict[str, Any] = Field(default_factory=dict)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Fits(Strict):
    """What suggests a playbook: words in the alert, ATT&CK techniques or tactics among the detections."""

    words: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()


class Playbook(Strict):
    """The steps for one kind of incident."""

    id: Key
    title: str
    summary: str = ""
    fits: Fits = Fits()
    severity: Annotated[int, Field(ge=1, le=4)] = 3
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    extensions: dict[str, Any] = Field(default_factory=dict)

    def step(self, step_id: str) -> Step:
        """The step of that id; raises KeyError."""
        return {step.id: step for step in self.steps}[step_id]


class Audience(Strict):
    """Who hears: people and lists that a message goes to. Without a kind it counts as people outside."""

    title: str
    kind: AudienceKind = AudienceKind.OTHER
    contacts: tuple[Key, ...] = ()
    note: str = ""
    approvals: Approvals | None = None


def _known_format(value: str) -> str:
    if value != FORMAT:
        raise ValueError(f"this Tocsin reads '{FORMAT}', the file says '{value}'")
    return value


class FactKind(StrEnum):
    """What a fact may be."""

    YES_NO = "yes_no"
    NUMBER = "number"
    TEXT = "text"
    TIME = "time"
    LIST = "list"


class Fact(Strict):
    """A fact of an incident that conditions and messages of this plan ask for, beyond those Tocsin knows."""

    means: str
    kind: FactKind = FactKind.YES_NO


class PlanFile(Strict):
    """plan.yaml as it stands in the file."""

    format: Annotated[str, AfterValidator(_known_format)] = FORMAT
    organization: OrganizationFacts
    functions: dict[Function, FunctionService]
    roles: dict[Key, Role]
    severity: SeverityMatrix
    escalation: tuple[EscalationRule, ...] = ()
    comcheck: ComcheckRule | None = None
    audiences: dict[Key, Audience] = Field(default_factory=dict)
    facts: dict[FactName, Fact] = Field(default_factory=dict)


class ContactsFile(Strict):
    """contacts.yaml as it stands in the file."""

    contacts: dict[Key, Contact]


class Message(Strict):
    """A message template: front matter (title, audience, language) and a Markdown body with {{ facts }}.

    `holding` marks a statement that is ready before one is asked for; `approvals` goes before its audience's.
    """

    id: Key
    title: str
    audience: Key | None = None
    language: str = "en"
    holding: bool = False
    approvals: Approvals | None = None
    body: str


class Plan(Strict):
    """The whole plan in one value. `version` is the SHA-256 of its files (hex), which names it for ever."""

    version: str
    organization: OrganizationFacts
    functions: dict[Function, FunctionService]
    roles: dict[Key, Role]
    severity: SeverityMatrix
    escalation: tuple[EscalationRule, ...]
    audiences: dict[Key, Audience]
    contacts: dict[Key, Contact]
    playbooks: dict[Key, Playbook]
    messages: dict[Key, Message]
    facts: dict[FactName, Fact] = Field(default_factory=dict)
    comcheck: ComcheckRule | None = None
    alerts: AlertsFile = AlertsFile()
    obligations: ObligationsFile = ObligationsFile()
