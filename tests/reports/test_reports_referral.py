"""The referral packet: what it holds, that its hashes and its log hold, what never goes, and what the log says of it."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import pyzipper
from django.conf import settings
from django.test import Client

import factories
from tocsin.core.access import Actor, Forbidden, Hidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.disclosure.actions import draft_notice, finish_notice
from tocsin.evidence.actions.analyst import add_indicator
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.sentences import sentence
from tocsin.reports.referral import CONTENTS, Packet, Wanted, make_referral

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def opened(packet: Packet) -> dict[str, bytes]:
    content = packet.file.read()
    assert hashlib.sha256(content).hexdigest() == packet.sha256
    assert len(content) == packet.size
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return {name: found.read(name) for name in found.namelist()}


@pytest.fixture
def lead(incident: Incident) -> Actor:
    return factories.on(incident, "lead", OrgRole.RESPONDER).actor


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_it_holds_times_indicators_evidence_custody_notices_and_a_log_that_holds(
    incident: Incident, lead: Actor, tmp_path: Path
) -> None:
    item = factories.evidence(incident, tmp_path, b"x" * 1000, "=cmd|calc'!A0.bin")
    add_indicator(S, incident, written="203[.]0[.]113[.]9")
    notice = draft_notice(S, incident, regime="eu-gdpr-33", stage="notification to supervisory authority")
    finish_notice(S, incident, notice=notice, reason="in phases")
    found = opened(make_referral(lead, incident, Wanted("law_enforcement", "Police, desk 4")))
    assert incident.title in found["summary.txt"].decode()
    assert "Police, desk 4" in found["summary.txt"].decode()
    assert any(r["what"] == "Detected" for r in rows(found["timeline.csv"]))
    assert [r["value"] for r in rows(found["indicators.csv"])] == ["203.0.113.9"]
    (line,) = rows(found["evidence.csv"])
    assert (line["SHA-256"], line["name"][:2]) == (item.sha256, "'=")
    assert rows(found["custody.csv"])[0]["item"] == item.label
    assert b"GDPR" in found["notices/N-1.txt"]
    for name in ("log.jsonl", "verify_log.py"):
        (tmp_path / name).write_bytes(found[name])
    done = subprocess.run([sys.executable, "verify_log.py", "log.jsonl"], cwd=tmp_path, capture_output=True, check=True)
    assert b"entries hold" in done.stdout
    for line in found["SHA256SUMS"].decode().splitlines():  # type: ignore[assignment]
        stated, name = str(line).split("  ")
        assert hashlib.sha256(found[name]).hexdigest() == stated
    assert CONTENTS not in found


def test_chosen_contents_are_locked_and_their_custody_says_who_has_them(
    incident: Incident, lead: Actor, tmp_path: Path
) -> None:
    item = factories.evidence(incident, tmp_path, b"MZ harmful", "..%2f..%2fevil.exe")
    factories.evidence(incident, tmp_path, b"stays here")
    packet = make_referral(lead, incident, Wanted("counsel", "Ashe & Partners", [item.number], with_log=False))
    found = opened(packet)
    assert "log.jsonl" not in found
    assert not any("evil" in name or ".." in name for name in found)
    assert b"harmful" not in found[CONTENTS]
    with pyzipper.AESZipFile(io.BytesIO(found[CONTENTS])) as inner:
        inner.setpassword(b"infected")
        assert inner.namelist() == [item.label]
        assert inner.read(item.label) == b"MZ harmful"
    assert item.custody.last().to == "Ashe & Partners"  # type: ignore[union-attr]
    entry = LogEntry.objects.get(chain=incident.chain, verb="referral.make")
    assert entry.payload["sha256"] == packet.sha256
    assert "Ashe & Partners" in sentence(entry)


def test_what_is_privileged_goes_to_counsel_alone_and_the_log_does_not_say_so(incident: Incident, lead: Actor) -> None:
    privy = factories.on(incident, "counsel", OrgRole.RESPONDER)
    with factories.preparing():
        incident.admissions.create(
            user=privy, because="x", at=incident.declared_at, real_at=incident.declared_at, by="c"
        )
    note = actions.create_note(privy.actor, incident, title="Exposure", text="We knew in May.", privileged=True)
    for who, wanted in (
        (lead, Wanted("counsel", "Ashe", privileged=True)),
        (privy.actor, Wanted("law_enforcement", "Police", privileged=True)),
    ):
        with pytest.raises(Invalid, match="counsel alone"):
            make_referral(who, incident, wanted)
    plain = opened(make_referral(privy.actor, incident, Wanted("counsel", "Ashe")))
    assert not any(b"We knew" in content for content in plain.values())
    found = opened(make_referral(privy.actor, incident, Wanted("counsel", "Ashe", privileged=True)))
    assert b"We knew in May." in found[f"privileged/note-{note.number}.txt"]
    told = [e.payload | {"sha256": "", "size": 0} for e in incident.chain.entries.filter(verb="referral.make")]
    assert told[0] == told[1]


def test_who_may_not_and_what_cannot_be_is_refused(incident: Incident, lead: Actor) -> None:
    with pytest.raises(Forbidden):
        make_referral(factories.on(incident, "responder").actor, incident, Wanted("counsel", "Ashe"))
    with pytest.raises(Hidden):
        make_referral(factories.stranger().actor, incident, Wanted("counsel", "Ashe"))
    for wanted, says in (
        (Wanted("press", "Ashe"), "law enforcement or to outside"),
        (Wanted("counsel", " "), "who receives it"),
        (Wanted("counsel", "Ashe", [99]), "E-99"),
    ):
        with pytest.raises(Invalid, match=says):
            make_referral(lead, incident, wanted)
    assert not incident.chain.entries.filter(verb="referral.make").exists()
    assert not [p for p in (Path(settings.HOME) / "tmp").glob("*") if p.suffix == ".zip"]


def test_the_page_makes_it_and_who_only_looks_does_not_find_it(incident: Incident) -> None:
    browser, observer = Client(), Client()
    backend = "django.contrib.auth.backends.ModelBackend"
    browser.force_login(factories.on(incident, "lead", OrgRole.RESPONDER), backend=backend)
    observer.force_login(factories.on(incident, "observer"), backend=backend)
    of = f"/incidents/{incident.number}/referral"
    assert "Who receives it" in browser.get(of).content.decode()
    answer = browser.post(f"{of}/make", {"to": "counsel", "recipient": "Ashe", "log": "yes"})
    content = b"".join(answer)  # type: ignore[call-overload]
    assert answer["X-Content-SHA256"] == hashlib.sha256(content).hexdigest()
    assert observer.get(of).status_code == 404
    assert observer.post(f"{of}/make", {"to": "counsel", "recipient": "Ashe"}).status_code == 403
