"""The encrypted copy: opened by another program, holding what it says, written down, and hiding what it must."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import pyzipper
from django.conf import settings
from django.test import Client
from pypdf import PdfReader

import factories
from tocsin.core import clock
from tocsin.core.access import Forbidden, Hidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry, Organization
from tocsin.incidents.models import Incident
from tocsin.plan.load import version_of
from tocsin.plan.models import Contact, ContactMethod
from tocsin.reports.survival import INNER, Copy, contacts_cards, contacts_csv, new_passphrase, sealed, strong, take_copy

PASS = "lusab-babad-gutih-tugad-volim"


def opened(copy: bytes, passphrase: str = PASS) -> dict[str, bytes]:
    with pyzipper.AESZipFile(io.BytesIO(copy)) as outer:
        assert [(i.filename, i.wz_aes_strength) for i in outer.infolist()] == [(INNER, 3)], "AES-256, one name to see"
        outer.setpassword(passphrase.encode())
        inner = outer.read(INNER)
    with zipfile.ZipFile(io.BytesIO(inner)) as plain:
        return {name: plain.read(name) for name in plain.namelist()}


@pytest.fixture
def copy(incident: Incident) -> Copy:
    lead = factories.on(incident, "lead", OrgRole.RESPONDER)
    return take_copy(lead.actor, incident.organization, incidents=[incident], passphrase=PASS)


@pytest.mark.django_db
def test_it_holds_what_one_needs(incident: Incident, copy: Copy, tmp_path: Path) -> None:
    found = opened(copy.content)
    plan = incident.plan_version
    assert (
        version_of({n.removeprefix("plan/"): t.decode() for n, t in found.items() if n.startswith("plan/")})
        == plan.version
    )
    assert len(PdfReader(io.BytesIO(found["war-book.pdf"])).pages) > 40
    rows = list(csv.reader(io.StringIO(found["contacts.csv"].decode("utf-8-sig"))))
    assert {r[0] for r in rows[1:]} == {c.name for c in plan.plan.contacts.values()}
    assert found["contacts.vcf"].count(b"BEGIN:VCARD") == len(plan.plan.contacts)
    of_it = f"incidents/{incident.number}/"
    assert {n.removeprefix(of_it) for n in found if n.startswith(of_it)} == {
        "log.jsonl", "report.html", "report.pdf", "situation-reports.txt", "war-book.pdf",
    }  # fmt: skip
    assert incident.title in PdfReader(io.BytesIO(found[of_it + "war-book.pdf"])).pages[0].extract_text()
    (tmp_path / "verify_log.py").write_bytes(found["verify_log.py"])
    (tmp_path / "log.jsonl").write_bytes(found[of_it + "log.jsonl"])
    proof = subprocess.run([sys.executable, "-I", "verify_log.py", "log.jsonl"], cwd=tmp_path, capture_output=True,
                           text=True, check=True)  # fmt: skip
    assert "entries hold" in proof.stdout
    assert incident.number in found["README.txt"].decode()


@pytest.mark.django_db
def test_taking_it_is_written_down_without_the_passphrase(incident: Incident, copy: Copy) -> None:
    entry = LogEntry.objects.get(chain=incident.organization_id, verb="survival.export")
    assert entry.payload["sha256"] == copy.sha256
    assert entry.payload["incidents"] == [str(incident.id)]
    carried = LogEntry.objects.get(chain=incident.chain, verb="survival.carry")
    assert carried.payload["sha256"] == copy.sha256
    assert not LogEntry.objects.filter(payload__icontains=PASS).exists()
    assert incident.title not in str(entry.payload)


@pytest.mark.django_db
def test_nothing_plain_is_left_behind(copy: Copy) -> None:
    assert not list((Path(settings.HOME) / "tmp").iterdir())
    assert b"Anneke" not in copy.content
    assert b"INC-" not in copy.content


def test_another_program_opens_it(tmp_path: Path) -> None:
    tool = shutil.which("7zz") or shutil.which("7z") or shutil.which("bsdtar")
    if tool is None:
        pytest.skip("neither 7-Zip nor bsdtar is installed here; apt-get install 7zip")
    (tmp_path / "copy.zip").write_bytes(sealed({"a.txt": b"Call Ana."}, PASS, clock.now()))
    how = ["-xf", "copy.zip", "--passphrase", PASS] if tool.endswith("bsdtar") else ["x", f"-p{PASS}", "copy.zip"]
    subprocess.run([tool, *how], cwd=tmp_path, check=True, capture_output=True)
    with zipfile.ZipFile(tmp_path / INNER) as inner:
        assert inner.read("a.txt") == b"Call Ana."


@pytest.mark.django_db
def test_a_wrong_passphrase_opens_nothing(copy: Copy) -> None:
    with pytest.raises(RuntimeError):
        opened(copy.content, PASS[:-1] + "n")


def test_a_made_passphrase_is_strong_and_never_the_same() -> None:
    made = {new_passphrase() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"([bdfghjklmnprstvz][aiou]){2}[bdfghjklmnprstvz](-\w{5}){4}", p) for p in made)
    assert all(strong(p) == p for p in made)
    assert len({p[:5] for p in made}) > 190


@pytest.mark.parametrize(
    "weak", ["", "hunter2", "correct horse", "Halden2026!Halden2026!", "a" * 60, "password-password-password-password",
             "lusab-babad-gutih-tugad", "babab-babab-babab-babab-babab", "x" * 201, "tab\tand line\n" * 4],
)  # fmt: skip
def test_a_weak_passphrase_is_refused(weak: str) -> None:
    with pytest.raises(Invalid):
        strong(weak)


@pytest.mark.parametrize("good", ["marble ostrich lantern quorum velvet hazard pinecone", "X9$kd82!mQz0#vLp3^wT7&rB6%"])
def test_a_strong_one_of_ones_own_is_taken(good: str) -> None:
    assert strong(good) == good


def test_tables_and_cards_hold_nothing_that_runs_or_breaks() -> None:
    nasty = Contact(
        name='=HYPERLINK("http://evil")', title="a;b,c\\d\r\nTEL:+1", note="å" * 300,
        methods=(ContactMethod(kind="phone", url="tel:+46701740606"), ContactMethod(kind="push", url="ntfys://t0ken@h/x")),
    )  # fmt: skip
    table = contacts_csv([nasty, *(Contact(name=f"{first}1+1") for first in "=+-@\t\r\n＝＋－＠")])  # noqa: RUF001
    names = [row[0] for row in csv.reader(io.StringIO(table, newline=""))][1:]
    assert all(name.startswith("'") for name in names), names
    assert "t0ken" not in table
    card = contacts_cards([nasty])
    lines = card.encode().split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert sum(line.startswith(b"TEL") for line in lines) == 1
    assert "t0ken" not in card


@pytest.mark.django_db
def test_who_may_take_one(organization: Organization, incident: Incident) -> None:
    for role in (OrgRole.GUEST, OrgRole.AUDITOR):
        with pytest.raises(Forbidden):
            take_copy(factories.user(organization, role).actor, organization, incidents=[], passphrase=PASS)
    with pytest.raises(Hidden):
        take_copy(factories.stranger().actor, organization, incidents=[], passphrase=PASS)


def page(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.django_db
def test_pages_give_the_book_and_the_copy(incident: Incident) -> None:
    lead = page(factories.on(incident, "lead", OrgRole.RESPONDER))
    assert "/plan/war-book.pdf" in lead.get("/plan").content.decode()
    shown = lead.get("/plan/stick")
    assert shown.headers["Cache-Control"].find("no-store") >= 0
    passphrase = re.search(r'name="passphrase" value="([a-z-]+)"', shown.content.decode())
    assert passphrase
    form = {"passphrase": passphrase[1], "incident": [str(incident.pk)]}
    assert lead.post("/plan/stick/take", form).status_code == 422, "the box is not ticked"
    made = lead.post("/plan/stick/take", form | {"written": "yes"})
    assert made.headers["Content-Type"] == "application/zip"
    assert f"incidents/{incident.number}/log.jsonl" in opened(made.content, passphrase[1])
    assert lead.post("/plan/stick/take", {"passphrase": "weak", "written": "yes"}).status_code == 422
    book = lead.get(f"/incidents/{incident.number}/war-book.pdf")
    assert book.content.startswith(b"%PDF")


@pytest.mark.django_db
def test_who_is_not_on_it_gets_nothing_of_it(organization: Organization, incident: Incident) -> None:
    colleague = page(factories.user(organization, OrgRole.RESPONDER))
    assert incident.title not in colleague.get("/plan/stick").content.decode()
    stolen = {"passphrase": PASS, "written": "yes", "incident": [str(incident.pk)]}
    assert colleague.post("/plan/stick/take", stolen).status_code == 404
    assert colleague.get(f"/incidents/{incident.number}/war-book.pdf").status_code == 404
    other = factories.organization("vidar")
    outsider = page(factories.user(other, OrgRole.ADMINISTRATOR))
    assert outsider.post("/plan/stick/take", stolen).status_code == 404
    assert outsider.get(f"/incidents/{incident.number}/war-book.pdf").status_code == 404
    let_on = page(factories.on(factories.incident(other), "responder", OrgRole.GUEST))
    assert let_on.get("/plan/stick").status_code == 404, "a guest takes no copy"
    assert not LogEntry.objects.filter(verb="survival.export").exists()


@pytest.mark.django_db
def test_guests_get_no_numbers_on_paper_either(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests see names and roles on the pages; what would be set on paper for them tells no more (docs/people.md)."""
    for door in ("reports.views_survival", "api.survival"):
        monkeypatch.setattr(f"tocsin.{door}.printed", lambda book: json.dumps(book, default=str).encode())
    number = "+46 701 740 606"
    guest = factories.on(incident, "observer", OrgRole.GUEST)
    browser, api = page(guest), f"/api/v1/incidents/{incident.pk}/war-book"
    for address in ("/plan/war-book.pdf", "/api/v1/plan/war-book"):
        assert browser.get(address).status_code == 404
    assert "/plan/war-book.pdf" not in browser.get("/plan").content.decode()
    for address in (f"/incidents/{incident.number}/war-book.pdf", api):
        book = browser.get(address).content.decode()
        assert incident.title in book
        assert "Anneke de Vries" in book
        assert number not in book
    for role in (OrgRole.AUDITOR, OrgRole.RESPONDER):
        reader = page(factories.on(incident, "observer", role))
        assert "/plan/war-book.pdf" in reader.get("/plan").content.decode()
        for address in (
            f"/incidents/{incident.number}/war-book.pdf",
            "/plan/war-book.pdf",
            api,
            "/api/v1/plan/war-book",
        ):
            assert number in reader.get(address).content.decode(), address


@pytest.mark.django_db
def test_the_verifier_in_the_copy_is_the_one_in_the_docs() -> None:
    docs = Path(__file__).parents[2] / "docs" / "verify-a-log.md"
    packed = Path(__file__).parents[2] / "src" / "tocsin" / "reports" / "stick" / "verify_log.py.txt"
    assert f"```python\n{packed.read_text(encoding='utf-8')}```" in docs.read_text(encoding="utf-8")
    assert os.access(packed, os.R_OK)
