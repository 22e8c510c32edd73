"""One sender's trouble stays that sender's: what others brought in the same batch is stored."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError

import factories
from tocsin.alerts.actions import add_source
from tocsin.alerts.gathering import GATHERING, Gathering, arrival_of, read_json
from tocsin.core.action import Invalid
from tocsin.core.models import Organization


@pytest.mark.django_db
def test_trouble_at_one_source_leaves_the_others(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, bad_secret = add_source(factories.SYSTEM, organization, name="bad", kind="webhook")
    _good, good_secret = add_source(factories.SYSTEM, organization, name="good", kind="webhook")
    real = Gathering._take_of

    def troubled(self, source, arrivals):  # type: ignore[no-untyped-def]
        if source.pk == bad.pk:
            raise DatabaseError("numeric out of range")
        real(self, source, arrivals)

    monkeypatch.setattr(Gathering, "_take_of", troubled)
    body = json.dumps({"title": "x"}).encode()
    batch = [arrival_of(s, body, "") for s in (bad_secret, good_secret)]
    GATHERING.take_all(batch)
    assert [a.outcome.status for a in batch if a.outcome] == [503, 202]


def test_a_number_beyond_all_is_refused() -> None:
    with pytest.raises(Invalid):
        read_json(b'{"title": "x", "n": 1e400}')
