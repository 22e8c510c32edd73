"""What is handed out: samples, found in the item that they lie in and packed encrypted; privileged files as they are."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import IO

import orjson
import pyzipper
from django.conf import settings
from django.utils.translation import gettext as _

from tocsin.core.access import Actor, Forbidden, may
from tocsin.core.action import Invalid
from tocsin.core.canonical import storable
from tocsin.evidence.actions.analyst import release_sample
from tocsin.evidence.models import EvidenceItem, Sample
from tocsin.evidence.store import path_of, still_holds
from tocsin.incidents.models import Incident
from tocsin.lab.casework import lay_out_samples
from tocsin.lab.containment import ContainedError, ContainedPool

PASSWORD = b"infected"
"""What the field protects samples with; it keeps programs away, not people."""


def hand_out(actor: Actor, incident: Incident, sample: Sample, why: str) -> IO[bytes]:
    """Return a sample as a ZIP archive encrypted with AES-256, and record that the actor took it out, and why.

    The archive is an open temporary file that is gone once it is closed. Raises Forbidden, and Invalid without a reason
    or where the sample's content cannot be found in its item.
    """
    if not may(actor, incident.chain, release_sample):  # before anything is unpacked
        raise Forbidden(_("Taking samples out is for those who lead or respond in this incident."))
    folder = Path(settings.HOME) / "tmp"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        content = _found(sample, Path(place))
        release_sample(actor, incident, sample=sample, why=why)
        archive = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
        with pyzipper.AESZipFile(archive, "w", encryption=pyzipper.WZ_AES, compression=pyzipper.ZIP_DEFLATED) as out:
            out.setpassword(PASSWORD)
            with content.open("rb") as source, out.open(sample.sha256 or "sample", "w") as target:
                shutil.copyfileobj(source, target)
    archive.seek(0)
    return archive


def content_of(item: EvidenceItem) -> IO[bytes]:
    """An item's content to read, after it was compared with its hash. Raises Invalid where it has another."""
    if not still_holds(item.sha256, item.bytes):
        raise Invalid(_("What is stored of %s does not have its hash any more.") % item.label)
    return path_of(item.sha256).open("rb")


def _found(sample: Sample, place: Path) -> Path:
    """Lay the sample's item out and return where the sample lies, told by name and content."""
    item = sample.item
    with ContainedPool(1) as pool:
        try:
            laid = orjson.loads(pool.submit(lay_out_samples, path_of(item.sha256), item.name, place).result())
        except ContainedError as error:
            said = _("The sample cannot be taken out of %(item)s: %(error)s")
            raise Invalid(said % {"item": item.label, "error": error}) from error
    # Several members of an archive can have the same name.
    paths = [Path(one["path"]) for one in laid["samples"] if storable(one["name"])[:1000] == sample.name]
    content = next((path for path in paths if not sample.sha256 or _digest(path) == sample.sha256), None)
    if content is None:
        raise Invalid(_("The sample cannot be found in %s any more.") % item.label)
    return content


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
