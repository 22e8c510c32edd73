"""`tocsin verify`: prove that a log holds, in a file or in the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    log: Annotated[Path | None, typer.Option(help="An exported log (JSON lines). Without it: the database.")] = None,
    home: Annotated[Path | None, typer.Option(help="Home folder of the database to check.")] = None,
) -> None:
    """Check every entry of every chain: content, order and links.

    Exit status 0 only if the whole chain holds; 1 names the first bad entry; 2 means that the log could not be read.

    Example: [bold]tocsin verify --log out/log.jsonl[/bold]
    """
    from tocsin.cli.boot import boot

    boot(home, migrate=log is None)
    from tocsin.cli.progress import counter
    from tocsin.core.log import verify_database, verify_lines

    try:
        with counter("entries") as tick:
            if log is None:
                proof = verify_database(tick)
            else:
                with log.open("rb") as file:
                    proof = verify_lines(file, tick)
    except OSError as error:
        typer.secho(f"{log}: {error.strerror}", err=True, fg="red")
        raise typer.Exit(2) from error
    if proof.fault:
        typer.secho(f"BROKEN at {proof.fault}", err=True, fg="red")
        typer.secho(f"{proof.entries} entries before it hold.", err=True)
        raise typer.Exit(1)
    if proof.entries == 0:
        typer.secho("There is no entry: nothing was proved.", err=True, fg="yellow")
        raise typer.Exit(2)
    typer.echo(f"{proof.entries} entries in {len(proof.heads)} chain{'s' * (len(proof.heads) != 1)}: all hold.")
    for chain, head in proof.heads.items():
        typer.echo(f"  {chain}  head {head}")
