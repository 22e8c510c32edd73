"""Invented reports for the tests: a whole one, an empty one, a hostile one and a huge one."""

# ruff: noqa: E501 - one row to a line reads as the table that it is

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from tocsin.reports.data import (
    Assumption,
    Cause,
    Clock,
    Custody,
    Decision,
    Detection,
    Duration,
    EvidenceItem,
    Fact,
    Figure,
    GrowthPoint,
    Incident,
    Indicator,
    Inference,
    KeyTime,
    Limit,
    LogEntry,
    LogHead,
    Meta,
    NarrativePart,
    Option,
    Recommendation,
    Record,
    Remediation,
    ReportData,
    Rule,
    Scope,
    ScopeEntry,
    Summary,
    Task,
    Timeline,
    TimelineEvent,
)
from tocsin.reports.text import code

NIGHT = datetime(2026, 5, 9, 2, 0, tzinfo=UTC)
HOSTILE = (
    (
        "#panic(\"typst\") `tick` $x^2$ *b* [c] <label> @ref // \\ = <script>alert('1')</script> "
        "a\u202egpj.exe\x00\x1b[31m\u200bz{{ 7|add:7 }}{% now 'Y' %}&amp; \ud83d\ude00 日本 " + "Q" * 300
    )
    .encode("utf-16", "surrogatepass")
    .decode("utf-16")
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def at(minutes: float) -> datetime:
    return NIGHT + timedelta(minutes=minutes)


def frame(exercise: bool = False, tlp: str = "TLP:AMBER") -> dict[str, object]:
    return {
        "meta": Meta(tlp=tlp, generated=at(300), restriction="For the people of the harbour named below."),  # type: ignore[arg-type]
        "incident": Incident(
            id="KP-2026-0003",
            organization="Kestrel Port Authority",
            title="Intrusion at the crane scheduler",
            subtitle="A stolen maintenance password, two servers entered, berth plans copied",
            severity="S2 High",
            severity_level=2,
            status="Respond",
            exercise=exercise,
            declared=at(40),
        ),
        "record": Record(
            log=LogHead(entries=214, head=digest("head")),
            plan_name="Kestrel Port response plan",
            plan_version=digest("plan"),
            attack_version="ATT&CK v19",
            rules="SigmaHQ, 2,310 rules read, 2,296 assessable",
        ),
        "summary": Summary(headline="No act of an intruder has been established; 0 of 0 hosts are affected."),
    }


def empty(**kind: object) -> ReportData:
    return ReportData(**frame(**kind))  # type: ignore[arg-type]


def _evidence() -> tuple[EvidenceItem, ...]:
    rows = (
        ("E-01", "CRN-SCH-01_Security.evtx", "Windows event log", "CRN-SCH-01", 69_206_016, 48_112, ""),
        ("E-02", "CRN-SCH-02_Sysmon.evtx", "Windows event log", "CRN-SCH-02", 20_975_616, 21_907, ""),
        (
            "E-03",
            "gate-vpn.jsonl.zip",
            "VPN log",
            "GATE-VPN",
            1_204_331,
            5_120,
            "last chunk truncated at byte 1204100",
        ),
    )
    return tuple(
        EvidenceItem(
            id=ref,
            name=name,
            kind=kind,
            host=host,
            collected=at(60),
            by="R. Okafor",
            bytes=size,
            sha256=digest(name),
            events=events,
            note=note,
            custody=(Custody(t=at(60), text="collected"), Custody(t=at(63), text="stored, hash checked")),
        )
        for ref, name, kind, host, size, events, note in rows
    )


def _timeline() -> Timeline:
    days, rows = -9 * 1440, (
        ("initial-access", 0, None, "VPN sign-in", ["Maintenance account signs in from ", code("203.0.113.9")], "T1133", "E-03#17"),
        ("discovery", 34, None, "Domain listed", "Trusts and groups listed from CRN-SCH-01", "T1482", "E-01#2201"),
        ("persistence", 80, None, "Service CraneSvc", "Service installed on CRN-SCH-01", "T1543.003", "E-01#2290"),
    )  # fmt: skip
    early = [
        TimelineEvent(lane=lane, t=at(days + m), label=label, text=text, technique=technique, cites=(cite,))
        for lane, m, _, label, text, technique, cite in rows
    ]
    late = [
        TimelineEvent(
            lane="command-and-control", t=at(-9 * 1440 + 82), end=at(55), label="Beacon every 90 s",
            text="Beacon to one address until the link was cut", technique="T1071.001", cites=("E-02#40",),
        ),
        TimelineEvent(
            lane="credential-access", t=at(1), label="LSASS read", text="Memory of LSASS read, four times in a minute",
            technique="T1003.001", count=4, cites=("E-02#811", "E-02#812", "E-02#815", "E-02#816"),
        ),
        TimelineEvent(lane="lateral-movement", t=at(7), label="Share mounted", text="Administrative share of CRN-SCH-02 mounted", technique="T1021.002", cites=("E-01#9004",)),
        TimelineEvent(lane="exfiltration", t=at(21), label="1.2 GB out", text="Berth plans copied out", technique="T1567.002", cites=("E-02#1190",)),
        TimelineEvent(lane="detect", t=at(24), label="Alert", text="Rule for LSASS access raises an alert", cites=("L-1",)),
        TimelineEvent(lane="respond", t=at(40), label="Declared S2", text="Incident declared", cites=("L-3",)),
        TimelineEvent(lane="respond", t=at(55), label="Link cut", text="Link to the crane network cut (D-01)", cites=("L-9",)),
        TimelineEvent(lane="notices", t=at(200), label="CSIRT", text="Early warning sent", cites=("L-120",)),
    ]  # fmt: skip
    return Timeline(events=(*early, *late), rules=(Rule(t=at(40), label="declared"), Rule(t=at(55), label="contained")))


def _narrative() -> tuple[NarrativePart, ...]:
    days = -9 * 1440
    return (
        NarrativePart(
            tactic="initial-access",
            statements=(
                Fact(
                    t=at(days), techniques=("T1133", "T1078"), cites=("E-03#17", "X-02"),
                    text=["The account ", code("svc-crane-maint"), " signed in to the VPN from ", code("203.0.113.9"), "."],
                ),
                Inference(
                    text="The password was bought, not guessed.", confidence="moderate",
                    because="it was right at the first attempt; a leak of the maker's portal would also explain it",
                    cites=("E-03#17",),
                ),
                Assumption(ref="A-1", text="The clock of the VPN gateway was right.", until="its NTP log is read", cites=("L-14",)),
            ),
        ),
        NarrativePart(
            tactic="credential-access",
            statements=(
                Fact(
                    t=at(1), techniques=("T1003.001",), cites=("E-02#811", "E-02#812", "E-02#815", "E-02#816", "X-01"),
                    text=["On CRN-SCH-02 ", code(r"C:\ProgramData\crane\ld.exe -p lsass"), " read the memory of LSASS four times."],
                ),
            ),
        ),
    )  # fmt: skip


def _duties() -> dict[str, object]:
    return {
        "decisions": (
            Decision(
                ref="D-01", question="Cut the crane network off?", decider="I. Brandt, incident manager", decided=at(52),
                options=(Option(name="Cut now", consequence="cranes run by hand for six hours"), Option(name="Watch for an hour")),
                choice="Cut now", basis="The beacon was active and two safety controllers share the segment.",
                dissent="Terminal operations asked for one hour.", revisit=at(900), cites=("L-9",),
            ),
            Decision(
                ref="D-02", question="Tell the shipping lines today?", decider="Executive on duty", due=at(420),
                options=(Option(name="Today", consequence="before they read it elsewhere"), Option(name="After the sweep", consequence="with a full answer")),
                cites=("L-130",),
            ),
        ),
        "clocks": (
            Clock(
                obligation="eu-nis2-23-early", title="NIS 2, Article 23(4)(a)", recipient="National CSIRT", stage="early warning, 24 h",
                starts_on="awareness", started=at(40), deadline=at(40 + 1440), sent=at(200), status="met",
                because="a port is an essential entity and the cranes stood still", cites=("L-120",),
            ),
            Clock(
                obligation="eu-nis2-23-notification", recipient="National CSIRT", stage="incident notification, 72 h",
                starts_on="awareness", started=at(40), deadline=at(40 + 4320), status="running", cites=("L-121",),
            ),
            Clock(
                obligation="contract-lines", recipient="Shipping lines", stage="contract, 4 h", starts_on="declared",
                started=at(40), deadline=at(280), status="late", note="waits for D-02", cites=("L-122",),
            ),
        ),
        "tasks": (
            Task(ref="T-11", title="Re-image CRN-SCH-02", function="Reporting and remediation", role="Server lead", person="M. Sato", due=at(240), proof="image hash", cites=("L-88",)),
            Task(ref="T-12", title="Draft the notice to the shipping lines", function="Crisis communications", role="Press officer", due=at(360), cites=("L-131",)),
            Task(ref="T-03", title="Take memory images", function="Technical analysis", role="Lead analyst", person="R. Okafor", status="done", cites=("L-60",)),
        ),
        "remediation": (
            Remediation(ref="R-01", action="Password of svc-crane-maint withdrawn", target="S-03", owner="M. Sato", done=at(58), method="sign-in tried", result="refused", verified_by="R. Okafor", verified=at(66), cites=("L-70",)),
            Remediation(ref="R-02", action="CRN-SCH-02 re-imaged", target="S-02"),
        ),
        "recommendations": (
            Recommendation(rank=1, text="Ask for a second factor of every maintenance account.", why="The door was one password.", breaks="Initial access", owner="IT security", due=at(43200), effort="3 weeks", cites=("E-03#17",)),
        ),
    }  # fmt: skip


def whole(**kind: object) -> ReportData:
    """Every section filled."""
    parts = frame(**kind)  # type: ignore[arg-type]
    parts["summary"] = Summary(
        headline="An intruder used one maintenance password, stayed nine days, entered 2 of 48 servers and copied 1.2 GB of berth plans. The cranes stood still for six hours.",
        statements=_narrative()[0].statements,
        impact=(Figure(value="2", of="of 48", label="servers entered"), Figure(value="1.2", of="GB", label="copied out")),
        cause=Cause(root="A maintenance account needed no second factor.", factors=("Its owner left in 2024.",), cites=("E-03#17",)),
        standing=("The link is cut; the sweep of 48 servers is running.",),
    )  # fmt: skip
    parts["key_times"] = (
        KeyTime(
            key="first",
            label="First malicious activity",
            t=at(-9 * 1440),
            group="attacker",
            cites=("E-03#17",),
        ),
        KeyTime(key="alert", label="Alert", t=at(24), cites=("L-1",)),
        KeyTime(key="declared", label="Declared", t=at(40), cites=("L-3",)),
        KeyTime(key="contained", label="Contained", t=at(55), cites=("L-9",)),
        KeyTime(key="recovered", label="Recovered"),
    )
    parts["durations"] = (
        Duration(label="dwell", start="first", end="alert"),
        Duration(
            label="to declare, on the long way through three desks",
            start="alert",
            end="declared",
            target_s=600,
        ),
        Duration(label="to contain", start="declared", end="contained", target_s=7200),
        Duration(label="to recover", start="contained", end="recovered", target_s=86400),
        Duration(label="alert to containment", start="alert", end="contained", target_s=7200),
    )
    parts["limits"] = (
        Limit(kind="lost", text="VPN records before 1 May had been overwritten.", cites=("E-03",)),
        Limit(kind="not assessable", text="14 rules need fields that no reader supplies."),
    )
    parts["scope"] = Scope(
        entries=(
            ScopeEntry(ref="S-01", kind="Host", name="CRN-SCH-01", state="contained", first_seen=at(-12960), state_since=at(55), effect="Service installed", cites=("E-01#2290",)),
            ScopeEntry(ref="S-02", kind="Host", name="CRN-SCH-02", state="confirmed", first_seen=at(7), state_since=at(61), cites=("E-01#9004",)),
            ScopeEntry(ref="S-03", kind="Account", name="svc-crane-maint", state="eradicated", first_seen=at(-12960), state_since=at(66), cites=("L-70",)),
        ),
        growth=(GrowthPoint(t=at(24), suspected=1), GrowthPoint(t=at(40), suspected=3, confirmed=1), GrowthPoint(t=at(55), suspected=1, contained=3)),
    )  # fmt: skip
    parts["detections"] = (
        Detection(ref="X-01", rule_id="5ef9853e-4d0e-4a70-846f-a9ca37d876da", title="Memory of LSASS read by an unusual program", author="A. Rule-Writer, B. Second", level="high", count=4, hosts=("CRN-SCH-02",), techniques=("T1003.001",), first_seen=at(1), last_seen=at(2), license="DRL 1.1", source="windows/process_access/lsass.yml", cites=("E-02#811", "E-02#812", "E-02#815", "E-02#816")),
        Detection(ref="X-02", rule_id="d1", title="Sign-in from a new network", author="", level="low", count=1, cites=("E-03#17",)),
    )  # fmt: skip
    parts["indicators"] = (
        Indicator(type="Address", value="203.0.113[.]9", context="VPN sign-in, beacon", hosts=2, first_seen=at(-12960), confidence="high", cites=("E-03#17",)),
        Indicator(type="SHA-256", value=digest("ld.exe"), context="ld.exe", hosts=1, first_seen=at(0), cites=("E-02#811",)),
    )  # fmt: skip
    parts["timeline"], parts["narrative"], parts["evidence"] = _timeline(), _narrative(), _evidence()
    parts["log_entries"] = tuple(
        LogEntry(seq=n, t=at(n), actor="I. Brandt", text=f"entry {n} in words", hash=digest(str(n)))
        for n in (1, 3, 9, 14, 70, 88, 120, 121, 122, 130, 131)
    )
    return ReportData(**(parts | _duties()))  # type: ignore[arg-type]


def hostile() -> ReportData:
    """The whole report with an attacker's text in every free field."""

    def poison(value: object, key: str = "") -> object:
        closed = {
            "ref",
            "id",
            "kind",
            "key",
            "start",
            "end",
            "status",
            "tlp",
            "state",
            "level",
            "lane",
            "tactic",
            "group",
        }
        closed |= {
            "confidence",
            "technique",
            "techniques",
            "cites",
            "sha256",
            "head",
            "hash",
            "plan_version",
            "format",
        }
        closed |= {"generated", "declared", "rules", "events"}
        if isinstance(value, dict):
            return {
                k: v
                if (k in closed and not isinstance(v, list | dict)) or k in ("cites", "techniques")
                else poison(v, k)
                for k, v in value.items()
            }
        if isinstance(value, list):
            return [poison(v, key) for v in value]
        time = isinstance(value, str) and value[:4].isdigit() and value.endswith("Z")
        return HOSTILE if isinstance(value, str) and not time and key not in closed else value

    return ReportData.model_validate(poison(whole().model_dump(mode="json")))


def huge(n: int = 5000) -> ReportData:
    """`n` detections over seven years on 400 hosts from 300 evidence items, nothing grouped beforehand."""
    parts = frame()
    lanes = (
        "execution",
        "persistence",
        "credential-access",
        "lateral-movement",
        "stealth",
        "discovery",
        "impact",
    )
    start = datetime(2019, 3, 1, tzinfo=UTC)
    when = [start + timedelta(days=(i * i * 7919 % 9) * 290, seconds=i * 37 % 86400) for i in range(n)]
    parts["evidence"] = tuple(
        EvidenceItem(id=f"E-{i}", name=f"host-{i:04}/Security.evtx", collected=at(1), bytes=i * 4096, sha256=digest(str(i)), events=i)
        for i in range(1, 301)
    )  # fmt: skip
    cite = [f"E-{i % 300 + 1}#{i}" for i in range(n)]
    parts["timeline"] = Timeline(
        events=tuple(
            TimelineEvent(lane=lanes[i % 7], t=when[i], label=f"Rule {i % 211}", text=f"Rule {i % 211} matched on host-{i % 400:04}", technique="T1059", cites=(cite[i],))
            for i in range(n)
        )
    )  # fmt: skip
    parts["narrative"] = tuple(
        NarrativePart(tactic=lane, statements=tuple(Fact(t=when[i], text=f"Rule {i % 211} matched.", techniques=("T1059",), cites=(cite[i],)) for i in range(k, n, 7)))
        for k, lane in enumerate(lanes)
    )  # fmt: skip
    parts["detections"] = tuple(
        Detection(ref=f"X-{i + 1}", rule_id=digest(str(i)), title=f"Rule {i}", author="Somebody", level="medium", count=1 + i % 9, hosts=tuple(f"host-{h:04}" for h in range(i % 40)), first_seen=when[i], last_seen=when[i], cites=(cite[i],))
        for i in range(n)
    )  # fmt: skip
    parts["scope"] = Scope(
        entries=tuple(ScopeEntry(ref=f"S-{i}", kind="Host", name=f"host-{i:04}", state="suspected", first_seen=when[i], cites=(f"X-{i + 1}",)) for i in range(400)),
    )  # fmt: skip
    return ReportData(**parts)  # type: ignore[arg-type]
