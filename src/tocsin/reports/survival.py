"""The encrypted copy for a USB stick: one file that opens without Tocsin and without a network.

A zip with WinZip's AES-256 (AE-2), because 7-Zip, Keka and The Unarchiver open it on any machine. Names inside such a
zip can be read by anybody, so it holds one inner zip and nothing else. Its key is stretched by a thousand rounds only:
the passphrase has to carry the weight, so Tocsin makes it (80 bits) or refuses a weak one. Everything happens in
memory; typst's working files lie in the home's `tmp` and are removed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import secrets
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import pyzipper
import zxcvbn
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from tocsin.core import clock, log
from tocsin.core.access import Actor, check
from tocsin.core.action import Invalid
from tocsin.core.models import Chain, LogEntry, Organization
from tocsin.incidents.models import Incident
from tocsin.incidents.models.situation import SituationReport
from tocsin.people.models import PlanVersion
from tocsin.people.queries import current_plan
from tocsin.plan.models import Contact
from tocsin.reports.actions import record_export
from tocsin.reports.html import render_html
from tocsin.reports.pdf import pdf_bytes
from tocsin.reports.story import build
from tocsin.reports.warbook import Issue, printed, warbook
from tocsin.reports.warbook.incident import incident_book
from tocsin.reports.warbook.reach import ways

BITS, WORDS = 77, 5
LONGEST = 200
INNER = "contents.zip"
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aiou"


@dataclass(frozen=True)
class Copy:
    """A finished copy: its file name, its bytes, their SHA-256 (hex)."""

    name: str
    content: bytes
    sha256: str


def new_passphrase() -> str:
    """Five words that can be read aloud and written on paper, 16 bits each: 'lusab-babad-gutih-tugad-volim'.

    The words are proquints (D. S. Wilkerson, "A Proposal for Proquints", 2009): no word list, no language.
    """
    return "-".join(_word(secrets.randbits(16)) for _ in range(WORDS))


def _word(bits: int) -> str:
    c, v = _CONSONANTS, _VOWELS
    return c[bits >> 12] + v[bits >> 10 & 3] + c[bits >> 6 & 15] + v[bits >> 4 & 3] + c[bits & 15]


@sensitive_variables("passphrase")
def strong(passphrase: str) -> str:
    """Return the passphrase if guessing it takes 2^77 tries or more (as zxcvbn counts), else raise Invalid."""
    if not passphrase or len(passphrase) > LONGEST or not passphrase.isprintable():
        raise Invalid(f"A passphrase has up to {LONGEST} characters that can be typed.", "passphrase")
    if _made_here(passphrase):
        return passphrase
    tries = float(zxcvbn.zxcvbn(passphrase[:72])["guesses_log10"])
    if tries < BITS * math.log10(2):
        raise Invalid(
            f"This passphrase can be guessed (about 2^{tries / math.log10(2):.0f} tries; 2^{BITS} are asked for). "
            "Let Tocsin make one, or take six or more words drawn by lot.", "passphrase",
        )  # fmt: skip
    return passphrase


def _made_here(passphrase: str) -> bool:
    words = passphrase.split("-")
    return len(set(words)) >= WORDS and all(
        len(w) == 5 and all(c in (_VOWELS if i % 2 else _CONSONANTS) for i, c in enumerate(w)) for w in words
    )


@sensitive_variables("passphrase")
def take_copy(
    actor: Actor, organization: Organization, *, incidents: Sequence[Incident], passphrase: str, made_by: str = ""
) -> Copy:
    """Make the encrypted copy and write down that it was taken.

    `incidents` are of this organization and the actor sees them (the caller looked them up so). Raises Hidden or
    Forbidden for who may not, Invalid for a weak passphrase or an organization without a plan, PdfError.
    """
    chain = Chain.objects.get(pk=organization.chain_id)
    check(actor, chain, record_export.policy, "survival.export")  # type: ignore[attr-defined]  # set by core.action
    strong(passphrase)
    version = current_plan(organization)
    if version is None:
        raise Invalid("There is no plan yet: nothing would be in the copy.")
    at = clock.now()
    content = sealed(contents(version, incidents, at, made_by or actor.name), passphrase, at)
    name = f"tocsin-{organization.slug}-{at:%Y%m%d-%H%M}.zip"
    digest = hashlib.sha256(content).hexdigest()
    record_export(actor, organization, name=name, sha256=digest, size=len(content),
                  incidents=[i.id for i in incidents], plan=version.version)  # fmt: skip
    return Copy(name, content, digest)


@sensitive_variables("passphrase")
def sealed(found: dict[str, bytes], passphrase: str, at: datetime) -> bytes:
    """The files as one inner zip within an AES-256 zip."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as plain:
        for name in sorted(found):
            plain.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), found[name], zipfile.ZIP_DEFLATED)
    outer = io.BytesIO()
    with pyzipper.AESZipFile(outer, "w", compression=pyzipper.ZIP_STORED, encryption=pyzipper.WZ_AES) as locked:
        locked.setpassword(passphrase.encode())
        locked.setencryption(pyzipper.WZ_AES, nbits=256)
        locked.writestr(INNER, inner.getvalue())
    return outer.getvalue()


def contents(version: PlanVersion, incidents: Sequence[Incident], at: datetime, made_by: str) -> dict[str, bytes]:
    """Everything in the copy, by its path: the book, the plan, contacts, and each incident's papers and log."""
    plan = version.plan
    issue = Issue(at, version.version, version.number, address=settings.BASE_URL, made_by=made_by)
    contacts = [plan.contacts[key] for key in sorted(plan.contacts)]
    found = {
        "README.txt": _readme(version, incidents, at).encode(),
        "war-book.pdf": printed(warbook(plan, issue)),
        "contacts.csv": contacts_csv(contacts).encode("utf-8-sig"),
        "contacts.vcf": contacts_cards(contacts).encode(),
        "verify_log.py": files("tocsin.reports").joinpath("stick", "verify_log.py.txt").read_bytes(),
    }
    found |= {f"plan/{path}": text.encode() for path, text in version.files.items()}
    for incident in incidents:
        found |= {f"incidents/{incident.number}/{name}": content for name, content in _papers(incident, issue).items()}
    return found


def _papers(incident: Incident, issue: Issue) -> dict[str, bytes]:
    data = build(incident, incident.chain.time(issue.at))
    return {
        "war-book.pdf": printed(incident_book(incident, issue)),
        "report.pdf": pdf_bytes(data),
        "report.html": render_html(data).encode(),
        "log.jsonl": b"".join(log.export(LogEntry.objects.filter(chain=incident.chain_id))),
        "situation-reports.txt": "\n\n".join(_told(r) for r in incident.situation_reports.all()).encode(),
    }


def _told(report: SituationReport) -> str:
    to = f", {report.handed_from} to {report.handed_to}" if report.handed_to else ""
    return (
        f"{report}{to}, {report.written_at:%Y-%m-%d %H:%M} UTC, by {report.written_by}\n\nConditions\n"
        f"{report.conditions}\n\nActions\n{report.actions}\n\nNeeds\n{report.needs}\n"
    )


def contacts_csv(contacts: Sequence[Contact]) -> str:
    """The contacts as a table. A cell that a spreadsheet would run as a formula is written as text."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("name", "organization", "title", "outside", "languages", "time zone", "way", "number or address",
                    "verified", "note"))  # fmt: skip
    for contact in contacts:
        of_them = (contact.name, contact.organization, contact.title, "yes" if contact.outside else "no",
                   " ".join(contact.languages), contact.time_zone)  # fmt: skip
        found = [(w.kind, w.said, w.verified) for w in ways(contact) if w.by_hand] or [("", "", "")]
        for reach in found:
            table.writerow([_cell(text) for text in (*of_them, *reach, contact.note)])
    return out.getvalue()


def _cell(text: str) -> str:
    # "+46 8" must stay a telephone number, and "=cmd|…" must not become a command (OWASP, CSV injection).
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠") else text  # noqa: RUF001


def contacts_cards(contacts: Sequence[Contact]) -> str:
    """The contacts as vCard 4.0 (RFC 6350), for any telephone."""
    return "".join(_card(contact) for contact in contacts)


def _card(contact: Contact) -> str:
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"FN:{_escaped(contact.name)}"]
    lines += [f"ORG:{_escaped(contact.organization)}"] if contact.organization else []
    lines += [f"TITLE:{_escaped(contact.title)}"] if contact.title else []
    for way in (w for w in ways(contact) if w.by_hand):
        if way.kind in ("phone", "sms"):
            lines.append(f"TEL;VALUE=text:{_escaped(way.said)}")
        elif way.kind == "mail":
            lines.append(f"EMAIL:{_escaped(way.said)}")
    lines += [f"NOTE:{_escaped(contact.note)}"] if contact.note else []
    return "\r\n".join(_folded(line) for line in [*lines, "END:VCARD"]) + "\r\n"


def _escaped(text: str) -> str:
    for mark in ("\\", ",", ";"):
        text = text.replace(mark, f"\\{mark}")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> str:
    """A line in pieces of at most 75 bytes, as RFC 6350 section 3.2 asks."""
    pieces, piece = [], ""
    for character in line:
        if len((piece + character).encode()) > 74:
            pieces.append(piece)
            piece = ""
        piece += character
    return "\r\n ".join([*pieces, piece])


def _readme(version: PlanVersion, incidents: Sequence[Incident], at: datetime) -> str:
    kept = "".join(f"  incidents/{i.number}/   {i.title}\n" for i in incidents) or "  (none was chosen)\n"
    return files("tocsin.reports").joinpath("stick", "README.txt").read_text(encoding="utf-8").format(
        organization=version.plan.organization.name, at=f"{at:%Y-%m-%d %H:%M} UTC", number=version.number,
        version=version.version, incidents=kept,
    )  # fmt: skip
