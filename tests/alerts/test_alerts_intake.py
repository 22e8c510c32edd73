"""Alerts by webhook: repeats are counted, floods are bounded, hostile bodies get a clear answer and no alert."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse

import factories
from tocsin.alerts.actions import change_source, judge_alert, renew_secret, take_alerts, taking
from tocsin.alerts.actions.sources import signing_key
from tocsin.alerts.models import Alert, AlertSource, AlertState
from tocsin.alerts.reports import reported
from tocsin.core import clock, log
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry

from .conftest import Post

pytestmark = pytest.mark.django_db
Hook = tuple[AlertSource, str]
S = factories.SYSTEM
EDR = {"title": "Ransom note written", "severity": "high", "hostname": "fs-2", "url": "https://edr.example/1"}


def told(answer: HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_a_posted_alert_gets_a_number_and_says_what_it_says(post: Post, hook: Hook) -> None:
    answer = post(EDR)
    assert answer.status_code == 202
    assert told(answer) == {"said": "A-1", "alerts": ["A-1"], "ignored": 0, "refused": 0}
    found = Alert.objects.get()
    assert (found.title, found.severity, found.url) == ("Ransom note written", 2, "https://edr.example/1")
    assert found.observables == {"host": ["fs-2"]}
    assert found.raw == EDR
    assert "edr" not in json.dumps(LogEntry.objects.filter(verb="alert.take").values_list("payload", flat=True)[0])


def test_the_secret_may_stand_in_the_address_and_a_wrong_one_tells_nothing(post: Post, hook: Hook, client: Any) -> None:
    by_address = client.post(f"/api/v1/alerts/in/{hook[1]}", json.dumps(EDR), content_type="application/json")
    assert by_address.status_code == 202
    wrong = post(EDR, key="0" * 40)
    change_source(S, hook[0].organization, source=hook[0], active=False)
    switched_off = post(EDR)
    assert wrong.status_code == switched_off.status_code == 404
    assert wrong.content == switched_off.content
    assert wrong["Content-Type"] == "application/problem+json"
    assert Alert.objects.count() == 1


def test_a_new_secret_ends_the_old_one(post: Post, hook: Hook) -> None:
    fresh = renew_secret(S, hook[0].organization, source=hook[0])
    assert post(EDR).status_code == 404
    assert post(EDR, key=fresh).status_code == 202
    stored = AlertSource.objects.get()
    assert stored.secret_hash == hashlib.sha256(fresh.encode()).hexdigest()
    assert fresh not in json.dumps(list(LogEntry.objects.values_list("payload", flat=True)))


def test_where_messages_are_signed_only_the_right_signature_counts(post: Post, hook: Hook) -> None:
    change_source(S, hook[0].organization, source=hook[0], signed=True)
    source = AlertSource.objects.get()
    body = json.dumps(EDR).encode()
    right = hmac.new(signing_key(source).encode(), body, hashlib.sha256).hexdigest()
    assert post(body).status_code == 401
    assert post(body, **{"X-Tocsin-Signature": "sha256=" + "0" * 64}).status_code == 401
    assert post(body + b" ", **{"X-Tocsin-Signature": right}).status_code == 401
    assert post(body, **{"X-Tocsin-Signature": "sha256=" + right}).status_code == 202


def test_a_body_is_read_only_once_its_secret_and_its_signature_are_known(post: Post, hook: Hook) -> None:
    broken = b"[" * 300_000
    assert post(broken).status_code == 400
    assert post(broken, key="0" * 40).status_code == 404
    assert told(post(broken, key="0" * 40)) == told(post(EDR, key="0" * 40))
    change_source(S, hook[0].organization, source=hook[0], signed=True)
    assert post(broken).status_code == 401


def test_repeats_raise_the_count_and_make_no_second_alert(post: Post) -> None:
    for _ in range(5):
        post(EDR)
    found = Alert.objects.get()
    assert found.count == 5
    assert found.last_at > found.first_at
    post({**EDR, "hostname": "fs-3"})
    assert Alert.objects.count() == 2


def test_ten_thousand_of_the_same_in_one_go_are_one_alert_and_one_entry(hook: Hook) -> None:
    source = hook[0]
    reading = reported("The same again", by="edr")
    before = LogEntry.objects.count()
    taken = take_alerts(S, source.organization, source=source, readings=[reading] * 10_000)
    assert set(taken.numbers) == {1}
    assert Alert.objects.get().count == 10_000
    assert LogEntry.objects.count() == before + 1


def test_a_repeat_of_a_false_positive_is_counted_and_a_changed_severity_opens_it_again(post: Post, hook: Hook) -> None:
    post(EDR)
    person = factories.user(hook[0].organization)
    judge_alert(person.actor, hook[0].organization, alert=Alert.objects.get(), state="false_positive", because="a test")
    post(EDR)
    found = Alert.objects.get()
    assert (found.state, found.count, found.repeats) == (AlertState.FALSE_POSITIVE, 2, 1)
    post({**EDR, "severity": "critical"})
    found = Alert.objects.get()
    assert (found.state, found.count, found.severity) == (AlertState.NEW, 3, 1)
    assert str(person) in found.reopened


def test_long_after_the_judgement_the_same_is_a_new_alert(
    post: Post, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(EDR)
    judge_alert(S, hook[0].organization, alert=Alert.objects.get(), state="near_miss", because="blocked")
    later = clock.now() + taking.REPEATS_FOR + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    post(EDR)
    assert list(Alert.objects.values_list("state", "count")) == [("new", 1), ("near_miss", 1)]


def test_a_flood_of_different_alerts_is_bounded_and_what_is_refused_is_counted(
    post: Post, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(taking.NEW_PER_HOUR, "webhook", 5)
    mixed = post([{"title": f"Thing {i}"} for i in range(8)])
    assert mixed.status_code == 202
    assert told(mixed)["refused"] == 3
    assert Alert.objects.count() == 5
    refused = post({"title": "One more"})
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert "seconds" in told(refused)["detail"]
    # the door is closed for a few seconds; what was turned away meanwhile is counted with what comes next
    monkeypatch.setattr("tocsin.alerts.gathering.time.monotonic", lambda: 1e12)
    known = post({"title": "Thing 0"})
    assert known.status_code == 202
    source = AlertSource.objects.get()
    assert (source.taken, source.refused) == (6, 4)
    assert Alert.objects.get(title="Thing 0").count == 2


def test_too_many_messages_in_a_minute_are_refused_with_the_time_to_come_back(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "PER_MINUTE", 10)
    taken = take_alerts(S, hook[0].organization, source=hook[0], readings=[reported("x")] * 25)
    assert taken.refused == 15
    assert 0 < taken.retry_after <= 60
    assert Alert.objects.get().count == 10


HOSTILE = {
    b"": 400,
    b"{": 400,
    b"null": 400,
    b'"text"': 400,
    b"[1, 2]": 400,
    b"[]": 400,
    b"\xff\xfe\x00": 400,
    b'{"title": NaN}': 400,
    b'{"title": Infinity}': 400,
    b"[" * 100_000: 400,
    b'{"a":' * 50_000: 400,
    b'{"title": "x", "n": ' + b"9" * 5000 + b"}": 202,
    b'{"title": "\\ud800 \\u0000 x", "text": "\\u0000"}': 202,
    b'{"title": {"$ne": 1}, "severity": ["high", {"a": 1}], "host": [[["a"]]]}': 202,
    b'{"title": "x", "title": "y"}': 202,
    b'\xef\xbb\xbf{"title": "with a mark"}': 202,
    b'{"title": "one"}\n{"title": "two"}\n': 202,
    b'{"title": "' + b"A" * 900_000 + b'"}': 202,
    b'{"title": "<img src=x onerror=alert(1)>", "text": "{{ settings.SECRET_KEY }} {% load x %}"}': 202,
}


@pytest.mark.parametrize(("body", "status"), HOSTILE.items(), ids=range(len(HOSTILE)))
def test_hostile_bodies_get_a_clear_answer(post: Post, body: bytes, status: int) -> None:
    answer = post(body)
    assert answer.status_code == status, answer.content[:200]
    said = told(answer)
    if status == 400:
        assert said["detail"]
        assert not Alert.objects.exists()
    else:
        assert Alert.objects.exists()
        for found in Alert.objects.all():
            assert 0 < len(found.title) <= 300
            assert "\x00" not in found.title + found.text
    assert log.verify_database().holds


def test_what_hides_in_an_alert_is_shown_as_text(post: Post, hook: Hook, client: Any) -> None:
    post({"title": "<script>alert(1)</script>", "text": "<img src=x onerror=alert(1)>", "url": "javascript:alert(1)"})
    client.force_login(factories.user(hook[0].organization))
    page = client.get("/alerts/1").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page


def test_a_source_takes_nothing_for_another_organization(hook: Hook) -> None:
    rival = factories.organization("rival")
    with pytest.raises(Invalid):
        take_alerts(S, rival, source=hook[0], readings=[reported("x")])
