"""What `tocsin scan` does, apart from what its command line looks like; imports little, since a person waits for it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from tocsin.lab.containment import ContainedPool
    from tocsin.lab.detections import Detection
    from tocsin.lab.looking import LookedFor, Looking
    from tocsin.lab.report import ScanReport

STOPPED = 130
"""The status of a command that was stopped with Ctrl-C."""
CANNOT = 2
SHOWN = 20
"""Kinds of problems that are shown."""
KINDS_SHOWN = 12

WITH_VALUE = {
    **{f"--{name}": name for name in ("rules", "iocs", "yara", "jobs", "output", "report", "password")},
    "-o": "output",
}
REPEATED = {"rules", "iocs", "yara", "password"}
WITHOUT_VALUE = {"--resume": "resume"}


def plain_options(arguments: Sequence[str]) -> dict[str, Any] | None:
    """Return the options of a plain command line of `tocsin scan`; None where the full command has to look at it.

    That is the case for help, for what is wrong, and for all that is not named here. The full command takes a third of
    a second to start, most of a scan of one small file.
    """
    found: dict[str, Any] = {"paths": []}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in WITHOUT_VALUE:
            found[WITHOUT_VALUE[word]] = True
        elif word in WITH_VALUE and rest and not rest[0].startswith("-"):
            name, value = WITH_VALUE[word], rest.pop(0)
            if name in REPEATED:
                found.setdefault(name, []).append(value)
            elif name in found or (name == "jobs" and not value.isdecimal()):
                return None
            else:
                found[name] = value
        elif word.startswith("-"):
            return None
        else:
            found["paths"].append(Path(word))
    if not found["paths"]:
        return None
    for name in REPEATED & found.keys() - {"password"}:
        found[name] = [Path(each) for each in found[name]]
    found["jobs"] = int(found.get("jobs", 0))
    return found | {name: Path(found[name]) for name in ("output", "report") if name in found}


def run_scan(
    paths: Sequence[Path],
    *,
    rules: Sequence[Path] = (),
    iocs: Sequence[Path] = (),
    yara: Sequence[Path] = (),
    jobs: int = 0,
    output: Path | None = None,
    report: Path | None = None,
    variables: Path | None = None,
    pipeline: Sequence[Path] = (),
    password: Sequence[str] = (),
    resume: bool = False,
) -> int:
    """Scan, write detections and account, tell a person about it; return the status to end with."""
    from tocsin.lab.contained import by_name
    from tocsin.lab.containment import ContainedError, ContainedPool

    if resume and output is None:
        return _refuse("--resume needs -o FILE: what was found so far is kept beside it")
    if missing := next((path for path in paths if not path.exists()), None):
        return _refuse(f"{missing}: there is no such file or folder")
    if wrong := _not_looked_for(iocs, yara):
        return _refuse(wrong)
    pool = ContainedPool(jobs or os.cpu_count() or 1)
    pool.submit(by_name, "tocsin.lab.examine", "prepare")  # a child gets ready while the rules are read
    from tocsin.lab.scanning import ScanStoppedError, scan
    from tocsin.lab.sigma.loading import load_rules
    from tocsin.lab.sigma.preparing import PreparationError

    try:
        gc.disable()  # rules are many objects and none of them garbage; looking for some costs as much as reading them
        loaded = load_rules(rules or [_own_rules()], variables=variables, pipelines=pipeline)
        gc.freeze()
        gc.enable()
        looking, looked_for = _looking(pool, iocs, yara) if iocs or yara else (None, None)
        with _opened(output) as out, _Bar() as bar:

            def write(found: list[Detection]) -> None:
                out.writelines(each.to_json() + b"\n" for each in found)

            account = scan(
                paths,
                loaded,
                executor=pool,
                progress=bar.update,
                sink=write,
                passwords=password,
                journal=_journal(output),
                resume=resume,
                looking=looking,
            )
        if account.looked_for and looked_for:
            account.looked_for = looked_for.met(account.looked_for)
        if report:
            report.write_bytes(_json(account))
    except ScanStoppedError as stopped:
        return _stopped(stopped.report, output)
    except ContainedError as error:
        return _refuse(f"What is looked for cannot be used: {error}")
    except KeyboardInterrupt:
        _say("Stopped before anything was read.", red=True)
        return STOPPED
    except PreparationError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{error.filename or output}: {error.strerror or error}")
    finally:
        gc.enable()
        pool.shutdown(cancel_futures=True)
    say(account)
    return account.exit_status


def _not_looked_for(iocs: Sequence[Path], yara: Sequence[Path]) -> str:
    """Return what is wrong with the files that are to be looked for, '' where nothing is."""
    if missing := next((path for path in (*iocs, *yara) if not path.exists()), None):
        return f"{missing}: there is no such file or folder"
    folder = next((path for path in iocs if path.is_dir()), None)
    return f"{folder} is a folder: name the files with indicators, one --iocs each" if folder else ""


def _looking(pool: ContainedPool, iocs: Sequence[Path], yara: Sequence[Path]) -> tuple[Looking, LookedFor]:
    from tocsin.lab.looking import looking_of, prepare_looking

    return looking_of(pool.submit(prepare_looking, iocs, yara).result())


def _stopped(account: ScanReport, output: Path | None) -> int:
    say(account)
    _say(f"Stopped: {account.unread:,} files are not done.", red=True)
    if output:
        _say(f"The same command with --resume goes on from here (what was found is in {_journal(output)}).")
    return STOPPED


def _journal(output: Path | None) -> Path | None:
    return output.with_name(f"{output.name}.resume") if output and (output.is_file() or not output.exists()) else None


def _own_rules() -> Path:
    from tocsin.example import RULES

    return RULES


def _opened(output: Path | None) -> BinaryIO:
    return output.open("wb") if output else open(sys.stdout.fileno(), "wb", closefd=False)


def _json(account: ScanReport) -> bytes:
    import orjson

    return orjson.dumps(account.to_dict(), option=orjson.OPT_INDENT_2)


def _refuse(words: str) -> int:
    _say(words, red=True)
    return CANNOT


def _say(text: str, *, red: bool = False) -> None:
    """Write a line for a person. File names come from strangers: what could steer a terminal is shown, not sent."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    mark, end = ("\033[31m", "\033[0m") if red and sys.stderr.isatty() else ("", "")
    sys.stderr.write(f"{mark}{plain}{end}\n")


class _Bar:
    """A bar for people at a terminal, from the time on when they would begin to wonder."""

    AFTER = 0.4

    def __init__(self) -> None:
        from time import monotonic

        self._now = monotonic
        self._began = monotonic()
        self._context: Any = None
        self._update: Any = None

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *what: object) -> None:
        if self._context:
            self._context.__exit__(*what)

    def update(self, done: int, total: int, done_files: int, total_files: int, name: str) -> None:
        """Show how far the scan is."""
        if self._update is None:
            if self._now() - self._began < self.AFTER or not sys.stderr.isatty():
                return
            from tocsin.cli.progress import bytes_bar

            self._context = bytes_bar("Reading")
            self._update = self._context.__enter__()
        self._update(done, total, done_files, total_files, name)


def say(account: ScanReport) -> None:
    """Tell a person what a scan read and what it could not read."""
    files = len(account.files)
    speed = f", {account.records / account.seconds:,.0f} events/s" if account.seconds and account.records else ""
    _say(
        f"{account.detections:,} detections in {account.records:,} events from {files:,} files "
        f"({account.seconds:.1f} s{speed})"
    )
    _say(
        f"Lost {account.lost:,} records, skipped {account.skipped:,} files, "
        f"not understood {account.not_understood:,}. Rules: {account.rules_loaded:,} loaded, "
        f"{len(account.rules_rejected):,} rejected, {len(account.rules_not_assessable):,} not assessable on these logs."
    )
    _say_rules(account)
    _say_looked_for(account)
    if account.resumed:
        _say(f"Of these, {account.resumed:,} files were read before the scan was stopped.")
    for made in account.collections:
        of, when = f" of {made.host}" if made.host else "", f", {made.collected}" if made.collected else ""
        _say(f"  {made.path}: collected by {made.tool}{of}{when}")
    if files > 1:
        _say_kinds(account)
    _say_problems(account)
    if account.empty and not account.unread:
        _say("Nothing could be read: this says nothing about the evidence.", red=True)


def _say_rules(account: ScanReport) -> None:
    """Say in a line each what else is to be known of rules."""
    silent = sum(map(len, account.rules_without_events.values()))
    if silent and not account.empty:
        logs = len(account.rules_without_events)
        _say(f"No event of their log source was there: {silent:,} rules for {logs:,} log sources; --report lists them.")
    for note in account.filters:
        _say(f"Filter {note.title}: {note.form}; applied to {note.rules:,} rules.")
    if account.uncorrelated:
        _say(f"Correlation rules could not take in {account.uncorrelated:,} matches (no time, or no room).")


def _say_looked_for(account: ScanReport) -> None:
    looked = account.looked_for
    if looked is None:
        return
    if looked.feeds:
        refused = sum(feed["rejected"] for feed in looked.feeds) + looked.left_out
        _say(
            f"Indicators: {looked.indicators:,} looked for, met {looked.sightings:,} times"
            + (f"; {refused:,} entries cannot be used, --report FILE says why." if refused else ".")
        )
    if looked.yara_rules or looked.yara_refused:
        _say(
            f"YARA: {looked.yara_rules:,} rules, {looked.yara_matches:,} matches, {len(looked.yara_refused):,} rules rejected."
        )
        for rule in looked.yara_refused[:3]:
            _say(f"  YARA rule {rule['file']}:{rule['line']}: {rule['reason']}")


def _say_kinds(account: ScanReport) -> None:
    read = [f"{name} {count.records:,} in {count.files:,} files" for name, count in account.sources.items()]
    if read:
        _say(f"Events: {'; '.join(read)}.")
    others = list(account.other_files.items())
    if others:
        shown = "; ".join(f"{words} {count:,}" for words, count in others[:KINDS_SHOWN])
        more = f"; and {len(others) - KINDS_SHOWN} more kinds" if len(others) > KINDS_SHOWN else ""
        _say(f"Other files: {shown}{more}.")


def _say_problems(account: ScanReport) -> None:
    groups = account.problem_groups
    for reason, count, path in groups[:SHOWN]:
        _say(f"  {path}: {reason}" if count == 1 else f"  {reason} ({count:,} times, first in {path})")
    room = max(0, SHOWN - len(groups))
    for rule in account.rules_rejected[:room]:
        _say(f"  rule {rule.file}:{rule.line}: {rule.reason}")
    total = len(groups) + len(account.rules_rejected)
    if total > SHOWN:
        _say(f"  and {total - SHOWN:,} more; --report FILE writes all of them")
