"""Privileged files: taken into custody for counsel alone, set later, lifted. They are never analysed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.db.models import Q

from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import storable
from tocsin.evidence.actions import Intake
from tocsin.evidence.models import Custody, EvidenceItem, RunState, Sighting
from tocsin.evidence.stages import lake_folder
from tocsin.incidents.actions.common import TAKES_PART
from tocsin.incidents.actions.privilege import (
    COUNSEL,
    make_open,
    make_privileged,
    next_number_kept,
    only_counsel,
    only_privy,
    own,
    seal,
)
from tocsin.incidents.models import Incident


@action("privilege.take_files", TAKES_PART)
def take_privileged_files(call: Call[Incident], *, intakes: Sequence[Intake], why: str = "") -> list[EvidenceItem]:
    """Take files into custody that only counsel and whom counsel admitted see. The same content a second time is the
    item that is there. Raises Forbidden for who is not privy, and Invalid for content that is in custody openly.
    """
    only_privy(call)
    incident, made = call.place, []
    for intake in intakes:
        if here := incident.evidence.filter(sha256=intake.stored.sha256).first():
            raise Invalid(f"{intake.name} is in custody as {here.label}, which everybody sees. Make that privileged.")
        if EvidenceItem.kept.filter(incident=incident, privileged=True, sha256=intake.stored.sha256).exists():
            continue
        item = EvidenceItem(
            incident=incident, name=storable(intake.name)[:500], source=storable(intake.source)[:1000],
            bytes=intake.stored.bytes, sha256=intake.stored.sha256, collected_at=intake.collected_at,
            taken_at=call.now, taken_by=call.actor.name, privileged=True, privileged_at=call.now,
            privileged_by=call.actor.name,
        )  # fmt: skip
        item.number = next_number_kept(item, privileged=True)
        item.save()
        made.append(item)
    Custody.objects.bulk_create(
        Custody(item=i, at=call.now, by=call.actor.name, what=why[:500] or "taken into custody", sequence=call.sequence)
        for i in made
    )
    items = [{"item": i.label, "name": i.name, "bytes": i.bytes, "sha256": i.sha256} for i in made]
    seal(call, incident, items=items, why=why)
    return made


@action("privilege.set_file", COUNSEL)
def set_file_privileged(call: Call[Incident], *, item: EvidenceItem, because: str) -> None:
    """Hide an item from now on from all but those who are privy; what triage and the lake hold of it goes.

    Its name and hash stand in the log already and stay there. Raises Invalid without a reason, while an analysis runs,
    where the same content is privileged already, and for an item that detections, sightings or marks rest on: privilege
    protects advice, and does not take facts out of a case.
    """
    only_counsel(call)
    own(call, item)
    incident, was, number = call.place, item.label, item.number
    _refuse_what_the_case_rests_on(incident, item)
    _refuse_same(item, privileged=True)
    make_privileged(call, item, because)
    item.save()
    item.samples.all().delete()
    for run in incident.runs.all():
        run.items = [n for n in run.items if n != number]
        if "files" in run.report:
            run.report["files"] = [row for row in run.report["files"] if row.get("item") != was]
        for stage in run.stages:
            if "failed" in stage:
                stage["failed"] = [text for text in stage["failed"] if not text.startswith(f"{was}:")]
        run.save(update_fields=["items", "report", "stages"])
    _note(call, item, f"made privileged, was {was}: {because}")
    seal(call, item, item=item.label, was=was, name=item.name, because=because, could_read=item.could_read)
    transaction.on_commit(partial(shutil.rmtree, lake_folder(incident.pk) / was, ignore_errors=True))


@action("privilege.lift_file", COUNSEL)
def lift_file_privilege(call: Call[Incident], *, item: EvidenceItem, because: str) -> None:
    """Open a privileged item to everybody on the incident; the next analysis reads it. The log says so, with the reason.

    Raises Invalid without a reason, when it is not privileged, or where the same content is in custody openly.
    """
    only_counsel(call)
    own(call, item)
    _refuse_same(item, privileged=False)
    was = item.label
    make_open(item, because)
    item.save()
    _note(call, item, f"privilege lifted, was {was}: {because}")
    call.record(item, item=item.label, was=was, name=item.name, bytes=item.bytes, sha256=item.sha256, because=because)


def _refuse_what_the_case_rests_on(incident: Incident, item: EvidenceItem) -> None:
    if incident.runs.filter(state__in=(RunState.QUEUED, RunState.RUNNING)).exists():
        raise Invalid("An analysis is reading the evidence. Stop it, or wait for its end.")
    cited = any(
        cite.split(".")[0] == item.label
        for cites in Sighting.objects.filter(incident=incident).values_list("cites", flat=True)
        for cite in cites
    )
    if cited or item.detections.exists() or item.marks.filter(~Q(comments=[]) | Q(starred=True) | ~Q(tags=[])).exists():
        raise Invalid(
            f"Detections, sightings or marks rest on {item.label}: privilege protects advice, and takes no facts out "
            "of a case. Restrict the incident itself if fewer people may know them."
        )


def _refuse_same(item: EvidenceItem, *, privileged: bool) -> None:
    rows = EvidenceItem.kept.filter(incident_id=item.incident_id, privileged=privileged, sha256=item.sha256)
    if same := rows.exclude(pk=item.pk).first():
        raise Invalid(f"{same.label} has the same content already.")


def _note(call: Call[Incident], item: EvidenceItem, what: str) -> None:
    Custody.objects.create(item=item, at=call.now, by=call.actor.name, what=what[:500], sequence=call.sequence)
