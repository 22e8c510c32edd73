"""One bad row costs no other row its turn: paging, outbox, deadlines."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import factories
from tocsin.core import clock, outbox
from tocsin.core.access import OrgRole
from tocsin.core.actions import queue_message
from tocsin.core.models import LogEntry, Organization, OutboxMessage
from tocsin.core.rows import each
from tocsin.incidents.models import Incident, Task
from tocsin.incidents.reactions import watch_deadlines
from tocsin.people.models import Paging
from tocsin.people.reactions_paging import call_on

S = factories.SYSTEM


def test_a_bad_row_is_logged_without_what_it_says_and_the_next_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    done = []

    def do(row: SimpleNamespace) -> None:
        if row.pk == 1:
            raise ValueError("s3cr3t")
        done.append(row.pk)

    assert each([SimpleNamespace(pk=n) for n in range(3)], do) == 2
    assert done == [0, 2]
    assert "SimpleNamespace 1 failed: ValueError" in caplog.text
    assert "s3cr3t" not in caplog.text.replace('raise ValueError("s3cr3t")', "")


@pytest.mark.django_db
def test_a_paging_that_fails_leaves_the_others_to_be_called(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.incident(organization, factories.user(organization, OrgRole.RESPONDER).actor)
    bad, *good = Paging.objects.filter(state="calling").order_by("pk")
    assert good
    with factories.preparing():
        Paging.objects.filter(pk=bad.pk).update(ladder=[])
    before = {p.pk: p.calls.count() for p in good}
    now = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    for _n in range(4):
        call_on()
    assert all(p.calls.count() > before[p.pk] for p in Paging.objects.filter(pk__in=before))


@pytest.mark.django_db
def test_a_message_that_cannot_be_settled_holds_up_no_other(
    incident: Incident, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOLD_MESSAGES = True
    texts = {"address": "mailto:a@b.example", "recipient": "Ana", "subject": "x", "body": "y"}
    bad, good = (queue_message(S, incident, key=key, **texts) for key in ("bad", "good"))
    settle = outbox.settle_message

    def poisoned(actor: Any, place: Any, *, message: OutboxMessage, **given: Any) -> None:
        if message.pk == bad.pk:
            raise RuntimeError("damaged")
        settle(actor, place, message=message, **given)

    monkeypatch.setattr(outbox, "settle_message", poisoned)
    assert outbox.deliver_due().held == 1
    good.refresh_from_db()
    assert good.state != "queued"


@pytest.mark.django_db
def test_a_deadline_that_fails_leaves_the_others_to_be_watched(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = factories.incident(incident.organization)
    late = {"due_at": clock.now() - timedelta(hours=1), "overdue_logged": False, "state": "open"}
    with factories.preparing():
        Task.objects.update(due_at=None)
        tasks = [place.tasks.order_by("pk").first() for place in (incident, other)]
        for task in tasks:
            Task.objects.filter(pk=task.pk).update(**late)
        # A damaged clock: its incident's time cannot be told any more.
        began = clock.now() - timedelta(hours=2)
        damage = {"clock_real": began, "clock_shown": began, "clock_speed": float("inf")}
        type(incident.chain).objects.filter(pk=incident.chain_id).update(**damage)
    watch_deadlines()
    late_in = LogEntry.objects.filter(verb="task.overdue").values_list("chain_id", flat=True)
    assert list(late_in) == [other.chain_id]
