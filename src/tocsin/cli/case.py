"""Short commands on a running installation: declare, sign somebody in, make a token, export a log."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tocsin.cli.boot import boot, who

if TYPE_CHECKING:
    from tocsin.core.models import Organization

Home = Annotated[Path | None, typer.Option(help="Home folder; default: TOCSIN_HOME.")]


def _stop(problem: object) -> NoReturn:
    typer.secho(str(problem), err=True, fg="red")
    raise typer.Exit(2)


def _organization(slug: str) -> Organization:
    from tocsin.core.models import Organization

    found = list(Organization.objects.filter(slug=slug) if slug else Organization.objects.all())
    if len(found) != 1:
        names = ", ".join(Organization.objects.values_list("slug", flat=True)) or "none: import a plan first"
        _stop(f"Which organization? --organization takes one of: {names}")
    return found[0]


def declare(
    title: Annotated[str, typer.Argument(help="What happened, in one line.")],
    severity: Annotated[int, typer.Option(min=1, max=4, help="1 is the worst.")] = 2,
    playbook: Annotated[str, typer.Option(help="Id of the playbook; default: the one whose words fit.")] = "",
    exercise: Annotated[bool, typer.Option("--exercise", help="A drill: marked on every page and message.")] = False,
    organization: Annotated[str, typer.Option(help="Short name of the organization.")] = "",
    home: Home = None,
) -> None:
    """Declare an incident: people are seated and the playbook starts.

    Example: [bold]tocsin declare "File servers encrypted in Almelo" --severity 1[/bold]
    """
    boot(home)
    from tocsin.core.access import Actor
    from tocsin.core.action import Invalid
    from tocsin.incidents.actions import declare as do
    from tocsin.people.queries import current_plan
    from tocsin.plan.choose import fitting_playbook

    place = _organization(organization)
    because = "named on the command line"
    version = current_plan(place)
    if not playbook and version:
        chosen, because = fitting_playbook(version.plan, title, (), ())
        playbook = chosen.id
    try:
        incident = do(
            Actor.system(f"{who()} (command line)"), place, title=title, severity=severity,
            playbook_id=playbook, playbook_because=because, exercise=exercise,
        )  # fmt: skip
    except Invalid as error:
        _stop(error)
    typer.echo(f"{incident.number} declared: {incident.title}")
    typer.echo(f"Playbook '{playbook}': {because}")


def sign_in(email: Annotated[str, typer.Argument(help="The account's mail address.")], home: Home = None,
            organization: Annotated[str, typer.Option(help="Short name of the organization.")] = "",
            invite: Annotated[str, typer.Option(help="Name of the person: makes the account when there is none.")] = "",
            role: Annotated[str, typer.Option(help="Role for a new account.")] = "responder") -> None:  # fmt: skip
    """Print a link that signs somebody in once within 30 minutes. Works when mail and single sign-on are down.

    Example: [bold]tocsin sign-in anneke@example.org[/bold]
    """
    boot(home)
    from django.conf import settings

    from tocsin.core.access import Actor
    from tocsin.core.action import Invalid
    from tocsin.people import actions
    from tocsin.people.models import User

    place, actor = _organization(organization), Actor.system(f"{who()} (command line)")
    user = User.objects.filter(email__iexact=email).first()
    try:
        if invite:  # also somebody who has an account with another organization on this server
            user = actions.invite(actor, place, email=email, name=invite, role=role)
        if user is None:
            _stop(f'There is no account {email}. Make one: tocsin sign-in {email} --invite "Their Name"')
        secret = actions.make_sign_in_link(actor, place, user=user)
    except Invalid as error:
        _stop(error)
    typer.echo(f"{settings.BASE_URL}/sign-in/{secret}")


def admit(number: Annotated[str, typer.Argument(help="Number of the incident, such as INC-2026-001.")],
          email: Annotated[str, typer.Argument(help="The account's mail address.")],
          role: Annotated[str, typer.Option(help="lead, responder, decider, counsel or observer.")] = "responder",
          home: Home = None,
          organization: Annotated[str, typer.Option(help="Short name of the organization.")] = "") -> None:  # fmt: skip
    """Let somebody onto an incident, for example after a headless response, when nobody on it has an account yet.

    Example: [bold]tocsin admit INC-2026-001 anneke@example.org --role lead[/bold]
    """
    boot(home)
    from tocsin.core.access import Actor
    from tocsin.core.action import Invalid
    from tocsin.core.actions import admit as do
    from tocsin.incidents.models import Incident
    from tocsin.people.models import User

    incident = Incident.objects.filter(organization=_organization(organization), number=number).first()
    user = User.objects.filter(email__iexact=email).first()
    if incident is None:
        _stop(f"There is no incident {number}.")
    if user is None:
        _stop(f'There is no account {email}. Make one: tocsin sign-in {email} --invite "Their Name"')
    try:
        do(Actor.system(f"{who()} (command line)"), incident, user_id=user.id, role=role)
    except Invalid as error:
        _stop(error)
    typer.echo(f"{user} is {role} on {incident.number}: {incident.title}")


def token(email: Annotated[str, typer.Argument(help="Whose token.")],
          label: Annotated[str, typer.Argument(help="What it is for.")], home: Home = None,
          scope: Annotated[list[str], typer.Option(help="What it may do: read, write, admin, alerts:in, pages:answer.")]
          = ["read", "write"],  # noqa: B006  never changed
          days: Annotated[int, typer.Option(help="Days after which it ends; 0: it does not.", min=0, max=3650)] = 0,
          organization: Annotated[str, typer.Option(help="Short name of the organization.")] = "") -> None:  # fmt: skip
    """Make a key for the API that acts as one person. It is shown this once.

    Example: [bold]tocsin token anneke@example.org "SIEM forwarder" --scope alerts:in[/bold]
    """
    boot(home)
    from tocsin.core.access import Actor
    from tocsin.core.action import Invalid
    from tocsin.people.actions import create_token
    from tocsin.people.models import User

    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        _stop(f"There is no account {email}.")
    actor = Actor.system(f"{who()} (command line)")
    place, lives = _organization(organization), timedelta(days=days) if days else None
    try:
        typer.echo(create_token(actor, place, user=user, label=label, scopes=scope, lives=lives))
    except Invalid as error:
        _stop(error)


def export_log(number: Annotated[str, typer.Argument(help="Number of the incident, such as INC-2026-001.")],
               output: Annotated[Path | None, typer.Option("--output", "-o", help="File; default: standard output.")] = None,
               home: Home = None,
               organization: Annotated[str, typer.Option(help="Short name of the organization.")] = "") -> None:  # fmt: skip
    """Write an incident's log as JSON lines that anybody can verify (docs/verify-a-log.md).

    Example: [bold]tocsin export-log INC-2026-001 -o log.jsonl[/bold]
    """
    boot(home)
    from tocsin.core.log import export
    from tocsin.core.models import LogEntry
    from tocsin.incidents.models import Incident

    incident = Incident.objects.filter(organization=_organization(organization), number=number).first()
    if incident is None:
        _stop(f"There is no incident {number}.")
    lines = export(LogEntry.objects.filter(chain=incident.chain_id))
    if output:
        with output.open("wb") as file:
            file.writelines(lines)
    else:
        sys.stdout.buffer.writelines(lines)
