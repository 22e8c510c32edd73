"""`tocsin explain`: why a Sigma rule fires on a record, or why it does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tocsin.lab.record import Record
    from tocsin.lab.sigma.explain import Explanation, Part

FIRES, DOES_NOT, CANNOT = 0, 1, 2


def explain(
    rule: Annotated[str, typer.Argument(help="File with a rule, or the id, name or title of one in --rules.")],
    record: Annotated[str, typer.Argument(help="FILE#N: the record with number N (or the N-th one) of a file.")],
    rules: Annotated[list[Path] | None, typer.Option(help="Folder or file with Sigma rules; can be repeated.")] = None,
    variables: Annotated[Path | None, typer.Option(help="YAML file with values for rules' placeholders.")] = None,
    pipeline: Annotated[list[Path] | None, typer.Option(help="Sigma processing pipeline; can be repeated.")] = None,
) -> None:
    """Say of each part of a rule's condition whether it holds for a record, what it asks, and what is there.

    Exit status 0: the rule fires. 1: it does not. 2: the rule or the record cannot be had.

    Example: [bold]tocsin explain 5f1abf38-3a77-4a43-b4ae-e4b4ff5b9b5e logs/Security.evtx#1842 --rules ./sigma[/bold]
    """
    from sigma.exceptions import SigmaError

    from tocsin.lab.sigma.explain import explain as run
    from tocsin.lab.sigma.loading import rules_named

    found = _record(record)
    folders = [Path(rule)] if Path(rule).is_file() else rules or [_own_rules()]
    try:
        named = rules_named(
            "" if Path(rule).is_file() else rule, folders, variables=variables, pipelines=pipeline or ()
        )
        explanations = [run(each, found) for each in named]
    except OSError as error:
        raise _cannot(f"{error.filename}: {error.strerror or error}") from error
    except (ValueError, SigmaError) as error:
        raise _cannot(str(error)) from error
    if not named:
        raise _cannot(f"there is no rule {rule} among the rules (correlations are not about one record)")
    for explanation in explanations:
        for line in lines_of(explanation):
            typer.echo(line)
    raise typer.Exit(FIRES if any(each.matches for each in explanations) else DOES_NOT)


def lines_of(explanation: Explanation) -> list[str]:
    """Return an explanation as lines of text."""
    verb = "fires" if explanation.matches else "does not fire"
    lines = [f"{explanation.title} ({explanation.rule_id}) {verb}."]
    if explanation.elsewhere:
        lines.append(f"  The record is not of its log source: {explanation.elsewhere}.")
        lines.append("  Its condition would be:")
    elif explanation.view != "plain":
        lines.append(f"  It sees the record under other names ({explanation.view}).")
    for condition in explanation.conditions:
        lines.extend(_lines(condition, "  "))
    return [_printable(line) for line in lines]


def _lines(part: Part, indent: str) -> list[str]:
    mark = "yes" if part.holds else "no "
    name = f"{part.name}: " if part.name else ""
    if part.kind:
        inner = [line for each in part.parts for line in _lines(each, indent + "    ")]
        return [f"{indent}{mark} {name}{part.kind}", *inner]
    about = "any field" if part.field is None else part.field
    there = part.found if part.field is None else f"there: {part.found}"
    return [f"{indent}{mark} {name}{about} {part.asked}", f"{indent}      {there}"]


def _record(asked: str) -> Record:
    from tocsin.lab.containment import ContainedError
    from tocsin.lab.one_record import record_in

    name, _, number = asked.rpartition("#")
    if not name or not number.isdecimal() or len(number) > 18:
        raise _cannot(f"{asked}: write FILE#N, such as Security.evtx#1842")
    path = Path(name)
    if not path.is_file():
        raise _cannot(f"{name}: there is no such file")
    try:
        found = record_in(path, int(number))
    except (ContainedError, OSError) as error:
        raise _cannot(f"{name}: {error}") from error
    if found is None:
        raise _cannot(f"{name} has no record {number}")
    return found


def _cannot(words: str) -> typer.Exit:
    typer.secho(_printable(words), err=True, fg="red")
    return typer.Exit(CANNOT)


def _printable(text: str) -> str:
    """Return a text with what could steer a terminal shown instead of sent: records come from strangers."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _own_rules() -> Path:
    from tocsin.example import RULES

    return RULES
