"""The referral packet: what law enforcement or outside counsel needs to begin, in one zip that says what is in it.

A summary, the key times, indicators, the list of evidence with hashes and custody, final notices, and the log with what
proves it. Evidence contents only where somebody chose them, in an encrypted zip of their own so that nothing in them runs
by a double click. What is privileged goes to counsel alone, by who may see it, and only if it was asked for.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import pyzipper
from django.conf import settings
from django.utils.translation import gettext as _

from tocsin.core import clock, log
from tocsin.core.access import Actor, check
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.disclosure.models import Notice, NoticeState
from tocsin.disclosure.register import UNSAFE
from tocsin.evidence.actions import transfer_evidence
from tocsin.evidence.handing_out import PASSWORD, content_of
from tocsin.evidence.models import EvidenceItem
from tocsin.incidents.models import Incident, Note, Tlp
from tocsin.incidents.queries import sheet_of
from tocsin.incidents.queries.privilege import is_privy, seen
from tocsin.incidents.regions import region_name
from tocsin.incidents.sheet_words import data_word, instant_word, range_word
from tocsin.reports.actions import record_referral
from tocsin.reports.text import spelt_out

LAW_ENFORCEMENT, COUNSEL = "law_enforcement", "counsel"
LARGEST = 2**30  # bytes of evidence; more goes on a medium of its own
CONTENTS = "evidence-contents.zip"


@dataclass(frozen=True)
class Packet:
    """A finished packet: an open temporary file that is gone once it is closed, its name, SHA-256 (hex) and size."""

    name: str
    file: IO[bytes]
    sha256: str
    size: int


@dataclass(frozen=True)
class Wanted:
    """Who gets it and what goes in: `items` are numbers of evidence whose contents go along."""

    to: str
    recipient: str
    items: Sequence[int] = ()
    with_log: bool = True
    privileged: bool = False


def make_referral(actor: Actor, incident: Incident, wanted: Wanted) -> Packet:
    """Make the packet and write down what went to whom, and its hash; each item's custody says it too.

    Raises Forbidden for who may not, Invalid without a recipient, for an unknown kind or item, for evidence beyond a
    gigabyte or with another hash than it had, and for privileged things where they may not go.
    """
    check(actor, incident.chain, record_referral.policy, "referral.make")  # type: ignore[attr-defined]  # set by core.action
    items = _checked(actor, incident, wanted)
    at = incident.chain.time(clock.now())
    found = papers(actor, incident, wanted, at)
    folder = Path(settings.HOME) / "tmp"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
    try:
        _write(file, found, items, at, folder)
        size, sha256 = _measured(file)
        name = f"{incident.number}-referral-{at:%Y%m%d-%H%M}.zip"
        record_referral(
            actor, incident, to=wanted.to, recipient=wanted.recipient, name=name, sha256=sha256, size=size,
            parts=sorted(n for n in found if not n.startswith("privileged/")), items=[i.label for i in items],
        )  # fmt: skip
        for item in items:
            transfer_evidence(actor, incident, item=item, to=wanted.recipient, why=f"referral packet {sha256[:12]}")
    except BaseException:
        file.close()
        raise
    return Packet(name, file, sha256, size)


def _checked(actor: Actor, incident: Incident, wanted: Wanted) -> list[EvidenceItem]:
    """The items whose contents go along, once everything that speaks against the packet was asked."""
    if wanted.to not in (LAW_ENFORCEMENT, COUNSEL):
        raise Invalid(_("A packet goes to law enforcement or to outside counsel."), "to")
    if not wanted.recipient.strip():
        raise Invalid(_("Please say who receives it: name and office."), "recipient")
    if wanted.privileged and (wanted.to != COUNSEL or not is_privy(actor, incident)):
        raise Invalid(_("Privileged things go to counsel alone, from somebody who may see them."), "privileged")
    items = list(incident.evidence.filter(number__in=wanted.items))
    if unknown := sorted(set(wanted.items) - {i.number for i in items}):
        raise Invalid(_("There is no evidence item %s in this incident.") % f"E-{unknown[0]}", "items")
    if items:
        check(actor, incident.chain, transfer_evidence.policy, "evidence.transfer")  # type: ignore[attr-defined]
    if sum(i.bytes for i in items) > LARGEST:
        raise Invalid(
            _("That is over a gigabyte of evidence. Hand it over on a medium and record the transfer."), "items"
        )
    return items


def papers(actor: Actor, incident: Incident, wanted: Wanted, at: datetime) -> dict[str, bytes]:
    """Every paper of the packet by its path; nothing that somebody typed is part of a path."""
    found = {
        "summary.txt": _summary(incident, wanted, at).encode(),
        "timeline.csv": _table(("time (UTC)", "what", "source"), _times(incident)),
        "indicators.csv": _table(("kind", "value", "source", "confidence", "why"), _indicators(incident)),
        "evidence.csv": _table(EVIDENCE, (_item(i) for i in incident.evidence.all())),
        "custody.csv": _table(CUSTODY, _custody(incident.evidence.all())),
    }
    for notice in Notice.objects.filter(incident=incident, state=NoticeState.FINAL):
        found[f"notices/N-{notice.number}.txt"] = notice.text.encode()
    if wanted.with_log:
        found["log.jsonl"] = b"".join(log.export(LogEntry.objects.filter(chain=incident.chain_id)))
        found["verify_log.py"] = files("tocsin.reports").joinpath("stick", "verify_log.py.txt").read_bytes()
    if wanted.privileged:
        found |= _privileged(actor, incident)
    return found


def _write(file: IO[bytes], found: dict[str, bytes], items: list[EvidenceItem], at: datetime, folder: Path) -> None:
    """Put the papers, the contents and the list of hashes into the zip."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name in sorted(found):
            out.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), found[name], zipfile.ZIP_DEFLATED)
        if items:
            with tempfile.TemporaryFile(dir=folder) as inner:
                _locked(inner, items)
                _size, sums[CONTENTS] = _measured(inner)
                with out.open(zipfile.ZipInfo(CONTENTS, at.timetuple()[:6]), "w", force_zip64=True) as target:
                    shutil.copyfileobj(inner, target)
        lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
        out.writestr(zipfile.ZipInfo("SHA256SUMS", at.timetuple()[:6]), lines, zipfile.ZIP_DEFLATED)


def _locked(file: IO[bytes], items: list[EvidenceItem]) -> None:
    """Contents under their labels, encrypted with the password that the field gives to samples."""
    with pyzipper.AESZipFile(file, "w", encryption=pyzipper.WZ_AES, compression=pyzipper.ZIP_DEFLATED) as out:
        out.setpassword(PASSWORD)
        for item in items:
            with content_of(item) as source, out.open(item.label, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)


def _measured(file: IO[bytes]) -> tuple[int, str]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # a temporary file reads into buffers
    file.seek(0)
    return size, sha256


def _summary(incident: Incident, wanted: Wanted, at: datetime) -> str:
    sheet = sheet_of(incident, sourced=False)
    stated = incident.findings.filter(state="stated").exclude(tlp=Tlp.RED)
    people = [f"  {region_name(p.region)}: {range_word(p.low, p.high)}" for p in sheet.affected]
    notified = [
        f"  {d.name}, {f.stage}: {_utc(f.submitted_at)}, {f.channel} {f.reference}".rstrip()
        for d in incident.duties.all() for f in d.filings.filter(struck_at=None)
    ]  # fmt: skip
    lines = [
        incident.tlp, *(["EXERCISE. Nothing of this happened; nothing is to be done."] if incident.exercise else []), "",
        f"{incident.number}: {incident.title}", f"From {incident.plan_version.plan.organization.name}",
        f"To {wanted.recipient}", f"As of {_utc(at)}", "", incident.summary or "No summary was written.", "",
        "Times", *(f"  {instant_word(a)}: {_utc(s.value)}" for a, s in sheet.instants.items()), "",
        "Findings", *(f"  F-{f.number} ({f.confidence}) {f.claim}" for f in stated), "",
        "Data affected", *(f"  {data_word(c)}" for c in sorted(sheet.data_affected)), "",
        "People affected", *people, "", "Notified", *notified, "",
        "In this packet", "  timeline.csv, indicators.csv, evidence.csv, custody.csv, notices/",
        *(["  log.jsonl: every entry with its hash. To verify it: python3 verify_log.py log.jsonl"] if wanted.with_log else []),
        *([f"  {CONTENTS}: contents by label; they may be harmful. Password: {PASSWORD.decode()}"] if wanted.items else []),
        "  SHA256SUMS: to check each file: sha256sum -c SHA256SUMS", "",
    ]  # fmt: skip
    return "\n".join(_lines(lines))


def _lines(lines: Iterable[str]) -> Iterable[str]:
    """Lines with what is not seen spelt out; a text of several lines stays so."""
    for line in lines:
        yield from (spelt_out(one) for one in line.splitlines() or [""])


def _times(incident: Incident) -> list[tuple[Any, ...]]:
    rows: list[tuple[datetime, str, str]] = []
    for anchor, stated in sheet_of(incident).instants.items():
        source = f"{stated.source.by}, L-{stated.source.sequence}" if stated.source else ""
        rows.append((stated.value, instant_word(anchor), source))
    found = incident.findings.filter(state="stated").exclude(tlp=Tlp.RED)
    rows += [
        (f.happened_from, f"F-{f.number} {f.claim}", ", ".join(map(str, f.cites))) for f in found if f.happened_from
    ]
    return [(_utc(at), what, source) for at, what, source in sorted(rows, key=lambda row: row[0])]


def _indicators(incident: Incident) -> list[tuple[Any, ...]]:
    rows = incident.indicators.filter(withdrawn_at=None).exclude(tlp=Tlp.RED)
    met = incident.sightings.exclude(tlp=Tlp.RED)
    found = [(i.kind, i.value, i.source, i.confidence or "", i.why) for i in rows]
    there = {(kind, value) for kind, value, *_rest in found}
    return found + [
        (s.kind, s.value, s.source, s.confidence or "", f"met {s.count} times") for s in met
        if (s.kind, s.value) not in there
    ]  # fmt: skip


EVIDENCE = ("item", "name", "source", "bytes", "SHA-256", "collected (UTC)", "taken (UTC)", "taken by", "intact")
CUSTODY = ("item", "time (UTC)", "by", "to", "what", "log entry")


def _item(i: EvidenceItem) -> tuple[Any, ...]:
    collected = _utc(i.collected_at) if i.collected_at else ""
    return (i.label, i.name, i.source, i.bytes, i.sha256, collected, _utc(i.taken_at), i.taken_by,
            "yes" if i.intact else "no")  # fmt: skip


def _custody(items: Iterable[EvidenceItem]) -> Iterable[tuple[Any, ...]]:
    for i in items:
        for c in i.custody.all():
            yield i.label, _utc(c.at), c.by, c.to, c.what, f"L-{c.sequence}"


def _privileged(actor: Actor, incident: Incident) -> dict[str, bytes]:
    """Privileged notes and the list of privileged files, for who sees them. Contents are handed out one by one."""
    items = list(seen(actor, EvidenceItem.kept.filter(incident=incident, privileged=True)))
    notes = seen(actor, Note.kept.filter(incident=incident, privileged=True, archived_at=None)).order_by("number")
    found = {
        "privileged/evidence.csv": _table(EVIDENCE, (_item(i) for i in items)),
        "privileged/custody.csv": _table(CUSTODY, _custody(items)),
    }
    for note in notes:
        text = "\n".join(_lines(["PRIVILEGED", note.title, "", note.text, ""]))
        found[f"privileged/note-{note.number}.txt"] = text.encode()
    return found


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """CSV (RFC 4180) in UTF-8; no cell begins with what a spreadsheet would compute."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(head)
    for row in rows:
        cells = [spelt_out(str(cell)) for cell in row]
        table.writerow([f"'{cell}" if cell.startswith(UNSAFE) else cell for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
