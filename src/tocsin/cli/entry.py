"""Where the `tocsin` command begins: a plain `tocsin scan` goes straight to the lab, all else to the full command."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command that was asked for and end."""
    if sys.argv[1:2] == ["scan"]:
        from tocsin.cli.scanner import plain_options, run_scan

        options = plain_options(sys.argv[2:])
        if options is not None:
            sys.exit(run_scan(options.pop("paths"), **options))
    from tocsin.cli.main import run as full

    full()
