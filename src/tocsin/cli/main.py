"""The `tocsin` command: one door for people at a terminal. Each command lives in a module of its name."""

from __future__ import annotations

import sys

import typer

from tocsin import __version__
from tocsin.cli import alert, case, explain, plan, respond, scan, timeline, up, verify, warbook

app = typer.Typer(
    help="Tocsin: incident response that runs, from a plan and real evidence to a running, recorded response.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
)
app.command("up")(up.up)
app.command("respond")(respond.respond)
app.command("scan")(scan.scan)
app.command("timeline")(timeline.timeline)
app.command("search")(timeline.search)
app.command("export")(timeline.export)
app.command("explain")(explain.explain)
app.command("verify")(verify.verify)
app.command("alert")(alert.alert)
app.command("declare")(case.declare)
app.command("sign-in")(case.sign_in)
app.command("token")(case.token)
app.command("export-log")(case.export_log)
app.command("admit")(case.admit)
app.command("warbook")(warbook.warbook)
app.command("export-usb")(warbook.export_usb)
app.add_typer(plan.app, name="plan")


@app.callback(invoke_without_command=True)
def main(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    """Say the version, or go on to the command."""
    if version:
        typer.echo(f"tocsin {__version__}")
        raise typer.Exit


def run() -> None:
    """What the `tocsin` command calls: a database that cannot be used ends in a sentence, not in a traceback."""
    try:
        app()
    except Exception as error:
        from django.db import DatabaseError

        if not isinstance(error, DatabaseError):
            raise
        typer.secho(f"The database cannot be used now: {error}. Nothing was changed; try again.", err=True, fg="red")
        sys.exit(2)
