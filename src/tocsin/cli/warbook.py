"""`tocsin warbook` and `tocsin export-usb`: paper and a stick for the day on which nothing else works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.boot import boot, who
from tocsin.cli.case import Home, _organization, _stop

MOST_BYTES = 4096


def warbook(
    output: Annotated[Path, typer.Option("--output", "-o", help="The PDF to write.")] = Path("war-book.pdf"),
    plan: Annotated[Path | None, typer.Option(help="A plan's folder: needs no database and no home.")] = None,
    incident: Annotated[str, typer.Option(help="Number of an incident: its own war-book.")] = "",
    organization: Annotated[str, typer.Option(help="Short name of the organization.")] = "",
    home: Home = None,
) -> None:
    """Print the war-book: whom to call, checklists, clocks, messages and sheets to fill in. Exit status 2: it cannot be made.

    Example: [bold]tocsin warbook --plan ./plan -o war-book.pdf[/bold]
    """
    from tocsin.plan.problems import PlanError
    from tocsin.reports.pdf import PdfError

    if plan and incident:
        _stop("Say either --plan or --incident: an incident stands in the database.")
    try:
        content = _of_folder(plan) if plan else _of_database(incident, organization, home)
        from tocsin.reports.files import write_whole

        write_whole(output, content)
    except (PlanError, PdfError, OSError) as error:
        _stop(error)
    typer.echo(f"{output}: {len(content) // 1024} kB. Print it on both sides and put it where the lights stay on.")


def _of_folder(folder: Path) -> bytes:
    from tocsin.core.clock import now
    from tocsin.plan.load import load_plan
    from tocsin.reports.warbook import Issue, printed
    from tocsin.reports.warbook import warbook as book

    plan = load_plan(folder)
    return printed(book(plan, Issue(now(), plan.version)))


def _of_database(number: str, organization: str, home: Path | None) -> bytes:
    boot(home)
    from django.conf import settings

    from tocsin.core.clock import now
    from tocsin.people.queries import current_plan
    from tocsin.reports.warbook import Issue, printed
    from tocsin.reports.warbook import warbook as book
    from tocsin.reports.warbook.incident import incident_book

    place = _organization(organization)
    if number:
        found = place.incidents.filter(number=number).first()
        if found is None:
            _stop(f"There is no incident {number}.")
        version = found.plan_version
        return printed(incident_book(found, Issue(now(), version.version, version.number, made_by=who())))
    latest = current_plan(place)
    if latest is None:
        _stop(f"{place.name} has no plan yet: tocsin plan import ./plan")
    issue = Issue(now(), latest.version, latest.number, address=settings.BASE_URL, made_by=who())
    return printed(book(latest.plan, issue))


def export_usb(
    target: Annotated[Path, typer.Argument(help="A folder (the stick), or the file to write.")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="Its first line is the passphrase; without it one is made and printed once.")
    ] = None,
    incident: Annotated[list[str] | None, typer.Option(help="Number of an incident to take along; repeat.")] = None,
    organization: Annotated[str, typer.Option(help="Short name of the organization.")] = "",
    home: Home = None,
) -> None:
    """Write an encrypted copy that opens without Tocsin: war-book, plan, contacts, chosen incidents with their logs.

    The passphrase comes from a file, never from the command line, which other users of the machine can read.

    Example: [bold]tocsin export-usb /media/stick --incident INC-2026-001[/bold]
    """
    boot(home)
    from tocsin.core.access import Actor
    from tocsin.core.action import Invalid
    from tocsin.reports.files import write_whole
    from tocsin.reports.pdf import PdfError
    from tocsin.reports.survival import new_passphrase, take_copy

    place = _organization(organization)
    numbers = dict.fromkeys(incident or ())
    rows = place.incidents.select_related("chain", "organization", "plan_version").filter(number__in=numbers)
    chosen = {i.number: i for i in rows}
    for missing in numbers.keys() - chosen.keys():
        _stop(f"There is no incident {missing}.")
    passphrase = _first_line(passphrase_file) if passphrase_file else new_passphrase()
    try:
        made = take_copy(
            Actor.system(f"{who()} (command line)"), place, incidents=list(chosen.values()), passphrase=passphrase
        )
        path = target / made.name if target.is_dir() else target
        write_whole(path, made.content)
    except (Invalid, PdfError, OSError) as error:
        _stop(error)
    typer.echo(f"{path}: {len(made.content) // 1024} kB, SHA-256 {made.sha256}")
    if passphrase_file is None:
        typer.echo("Write this passphrase on paper and keep it apart from the stick. It is shown once:")
        typer.secho(f"  {passphrase}", bold=True)


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MOST_BYTES).split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        _stop(f"{path}: the passphrase cannot be read ({error})")
