"""Where alerts come from: add a source, change it, give it a new secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.conf import settings

from tocsin.alerts.models import AlertSource, SourceKind
from tocsin.core.access import OrgRole, organization_role
from tocsin.core.action import Call, Invalid, action
from tocsin.core.models import Organization
from tocsin.incidents.actions.common import same_revision, words
from tocsin.people.actions import hashed
from tocsin.people.queries import current_plan
from tocsin.plan.alert_models import AlertsFile
from tocsin.plan.alerts import AUTO, mapping_named

ADMINISTERS = organization_role(OrgRole.ADMINISTRATOR)
WITH_SECRET = (SourceKind.WEBHOOK, SourceKind.MAIL)
MOST_SOURCES = 200


@action("alertsource.add", ADMINISTERS)
def add_source(
    call: Call[Organization], *, name: str, kind: str, mapping: str = "", signed: bool = False
) -> tuple[AlertSource, str]:
    """A new source and its secret, which is shown once; form and command line have none.

    The mapping is by default the one that the plan's alerts.yaml names for the source, else it is told from each
    message. Raises Invalid for a name that is taken, an unknown kind or mapping, and beyond 200 sources.
    """
    name = words(name, "name", "a name for the source")[:80]
    sources = AlertSource.objects.filter(organization=call.place)
    if sources.filter(name__iexact=name).exists():
        raise Invalid(f"There is a source '{name}' already.", "name")
    if sources.count() >= MOST_SOURCES:
        raise Invalid(f"An organization has {MOST_SOURCES} sources at most.")
    if kind not in set(SourceKind):
        raise Invalid(f"'{kind}' is no kind of source; take one of {', '.join(SourceKind)}.", "kind")
    if kind == SourceKind.FORM and sources.filter(kind=kind).exists():
        raise Invalid("An organization has one form; switch that one on.", "kind")
    mapping = mapping or _plan(call.place).sources.get(name, AUTO)
    _known(call.place, mapping)
    secret = secrets.token_hex(20) if kind in WITH_SECRET else ""
    source = AlertSource.objects.create(
        organization=call.place,
        name=name,
        kind=kind,
        mapping=mapping,
        signed=signed and kind == SourceKind.WEBHOOK,
        secret_hash=hashed(secret) if secret else None,
        created_at=call.now,
    )
    call.record(source, name=name, source_kind=kind, mapping=mapping, signed=source.signed)
    return source, secret


@action("alertsource.change", ADMINISTERS)
def change_source(
    call: Call[Organization],
    *,
    source: AlertSource,
    active: bool | None = None,
    mapping: str | None = None,
    signed: bool | None = None,
    revision: int | None = None,
) -> None:
    """Switch a source on or off, read it by another mapping, ask for signatures. Raises Invalid for a stale form."""
    source.refresh_from_db()
    same_revision(source, revision)
    if active is not None:
        source.active = active
    if mapping is not None:
        _known(call.place, mapping)
        source.mapping = mapping
    if signed is not None:
        source.signed = signed and source.kind == SourceKind.WEBHOOK
    source.save(update_fields=["active", "mapping", "signed", "revision"])
    call.record(source, name=source.name, active=source.active, mapping=source.mapping, signed=source.signed)


@action("alertsource.renew", ADMINISTERS)
def renew_secret(call: Call[Organization], *, source: AlertSource) -> str:
    """A new secret for a source; the old one ends now. Raises Invalid for a source that has none."""
    source.refresh_from_db()
    if source.kind not in WITH_SECRET:
        raise Invalid("This source has no secret.")
    secret = secrets.token_hex(20)
    source.secret_hash = hashed(secret)
    source.save(update_fields=["secret_hash"])
    call.record(source, name=source.name)
    return secret


def signing_key(source: AlertSource) -> str:
    """The key with which a source signs what it sends: follows from its secret's hash and the server's own key."""
    told = f"alert-source:{source.secret_hash}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), told, hashlib.sha256).hexdigest()


def signature_holds(source: AlertSource, body: bytes, signature: str) -> bool:
    """Whether a signature (hex, 'sha256=' may stand before it) is the HMAC-SHA256 of the body."""
    right = hmac.new(signing_key(source).encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), signature.strip().removeprefix("sha256=").lower().encode())


def _plan(organization: Organization) -> AlertsFile:
    version = current_plan(organization)
    return version.plan.alerts if version else AlertsFile()


def _known(organization: Organization, mapping: str) -> None:
    if mapping != AUTO and mapping_named(mapping, _plan(organization)) is None:
        raise Invalid(f"Neither the plan nor Tocsin has a mapping '{mapping}'.", "mapping")
