"""What a request may carry, counted in front of Django: announced and really sent, with and without a sign-in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from signing_in import as_user

import factories
from tocsin.people.models import User
from tocsin.web import limits
from tocsin.web.limits import ORDINARY, BodyLimit

pytestmark = pytest.mark.django_db
UPLOAD = "/api/v1/incidents/x/evidence"


async def swallow(_scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"taken"})


def send(path: str, size: int, *, announced: int | None = None, cookie: str = "") -> tuple[int, bytes]:
    headers = [(b"content-length", str(announced).encode())] if announced is not None else []
    scope: Any = {"type": "http", "method": "POST", "path": path, "headers": [*headers, (b"cookie", cookie.encode())]}
    parts, out = [b"x" * 65536] * (size // 65536), []

    async def receive() -> Any:
        return {"type": "http.request", "body": parts.pop() if parts else b"", "more_body": bool(parts)}

    async def say(event: Any) -> None:
        out.append(event)

    # In this thread and its connection: the test ends in a rollback, since the log refuses to be emptied.
    async_to_sync(BodyLimit(swallow))(scope, receive, say)  # type: ignore[arg-type]
    return out[0]["status"], out[1]["body"]


@pytest.fixture(autouse=True)
def _keep_the_test_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django's own test client does the same: the connection with the test's transaction stays open."""
    monkeypatch.setattr(limits, "close_old_connections", lambda: None)


def test_too_much_is_refused_as_announced_and_as_sent() -> None:
    assert send("/sign-in", ORDINARY)[0] == 200
    assert send("/sign-in", 0, announced=ORDINARY + 1)[0] == 413
    assert send("/sign-in", ORDINARY * 2)[0] == 413
    status, body = send(UPLOAD, ORDINARY * 2, cookie="sessionid=made-up")
    assert (status, json.loads(body)["status"]) == (413, 413)


def test_who_is_signed_in_uploads_more(db: None, settings: Any, django_user_model: type[User]) -> None:
    settings.UPLOAD_LIMIT = ORDINARY * 3
    with factories.preparing():
        person = django_user_model.objects.create(email="a@b.example", name="A")
    browser = as_user(person)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    assert send(UPLOAD, ORDINARY * 2, cookie=cookie)[0] == 200
    assert send(UPLOAD, ORDINARY * 4, cookie=cookie)[0] == 413
    assert send("/sign-in", ORDINARY * 2, cookie=cookie)[0] == 413
