"""`tocsin scan`: evidence in, detections out, one JSON object a line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def scan(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders with evidence.")],
    rules: Annotated[list[Path] | None, typer.Option(help="Folder or file with Sigma rules; can be repeated.")] = None,
    iocs: Annotated[
        list[Path] | None,
        typer.Option(help="File with indicators (STIX 2.1, MISP, CSV, OpenIOC, a report); can be repeated."),
    ] = None,
    yara: Annotated[list[Path] | None, typer.Option(help="Folder or file with YARA rules; can be repeated.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Child processes; 0: one for each processor.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the detections; default: standard output.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="File for the full account of the run, as JSON.")] = None,
    variables: Annotated[Path | None, typer.Option(help="YAML file with values for rules' placeholders.")] = None,
    pipeline: Annotated[
        list[Path] | None, typer.Option(help="Sigma processing pipeline (YAML) for the rules; can be repeated.")
    ] = None,
    password: Annotated[
        list[str] | None,
        typer.Option(help="Password of encrypted archives, tried before the usual ones; can be repeated."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a scan into the same -o FILE that was stopped.")
    ] = False,
) -> None:
    """Match evidence against Sigma rules, indicators and YARA rules, and say what was read, lost, skipped and why.

    Exit status 0: all was read. 1: something was lost or not understood. 2: nothing could be read. 130: stopped.
    Files that are no logs (text, images, programs) are counted, and do not count as missing.

    Example: [bold]tocsin scan ./logs --rules ./sigma -o detections.jsonl[/bold]
    """
    from tocsin.cli.scanner import run_scan

    status = run_scan(
        paths,
        rules=rules or (),
        iocs=iocs or (),
        yara=yara or (),
        jobs=jobs,
        output=output,
        report=report,
        variables=variables,
        pipeline=pipeline or (),
        password=password or (),
        resume=resume,
    )
    raise typer.Exit(status)
