"""`tocsin alert`: report something from a terminal or a script, and look at what waits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.boot import boot, who
from tocsin.cli.case import Home, _organization, _stop

if TYPE_CHECKING:
    from tocsin.alerts.models import AlertSource
    from tocsin.core.access import Actor
    from tocsin.core.models import Organization

NAME = "Command line"
MOST_BYTES = 1024 * 1024
Slug = Annotated[str, typer.Option(help="Short name of the organization.")]


def alert(
    text: Annotated[str, typer.Argument(help="What happened; or 'list' to see the alerts that wait.")] = "",
    severity: Annotated[int | None, typer.Option(min=1, max=4, help="1 is the worst.")] = None,
    json_file: Annotated[
        str, typer.Option("--json", metavar="FILE", help="An alert of another system as JSON; - reads standard input.")
    ] = "",
    mapping: Annotated[str, typer.Option(help="How the JSON is read; default: told from its shape.")] = "auto",
    organization: Slug = "",
    home: Home = None,
) -> None:
    """Report something: it waits on the Alerts page to be judged. The same again is counted.

    Example: [bold]tocsin alert "Files on the engineering server have a new ending" --severity 2[/bold]

    Example: [bold]tocsin alert --json detection.json[/bold]
    """
    if bool(text.strip()) == bool(json_file):
        _stop("Say what happened, or give --json FILE; one of the two.")
    boot(home)
    place = _organization(organization)
    if text == "list":
        _list(place)
        return
    from tocsin.core.access import Actor
    from tocsin.core.action import Invalid

    actor = Actor.system(f"{who()} (command line)")
    try:
        source = _source(actor, place)
        _take(actor, place, source, text, severity, json_file, mapping)
    except Invalid as error:
        _stop(error)


def _take(
    actor: Actor, place: Organization, source: AlertSource, text: str, severity: int | None, file: str, mapping: str
) -> None:
    from tocsin.alerts.actions import take_alerts
    from tocsin.alerts.gathering import read_json
    from tocsin.alerts.models import Alert
    from tocsin.alerts.queries import alert_rules
    from tocsin.alerts.reports import first_line, reported
    from tocsin.plan.alerts import AUTO, mapping_named, read_message

    if file:
        rules = alert_rules(place)
        if mapping != AUTO and mapping_named(mapping, rules) is None:
            _stop(f"Neither the plan nor Tocsin has a mapping '{mapping}'.")
        message = read_message(read_json(_content(file)), rules, mapping)
        readings, ignored = list(message.alerts), message.ignored
    else:
        title, words = first_line(text)
        readings, ignored = [reported(title, words if words != title else "", severity, by=who())], 0
    taken = take_alerts(actor, place, source=source, readings=readings, ignored=ignored)
    numbers = {n for n in taken.numbers if n is not None}
    for found in Alert.objects.filter(organization=place, number__in=numbers).order_by("number"):
        again = f" (came {found.count} times)" if found.count > 1 else ""
        typer.echo(f"{found.called} {found.title}{again}")
    if ignored:
        typer.echo(f"{ignored} passed over: the mapping says that they are no alerts.")
    if taken.refused:
        _stop(f"{taken.refused} refused: more than this source may bring in an hour. Try again later.")


def _content(file: str) -> bytes:
    try:
        content = sys.stdin.buffer.read(MOST_BYTES + 1) if file == "-" else _file(Path(file))
    except OSError as error:
        _stop(f"{file}: {error.strerror}")
    if len(content) > MOST_BYTES:
        _stop(f"{file}: more than {MOST_BYTES:,} bytes are no alert.")
    return content


def _file(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _source(actor: Actor, place: Organization) -> AlertSource:
    from tocsin.alerts.actions import add_source
    from tocsin.alerts.models import AlertSource, SourceKind

    found = AlertSource.objects.filter(organization=place, kind=SourceKind.CLI).first()
    return found or add_source(actor, place, name=NAME, kind=SourceKind.CLI)[0]


def _list(place: Organization) -> None:
    from tocsin.alerts.models import Alert, AlertState

    rows = Alert.objects.filter(organization=place, state=AlertState.NEW).select_related("source")
    for found in rows.order_by("severity", "-last_at")[:100]:
        times = f" x{found.count}" if found.count > 1 else ""
        typer.echo(f"{found.called:7} severity {found.severity or '?'}  {found.source.name}: {found.title}{times}")
    if not rows.exists():
        typer.echo("No alert waits.")
