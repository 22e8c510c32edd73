"""`tocsin respond`: a whole response without a server, from a plan and a heap of evidence to a report.

Every stage looks at what is there before it acts, so a run that was cut off goes on where it stood: start it again
with the same --out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tocsin.cli.boot import boot, who

if TYPE_CHECKING:
    from tocsin.core.access import Actor
    from tocsin.core.models import Organization
    from tocsin.evidence.models import AnalysisRun
    from tocsin.incidents.models import Incident
    from tocsin.plan.models import Plan

KEY = "respond"
CASE = "case"
FIRST_SEVERITY = 3


def _stop(problem: object) -> NoReturn:
    typer.secho(str(problem), err=True, fg="red")
    raise typer.Exit(2)


def respond(
    plan: Annotated[Path, typer.Option(help="The plan's folder.")],
    evidence: Annotated[list[Path], typer.Option(help="A file or folder with evidence; can be repeated.")],
    out: Annotated[Path, typer.Option(help="Folder for the results; the case itself is kept in out/case.")],
    rules: Annotated[Path | None, typer.Option(help="Folder with Sigma rules; default: Tocsin's own.")] = None,
    title: Annotated[str, typer.Option(help="What happened, in one line.")] = "",
    severity: Annotated[int | None, typer.Option(min=1, max=4, help="Default: what the playbook says.")] = None,
    playbook: Annotated[str, typer.Option(help="Id of the playbook; default: the one that fits the findings.")] = "",
    exercise: Annotated[bool, typer.Option("--exercise", help="A drill: marked on every page.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Child processes for analysis; 0: one for each processor.")] = 0,
) -> None:
    """Check the plan, take evidence into custody, declare, analyse, fill findings and scope, open tasks, decisions and
    clocks, and write report.html, report.pdf, log.jsonl, detections.jsonl, scope.csv and timeline.csv.

    Exit status 0: all evidence was read. 1: something was lost, refused or not understood. 2: nothing could be read,
    or no response was made.

    Example: [bold]tocsin respond --plan ./plan --evidence ./logs --rules ./sigma --out ./out[/bold]
    """
    from tocsin.cli.progress import stage

    stage("Checking the plan")
    files = _checked(plan)
    missing = [p for p in evidence if not p.exists()]
    if missing:
        _stop(f"{missing[0]}: there is no such file or folder")
    if rules and not rules.exists():
        _stop(f"{rules}: there is no such folder")
    out.mkdir(parents=True, exist_ok=True)
    boot((out / CASE).resolve())
    from django.db import DatabaseError

    from tocsin.evidence.store import StoreError
    from tocsin.reports.pdf import PdfError

    try:
        status = _respond(files, evidence, out, rules, title, severity, playbook, exercise=exercise, jobs=jobs)
    except (DatabaseError, StoreError, PdfError, OSError) as error:
        _stop(f"Stopped: {error}. What was recorded is kept; when there is space and the files can be written, "
              f"run the same command again and it goes on.")  # fmt: skip
    raise typer.Exit(status)


def _respond(files: dict[str, str], evidence: list[Path], out: Path, rules: Path | None, title: str,
             severity: int | None, playbook: str, *, exercise: bool, jobs: int) -> int:  # fmt: skip
    """The stages after the checks; the exit status: 0 all read, 1 something missing, 2 nothing could be read."""
    from tocsin.cli.outcome import write_all
    from tocsin.cli.progress import done, stage, warn
    from tocsin.core.access import Actor
    from tocsin.evidence.models import RunState
    from tocsin.lab.report import ALL_READ, NOTHING_READ, SOMETHING_MISSING

    actor = Actor.system(f"{who()} (headless)")
    organization, imported = _organization(actor, files)
    stage("Declaring")
    incident = _declared(actor, organization, title or _title(evidence), severity, exercise=exercise)
    done(f"{incident.number} under plan {incident.plan_version.version[:12]}, "
         f"{incident.roles.exclude(member=None).count()} of {incident.roles.count()} roles filled")  # fmt: skip
    stage("Taking the evidence into custody")
    refused = _custody(actor, incident, evidence)
    if not incident.evidence.exists():
        _stop("None of the evidence could be taken; nothing to respond to.")
    stage("Analysing")
    run = _analysed(actor, incident, rules, jobs)
    stage("Starting the playbook")
    _playbook(actor, incident, imported, playbook, severity)
    stage("Writing the report")
    for path in write_all(incident, out):
        done(str(path))
    waiting = incident.chain.messages.filter(state="queued").count()
    if waiting:
        warn(f"{waiting} messages wait in the outbox; a headless run sends nothing")
    stage(f"Open it in a browser: tocsin up --home {out / CASE}")
    if not incident.roles.filter(renounced_at=None).exclude(user=None).exists():
        done("nobody on it has an account yet; let yourself in first:")
        done(f'tocsin sign-in you@example.org --invite "You" --role administrator --home {out / CASE}')
        done(f"tocsin admit {incident.number} you@example.org --role lead --home {out / CASE}")
    if run.state == RunState.EMPTY:
        return NOTHING_READ
    return ALL_READ if run.report["exit_status"] == ALL_READ and not refused else SOMETHING_MISSING


def _checked(folder: Path) -> dict[str, str]:
    from tocsin.cli.progress import done
    from tocsin.core.clock import now
    from tocsin.plan.lint import lint
    from tocsin.plan.load import read_files
    from tocsin.plan.problems import PlanError

    try:
        files = read_files(folder)
        problems = lint(files, now().date())
    except (PlanError, OSError) as error:
        _stop(error)
    errors = [p for p in problems if p.severity == "error"]
    for problem in errors:
        typer.secho(str(problem), err=True, fg="red")
    if errors:
        _stop(f"The plan has {len(errors)} errors. Mend them, then: tocsin plan lint {folder}")
    done(f"no errors, {len(problems)} warnings (tocsin plan lint {folder} shows them)")
    return files


def _organization(actor: Actor, files: dict[str, str]) -> tuple[Organization, Plan]:
    from django.utils.text import slugify

    from tocsin.core.founding import new_organization
    from tocsin.people.actions import import_plan
    from tocsin.people.queries import current_plan
    from tocsin.plan.load import parse_plan, version_of

    plan = parse_plan(files)
    facts = plan.organization
    organization = new_organization(slugify(facts.name) or "organization", facts.name, facts.time_zone, facts.countries)
    current = current_plan(organization)
    if current is None or current.version != version_of(files):
        import_plan(actor, organization, files=files)
    return organization, plan


def _title(evidence: list[Path]) -> str:
    names = ", ".join(p.name for p in evidence[:3])
    return f"Suspected intrusion: {names}{' and more' if evidence[3:] else ''}"


def _declared(
    actor: Actor, organization: Organization, title: str, severity: int | None, *, exercise: bool
) -> Incident:
    from tocsin.incidents.actions import declare
    from tocsin.incidents.models import Incident

    known = Incident.objects.filter(organization=organization, key=KEY, declared_by_id=actor.id).first()
    return known or declare(
        actor, organization, title=title, severity=severity or FIRST_SEVERITY, exercise=exercise, key=KEY
    )


def _custody(actor: Actor, incident: Incident, evidence: list[Path]) -> list[str]:
    from tocsin.cli.progress import bytes_bar, done, warn
    from tocsin.evidence.intake import files_in, take_in

    names = [p for p, _ in files_in(evidence)]
    total = sum(p.stat().st_size for p in names if p.is_file())
    with bytes_bar("Hashing") as bar:
        counted = [0, 0]

        def tick(name: str, size: int) -> None:
            counted[0], counted[1] = counted[0] + size, counted[1] + 1
            bar(counted[0], total, counted[1], len(names), name)

        report = take_in(actor, incident, evidence, why="handed over for a headless response", progress=tick)
    done(f"{len(report.taken)} items taken, {report.known} known already")
    for line in report.refused:
        warn(line)
    return report.refused


def _analysed(actor: Actor, incident: Incident, rules: Path | None, jobs: int) -> AnalysisRun:
    from tocsin.cli.progress import bytes_bar, done, warn
    from tocsin.evidence.actions import request_analysis
    from tocsin.evidence.analysis import run_analysis
    from tocsin.evidence.models import RunState

    numbers = set(incident.evidence.values_list("number", flat=True))
    run = incident.runs.last()
    stale = run and (set(run.items) != numbers or run.state == RunState.FAILED)
    if run is None or (stale and run.state not in (RunState.QUEUED, RunState.RUNNING)):
        run = request_analysis(actor, incident, rules=str(rules.resolve()) if rules else "")
    with bytes_bar("Scanning") as bar:
        run = run_analysis(run, progress=bar, jobs=jobs)
    if run.state == RunState.FAILED:
        _stop(f"The analysis failed: {run.error}")
    r = run.report
    done(f"{r['detections']:,} detections in {r['records']:,} events from {len(r['files']):,} files")
    if run.state == RunState.EMPTY:
        warn("NOTHING COULD BE READ: this says nothing about the evidence. The report names each file and why.")
    _say_stages(run)
    if r["lost"] or r["not_understood"] or r["skipped"]:
        warn(f"lost {r['lost']:,} records, not understood {r['not_understood']:,}, skipped {r['skipped']:,} files")
    if r["rules_rejected"]:
        warn(
            f"{len(r['rules_rejected'])} rules could not be used, {len(r['rules_not_assessable'])} not assessable here"
        )
    done(f"{incident.findings.count()} findings and {incident.scope.count()} scope entries suggested")
    return run


def _say_stages(run: AnalysisRun) -> None:
    """Say what came after the rules, and which of it failed."""
    from tocsin.cli.progress import done, warn

    stages = {stage["name"]: stage for stage in run.stages}
    rows, samples = (stages.get(name, {}).get(count, 0) for name, count in (("events", "rows"), ("samples", "samples")))
    done(f"{rows:,} events in the lake, {samples:,} samples triaged")
    for name, stage in stages.items():
        for trouble in (*stage.get("failed", ())[:5], *filter(None, [stage.get("error")])):
            warn(f"{name}: {trouble}")


def _playbook(actor: Actor, incident: Incident, plan: Plan, wanted: str, severity: int | None) -> None:
    from tocsin.cli.progress import done
    from tocsin.core.action import Invalid
    from tocsin.incidents.actions import set_severity, start_playbook
    from tocsin.plan.choose import fitting_playbook

    incident.refresh_from_db()
    if not incident.playbook_id:
        findings = incident.findings.exclude(confidence="low")
        chosen, because = fitting_playbook(
            plan,
            f"{incident.title} {incident.summary}",
            sorted({t for f in findings for t in f.techniques}),
            sorted({t for f in findings for t in f.tactics}),
        )
        if wanted:
            because = "named on the command line"
        try:
            start_playbook(actor, incident, playbook_id=wanted or chosen.id, because=because)
        except Invalid as error:
            _stop(error)
        incident.refresh_from_db()
    running = incident.playbook
    if running and severity is None and incident.severity != running.severity:
        set_severity(actor, incident, severity=running.severity, because=f"the playbook '{running.title}' starts there")
        incident.refresh_from_db()
    done(f"'{running.title if running else ''}': {incident.playbook_because}")
    live = sum(t.live for t in incident.tasks.all())
    done(f"{incident.tasks.count()} tasks, {live} open now; {incident.decisions.count()} decisions put; "
         f"{incident.clocks.count()} notification clocks")  # fmt: skip
