"""What others may ask of an incident's evidence: its lake, its story, and what the analyses make of it.

Answers that take more than a moment are kept while the evidence and the run stay the same.
"""

from __future__ import annotations

import pickle
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from django.conf import settings

from tocsin import __version__
from tocsin.evidence.models import Detection, EventMark, EvidenceItem
from tocsin.evidence.stages import lake_folder
from tocsin.evidence.suggest import hits_from, suggestion_of, suggestion_of_step
from tocsin.incidents.models import Finding, Incident
from tocsin.incidents.suggestions import FindingSuggestion
from tocsin.lab.analyses.answer import Answer, Proposal
from tocsin.lab.lake import Event, Lake, LakeError
from tocsin.lab.story.hits import Hit

SECONDS = 20.0
"""How long a question to the lake may take before it is stopped."""
PATIENT = 1800.0
"""The same for a run, which nobody waits for at a page."""
KEPT = 128
"""Answers that a process keeps."""

Given = TypeVar("Given")
_kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
_lock = threading.Lock()


def has_lake(incident: Incident) -> bool:
    """Tell whether any of an incident's evidence is in the lake."""
    return any(path.is_dir() and not path.name.startswith(".") for path in _entries(incident))


@contextmanager
def lake_of(incident: Incident, seconds: float = SECONDS) -> Iterator[Lake]:
    """Open an incident's lake for one or a few questions, and stop them when they take too long.

    Raises LakeError with what to do where there is no lake, it is damaged, or the time is over.
    """
    if not has_lake(incident):
        raise LakeError("There are no events yet: take evidence into custody and run an analysis.")
    try:
        lake = Lake(lake_folder(incident.pk))
    except ValueError as error:
        raise LakeError(f"{error}. Run the analysis again.") from error
    late = threading.Event()

    def stop() -> None:
        late.set()
        lake.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield lake
    except LakeError as error:
        if late.is_set():
            raise LakeError(f"This takes longer than {seconds:.0f} s. Narrow the time or ask for less.") from error
        raise
    finally:
        timer.cancel()
        lake.close()


def kept(incident: Incident, name: str, make: Callable[[], Given], *about: Any) -> Given:
    """Return an answer, made anew only when the evidence in the lake or the last run has changed."""
    key = (str(incident.pk), name, about, _stamp(incident))
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return cast("Given", _kept[key])
    answer = make()
    with _lock:
        _kept[key] = answer
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return answer


def _stamp(incident: Incident) -> tuple[Any, ...]:
    run = incident.runs.last()
    return (_lake_stamp(incident), run.number if run else 0, run.state if run else "")


def _lake_stamp(incident: Incident) -> tuple[Any, ...]:
    return tuple(sorted((path.name, path.stat().st_mtime_ns) for path in _entries(incident)))


def _stored(incident: Incident, name: str, make: Callable[[], Given]) -> Given:
    """Return an answer of the lake that a run or another process has stored, made and stored where that is not so."""
    path = Path(settings.HOME) / "answers" / str(incident.pk) / f"{name}.pickle"
    stamp = (__version__, _lake_stamp(incident))
    try:
        with path.open("rb") as file:
            # Nobody but Tocsin writes into its home; the form of the stamp is told before the answer is read.
            if pickle.load(file) == stamp:  # noqa: S301
                return cast("Given", pickle.load(file))  # noqa: S301
    except (OSError, EOFError, AttributeError, ImportError, LookupError, TypeError, ValueError, pickle.UnpicklingError):
        pass  # not there, cut off, or of another make: it is made anew
    answer = make()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as fresh:
        pickle.dump(stamp, fresh)
        pickle.dump(answer, fresh)
    Path(fresh.name).replace(path)
    return answer


def _entries(incident: Incident) -> list[Path]:
    folder = lake_folder(incident.pk)
    return list(folder.iterdir()) if folder.is_dir() else []


def hits_of(incident: Incident) -> list[Hit]:
    """Return the detections as the story sees them (`tocsin.lab.story.hits.Hit`); their ids are those of the rows."""

    def make() -> list[Hit]:
        rows = Detection.objects.filter(incident=incident).select_related("item").order_by("time", "id")
        return hits_from(rows.iterator(chunk_size=2000))

    return kept(incident, "hits", make)


def steps_of(incident: Incident) -> tuple[Any, ...]:
    """Return the attack steps that the detections make, in order of time (`tocsin.lab.story.steps.Step`)."""
    from tocsin.lab.story.steps import attack_steps

    return kept(incident, "steps", lambda: attack_steps(hits_of(incident)))


def matrix_of(incident: Incident) -> tuple[Any, ...]:
    """Return the ATT&CK matrix of the detections (`tocsin.lab.story.matrix.TacticColumn`)."""
    from tocsin.lab.story.matrix import attack_matrix

    return kept(incident, "matrix", lambda: attack_matrix(hits_of(incident)))


def network_of(incident: Incident, seconds: float = SECONDS) -> dict[str, Answer[Any]]:
    """Return what the network analyses find, by name. Raises LakeError."""
    from tocsin.lab.network import beacons, conversations, dns_tunnels, long_connections, rare, uploads

    def make() -> dict[str, Answer[Any]]:
        with lake_of(incident, seconds) as lake:
            return {
                "beacons": beacons.beacons(lake),
                "tunnels": dns_tunnels.dns_tunnels(lake),
                "uploads": uploads.large_uploads(lake),
                "long": long_connections.long_connections(lake),
                "rare": rare.rare_destinations(lake),
                "conversations": conversations.conversations(lake, limit=200),
            }

    return kept(incident, "network", lambda: _stored(incident, "network", make))


def logons_of(incident: Incident, seconds: float = SECONDS) -> dict[str, Answer[Any]]:
    """Return the logon graph (`edges`) and the ways that somebody may have moved (`paths`). Raises LakeError."""
    from tocsin.lab.analyses.lateral import lateral_paths
    from tocsin.lab.analyses.logons import contacts, edges

    def make() -> dict[str, Answer[Any]]:
        with lake_of(incident, seconds) as lake:
            found = contacts(lake)
        return {"edges": edges(found.found), "paths": lateral_paths(found.found), "contacts": found}

    return kept(incident, "logons", lambda: _stored(incident, "logons", make))


def processes_of(incident: Incident, host: str, query: str = "") -> Answer[Any]:
    """Return the processes of a host as a forest (`tocsin.lab.analyses.processes.Process`). Raises LakeError, QueryError."""
    from tocsin.lab.analyses.processes import process_tree

    def make() -> Answer[Any]:
        with lake_of(incident) as lake:
            return process_tree(lake, host, query=query)

    return kept(incident, "processes", make, host, query)


def hosts_of(incident: Incident, most: int = 200) -> list[tuple[str, int]]:
    """Return the hosts of the events with their counts, the most frequent first. Raises LakeError."""

    def make() -> list[tuple[str, int]]:
        with lake_of(incident) as lake:
            return lake.facets("", ["host_name"], most)["host_name"].values

    return kept(incident, "hosts", make, most)


def proposals_of(incident: Incident, seconds: float = 120) -> Answer[Proposal]:
    """Return what the analyses over the lake propose as findings. Raises LakeError."""
    from tocsin.lab.story.proposals import proposals

    def make() -> Answer[Proposal]:
        with lake_of(incident, seconds) as lake:
            return proposals(lake)

    return kept(incident, "proposals", lambda: _stored(incident, "proposals", make))


def prepare_story(incident: Incident) -> dict[str, Any]:
    """Make and store the answers that take long, so that pages have them at once; returns how much is proposed.

    Raises LakeError.
    """
    if not has_lake(incident):
        return {"state": "skipped", "proposals": 0}
    network_of(incident, PATIENT)
    logons_of(incident, PATIENT)
    return {"proposals": proposals_of(incident, PATIENT).total}


def open_proposals_of(incident: Incident) -> tuple[list[Proposal], tuple[str, ...]]:
    """Return the proposals that nobody has answered yet, and what the analyses could not see. Raises LakeError."""
    answer = proposals_of(incident)
    answered = _answered(incident)
    return [one for one in answer.found if suggestion_of(one).key not in answered], answer.notes


def answers_of(incident: Incident) -> dict[str, Finding]:
    """Return the findings that answer a suggestion, stated or rejected, by its key (`suggest.suggestion_of...().key`)."""
    return {one.key: one for one in Finding.objects.filter(incident=incident).exclude(key="")}


def suggestion_by_key(incident: Incident, key: str) -> FindingSuggestion | None:
    """Return the suggestion of that key among the attack steps and the proposals, None where there is none now."""
    for step in steps_of(incident) if key.startswith("step:") else ():
        if (made := suggestion_of_step(step)).key == key:
            return made
    try:
        found = proposals_of(incident).found
    except LakeError:
        return None
    return next((made for one in found if (made := suggestion_of(one)).key == key), None)


def _answered(incident: Incident) -> set[str]:
    return set(Finding.objects.filter(incident=incident).exclude(key="").values_list("key", flat=True))


def event_of(incident: Incident, event_id: str) -> tuple[Event, EventMark | None] | None:
    """Return an event of the lake with all its fields and what analysts noted on it. Raises LakeError."""
    label, _, number = event_id.rpartition(".")
    with lake_of(incident) as lake:
        event = lake.event(event_id)
    if event is None:
        return None
    item = item_of(incident, label)
    mark = EventMark.objects.filter(incident=incident, item=item, seq=int(number)).first() if item else None
    return event, mark


def marks_of(incident: Incident, events: list[Event]) -> dict[str, EventMark]:
    """Return what analysts noted on some events, by the events' ids."""
    wanted: dict[str, list[int]] = {}
    for event in events:
        label, _, number = event.id.rpartition(".")
        wanted.setdefault(label, []).append(int(number))
    found: dict[str, EventMark] = {}
    for label, numbers in wanted.items():
        item = item_of(incident, label)
        for mark in EventMark.objects.filter(item=item, seq__in=numbers).select_related("item") if item else ():
            found[mark.cite] = mark
    return found


def item_of(incident: Incident, label: str) -> EvidenceItem | None:
    """Return the item that a label such as E-03 names, None where there is none."""
    number = label.removeprefix("E-")
    if not number.isascii() or not number.isdecimal() or len(number) > 9:
        return None
    return EvidenceItem.objects.filter(incident=incident, number=int(number)).first()
