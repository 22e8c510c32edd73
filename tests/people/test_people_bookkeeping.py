"""What the doors keep for themselves is removed when its time is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

import factories
from tocsin.core import clock
from tocsin.core.models import LogEntry, Organization
from tocsin.people import bookkeeping

pytestmark = pytest.mark.django_db


def test_sessions_that_ran_out_are_removed_and_nobody_else_is_signed_out(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago, now = Client(), Client()
    for browser in (long_ago, now):
        browser.force_login(factories.user(organization))
    Session.objects.filter(pk=long_ago.session.session_key).update(expire_date=clock.now() - timedelta(seconds=1))
    entries = LogEntry.objects.count()
    assert bookkeeping.forget_sessions() == 1
    assert list(Session.objects.values_list("pk", flat=True)) == [now.session.session_key]
    assert now.get("/incidents").status_code == 200
    assert long_ago.get("/incidents").status_code == 302
    assert LogEntry.objects.count() == entries
    later = clock.now() + timedelta(hours=12, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert bookkeeping.forget_sessions() == 1
