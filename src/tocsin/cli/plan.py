"""`tocsin plan`: start, check, read, compare, import and exchange the incident response plan."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tocsin.cli.boot import boot, who

app = typer.Typer(help="The incident response plan: a folder of YAML and Markdown.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="The plan's folder.")]


def _stop(problem: object) -> NoReturn:
    typer.secho(str(problem), err=True, fg="red")
    raise typer.Exit(2)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where the plan goes; must not hold one.")],
    name: Annotated[str, typer.Option(help="Your organization's name.")] = "Your organization",
) -> None:
    """Write a starter plan with all eight functions and ten playbooks.

    Example: [bold]tocsin plan init ./plan --name "Example Ltd"[/bold]
    """
    from tocsin.plan.init import init_plan
    from tocsin.plan.problems import PlanError

    try:
        written = init_plan(folder, name)
    except (PlanError, OSError) as error:
        _stop(error)
    typer.echo(
        f"{len(written)} files in {folder}. Fill in plan.yaml and contacts.yaml, then: tocsin plan lint {folder}"
    )


@app.command()
def lint(
    folder: Folder,
    strict: Annotated[bool, typer.Option(help="Warnings count as errors.")] = False,
    reached: Annotated[Path | None, typer.Option(help="Who was reached when, as GET /people/reached says it.")] = None,
) -> None:
    """Say file:line, what is wrong and why it matters. Exit status 0: no errors; 1: errors; 2: not readable.

    Example: [bold]tocsin plan lint ./plan[/bold]
    """
    from tocsin.core.clock import now
    from tocsin.plan.lint import lint as check
    from tocsin.plan.load import read_files
    from tocsin.plan.problems import PlanError

    if not folder.is_dir():
        _stop(f"{folder}: there is no such folder; `tocsin plan init {folder}` makes a plan there")
    try:
        problems = check(read_files(folder), now().date(), _reached(reached) if reached else None)
    except PlanError as error:
        problems = error.problems
    except OSError as error:
        _stop(error)
    for problem in problems:
        typer.echo(str(problem))
    errors = sum(p.severity == "error" for p in problems)
    typer.secho(f"{errors} errors, {len(problems) - errors} warnings", err=True, fg="red" if errors else "green")
    raise typer.Exit(1 if errors or (strict and problems) else 0)


def _reached(path: Path) -> dict[str, date | None]:
    """The file of `--reached`: contact key -> date of the last answer, or null."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        return {str(k): date.fromisoformat(v[:10]) if v else None for k, v in given.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        _stop(f"{path}: write contact keys with the date of their last answer, as GET /people/reached does ({error})")


@app.command()
def show(folder: Folder, plain: Annotated[bool, typer.Option(help="Markdown as it is.")] = False) -> None:
    """Print the plan as people read it.

    Example: [bold]tocsin plan show ./plan[/bold]
    """
    from rich.console import Console
    from rich.markdown import Markdown

    from tocsin.plan.load import load_plan
    from tocsin.plan.problems import PlanError
    from tocsin.plan.show import show as printed

    try:
        text = printed(load_plan(folder))
    except (PlanError, OSError) as error:
        _stop(error)
    if plain:
        typer.echo(text)
    else:
        Console().print(Markdown(text))


@app.command()
def diff(a: Folder, b: Folder) -> None:
    """Say in words what changed from plan A to plan B. Exit status 0: nothing; 1: something.

    Example: [bold]tocsin plan diff ./plan-2025 ./plan[/bold]
    """
    from tocsin.plan.diff import diff as compare
    from tocsin.plan.load import load_plan
    from tocsin.plan.problems import PlanError

    try:
        sentences = compare(load_plan(a), load_plan(b))
    except (PlanError, OSError) as error:
        _stop(error)
    for sentence in sentences:
        typer.echo(sentence)
    raise typer.Exit(bool(sentences))


@app.command("import")
def import_(
    folder: Folder,
    organization: Annotated[str, typer.Option(help="Short name of the organization; default: the only one.")] = "",
    home: Annotated[Path | None, typer.Option(help="Home folder.")] = None,
) -> None:
    """Make a plan the organization's current version. Incidents that run keep the version they run under.

    Example: [bold]tocsin plan import ./plan[/bold]
    """
    boot(home)
    from django.utils.text import slugify

    from tocsin.core.access import Actor
    from tocsin.core.founding import new_organization
    from tocsin.core.models import Organization
    from tocsin.people.actions import import_plan
    from tocsin.plan.load import parse_plan, read_files
    from tocsin.plan.problems import PlanError

    try:
        files = read_files(folder)
        plan = parse_plan(files)
    except (PlanError, OSError) as error:
        _stop(error)
    only = Organization.objects.first() if Organization.objects.count() == 1 and not organization else None
    place = only or new_organization(organization or slugify(plan.organization.name), plan.organization.name)
    version = import_plan(Actor.system(f"{who()} (command line)"), place, files=files)
    typer.echo(f"{place.name}: {version}, {len(plan.playbooks)} playbooks, {len(plan.roles)} roles")


@app.command("export-cacao")
def export_cacao(
    folder: Folder,
    playbook: Annotated[str, typer.Argument(help="The playbook's id.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File; default: standard output.")] = None,
) -> None:
    """Write a playbook as CACAO 2.0.

    Example: [bold]tocsin plan export-cacao ./plan ransomware -o ransomware.json[/bold]
    """
    from tocsin.plan.cacao import export_playbook
    from tocsin.plan.load import load_plan
    from tocsin.plan.problems import PlanError

    try:
        plan = load_plan(folder)
    except (PlanError, OSError) as error:
        _stop(error)
    if playbook not in plan.playbooks:
        _stop(f"The plan has no playbook '{playbook}'; it has {', '.join(plan.playbooks)}")
    text = json.dumps(export_playbook(plan, plan.playbooks[playbook]), indent=2, ensure_ascii=False)
    if output:
        output.write_text(text + "\n", encoding="utf-8")
    else:
        typer.echo(text)


@app.command("import-cacao")
def import_cacao(
    file: Annotated[Path, typer.Argument(help="A CACAO 2.0 playbook (JSON).")],
    folder: Annotated[Path, typer.Argument(help="The plan's folder; the playbook goes to its playbooks/.")],
) -> None:
    """Read a CACAO 2.0 playbook into the plan. Exit status 2 when it is refused; the reason is printed.

    Example: [bold]tocsin plan import-cacao playbook.json ./plan[/bold]
    """
    from tocsin.plan.cacao import CacaoError, import_playbook, read_document
    from tocsin.plan.dump import playbook_text

    try:
        found = import_playbook(read_document(file.read_text(encoding="utf-8")))
    except (CacaoError, OSError, ValueError) as error:
        _stop(f"{file}: {error}")
    for warning in found.warnings:
        typer.secho(f"{file}: warning: {warning}", err=True, fg="yellow")
    target = folder / "playbooks" / f"{found.playbook.id}.yaml"
    if target.exists():
        _stop(f"{target} is there already; move it away first")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(playbook_text(found.playbook), encoding="utf-8")
    typer.echo(f"{target}: {len(found.playbook.steps)} steps. Check it: tocsin plan lint {folder}")
