"""A server that holds messages back, as a demonstration does: nothing goes out, and the log says why."""

from __future__ import annotations

from typing import Any

import pytest
from test_core_outbox import Hook, hook, queue  # noqa: F401  a fixture is used by its name

from tocsin.core import outbox
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident
from tocsin.incidents.sentences import sentence


@pytest.mark.django_db
def test_a_server_that_holds_back_sends_nothing_and_says_so(incident: Incident, hook: Hook, settings: Any) -> None:  # noqa: F811
    settings.HOLD_MESSAGES = True
    message = queue(incident, address=hook.address)
    assert outbox.deliver_due() == outbox.Tally(held=1)
    assert outbox.deliver_due() == outbox.Tally()
    assert hook.bodies == []
    message.refresh_from_db()
    assert message.state == "fenced"
    entry = LogEntry.objects.get(chain=incident.chain, verb="message.settle")
    assert "held back: this server holds messages back" in sentence(entry)
