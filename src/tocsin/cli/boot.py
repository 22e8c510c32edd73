"""Bringing Django up for a command: which home folder, which database, brought to the current schema."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import typer


def boot(home: Path | None = None, *, migrate: bool = True) -> None:
    """Set Django up on a home folder (default: TOCSIN_HOME, or ~/.local/share/tocsin) and bring its database up to date.

    Exits with status 2 and a message when the folder or the database cannot be used.
    """
    if home is not None:
        os.environ["TOCSIN_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.settings")
    try:
        import django

        django.setup()
        if migrate:
            bring_up_to_date()
    except OSError as error:
        typer.secho(f"{error.filename or home}: {error.strerror}", err=True, fg="red")
        raise typer.Exit(2) from error
    except Exception as error:
        from django.db import DatabaseError

        if not isinstance(error, DatabaseError):
            raise
        typer.secho(
            f"The database cannot be used: {error}. Is the disk full, or the folder not yours?", err=True, fg="red"
        )
        raise typer.Exit(2) from error


def bring_up_to_date() -> None:
    """Apply the migrations that the database lacks. When there are none this is one small query."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
        if connection.vendor == "sqlite":
            Path(connection.settings_dict["NAME"]).chmod(0o600)  # for its owner only, wherever the folder came from


def who() -> str:
    """The name of the person at this command line, for the log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
