"""What the tests of alerts share: a source of each kind, and posting to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

import factories
from tocsin.alerts import gathering
from tocsin.alerts.actions import add_source, take_alerts
from tocsin.alerts.models import Alert, AlertSource
from tocsin.alerts.reports import reported
from tocsin.core.models import Organization

Hook = tuple[AlertSource, str]
Post = Callable[..., HttpResponse]


@pytest.fixture(autouse=True)
def _fresh_gathering(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test finds a door closed that another one closed."""
    gathering.GATHERING.closed.clear()
    yield
    gathering.GATHERING.closed.clear()


@pytest.fixture
def hook(organization: Organization) -> tuple[AlertSource, str]:
    return add_source(factories.SYSTEM, organization, name="EDR", kind="webhook")


@pytest.fixture
def post(hook: tuple[AlertSource, str]) -> Post:
    """Post JSON, or bytes as they are, as the EDR does."""

    def send(payload: Any, *, key: str = "", **headers: str) -> HttpResponse:
        body = payload if isinstance(payload, bytes) else json.dumps(payload)
        client = Client(raise_request_exception=False)
        given = {"X-Tocsin-Key": key or hook[1], **headers}
        return client.post("/api/v1/alerts/in", body, content_type="application/json", headers=given)  # type: ignore[return-value]

    return send


def alert(source: AlertSource, title: str = "Files have a new ending", **given: Any) -> Alert:
    """One alert of a source, taken in as any other."""
    reading = reported(title, given.pop("text", ""), given.pop("severity", 2), **given)
    taken = take_alerts(factories.SYSTEM, source.organization, source=source, readings=[reading])
    return Alert.objects.get(organization=source.organization, number=taken.numbers[0])
