"""What is kept for all who look: never older than what changed, never across rights, and few questions for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from signing_in import as_user

import factories
from access_arguments import ARGUMENTS, BY_ANOTHER
from test_access_matrix import MATRIX
from tocsin.core import clock
from tocsin.core.access import OrgRole
from tocsin.core.action import ACTIONS, _in_body
from tocsin.incidents import actions, kept
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
_WRITES = re.compile(r'(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM) "(\w+)"')
_READS = re.compile(r'(?:FROM|JOIN) "(\w+)"')
OUTSIDE = {"core_logentry", "core_grant", "core_chain", "core_organization", "people_user"}
"""Tables of who is who, which entries of other chains change, and the log itself, whose part in it has its own tests."""


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept.forget()


def _written_by_kind(incident: Incident) -> dict[str, set[str]]:
    """Which tables the actions of each kind write in their bodies; what reactions write is another entry's."""
    found: dict[str, set[str]] = {}

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if (verb := _in_body.get()) and (written := _WRITES.match(sql)):
            found.setdefault(verb.partition(".")[0], set()).add(written[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        for verb, line in MATRIX.items():
            place = incident if line["in"] == "incident" else incident.organization
            with transaction.atomic():
                arguments = ARGUMENTS[verb](place, factories.user(incident.organization))
                where = arguments["message"] if verb == "message.settle" else place
                ACTIONS[verb](BY_ANOTHER.get(verb, S), where, **arguments)
                transaction.set_rollback(True)
    return found


def test_what_is_kept_reads_no_table_that_an_entry_it_outlives_has_written(
    lead: Client, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kept thing of every page: the tables that it reads against those that its quiet kinds write."""
    written = _written_by_kind(incident)
    kept.forget()
    for verb in ("scope.add", "decision.open", "finding.state", "alert.attach", "evidence.take", "role.vacate"):
        ACTIONS[verb](S, incident, **ARGUMENTS[verb](incident, factories.user(incident.organization)))
    read: dict[str, set[str]] = {}
    outlives: dict[str, frozenset[str]] = {}
    always = kept.always
    under: list[str] = []

    def watched(name: str, chain: Any, make: Callable[[], Any], *about: object, **more: Any) -> Any:
        def made() -> Any:
            under.append(name)
            try:
                return make()
            finally:
                under.pop()

        result = always(name, chain, made, *about, **more)
        for outer in under:  # what is made of another kept thing rests on what that rests on, made now or before
            read.setdefault(outer, set()).update(read.get(name, ()))
        return result

    def once(name: str, of: Incident, make: Callable[[], Any], *about: object, **more: Any) -> Any:
        outlives[name] = outlives.get(name, frozenset()) | more.get("but", frozenset())
        return real_once(name, of, make, *about, **more)

    real_once = kept.once
    monkeypatch.setattr(kept, "always", watched)
    for module in _users_of_once():
        monkeypatch.setattr(module, "once", once)

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        for name in under:
            read.setdefault(name, set()).update(_READS.findall(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        for path in (
            "",
            "tasks",
            "tasks?by=state",
            "log",
            "scope",
            "investigation",
            "obligations",
            "notes",
            "decisions",
        ):
            kept.forget()
            assert lead.get(f"/incidents/{incident.number}/{path}").status_code == 200
        for path in ("tasks", "scope"):
            under.append(f"/api/v1/incidents/{incident.pk}/{path}")
            assert lead.get(under[-1]).status_code == 200
            under.pop()
    assert {
        "tasks",
        "work in the bar",
        "ledger",
        *(f"drawn web/room/_{one}.html" for one in ("windows", "strip", "arriving")),
    } <= set(read)
    wrong = {
        (name, kind): clash
        for name, kinds in outlives.items()
        for kind in kinds
        if (clash := read.get(name, set()) & written.get(kind, set()) - OUTSIDE)
    }
    assert wrong == {}


def _users_of_once() -> list[Any]:
    import sys

    return [m for name, m in list(sys.modules.items())
            if name.startswith("tocsin.") and m is not kept and getattr(m, "once", None) is kept.once]  # fmt: skip


def test_a_thing_is_made_anew_by_the_kinds_that_concern_it_and_no_others(incident: Incident) -> None:
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    def ask() -> int:
        return kept.once("t", Incident.objects.select_related("chain").get(pk=incident.pk), make, but=kept.QUIET)

    assert (ask(), ask()) == (0, 0)
    actions.note(S, incident, text="nothing new")
    assert ask() == 0
    actions.start_task(S, incident, task=incident.tasks.filter(state="open")[0])
    assert (ask(), ask()) == (1, 1)
    actions.add_scope(S, incident, kind="host", name="SRV-01", because="seen")
    assert ask() == 1


def test_who_read_the_log_earlier_is_not_given_to_who_read_it_later(incident: Incident) -> None:
    """A request that is slower than a change must not leave what it saw before under the name of the newer state."""
    early = Incident.objects.select_related("chain").get(pk=incident.pk)
    kept.last_of(early, frozenset())
    actions.start_task(S, incident, task=incident.tasks.filter(state="open")[0])
    late = Incident.objects.select_related("chain").get(pk=incident.pk)
    assert kept.last_of(late, kept.QUIET) > early.chain.length
    assert kept.last_of(early, kept.QUIET) <= early.chain.length
    assert kept.once("t", early, lambda: "before") == "before"
    assert kept.once("t", late, lambda: "after") == "after"
    assert kept.once("t", early, lambda: "again") == "before"


def test_nothing_is_kept_longer_than_it_holds(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    assert kept.once("t", incident, lambda: 1) == kept.once("t", incident, lambda: 2) == 1
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=kept.HOLDS + 1))
    assert kept.once("t", incident, lambda: 3) == 3


def test_incidents_share_nothing(incident: Incident) -> None:
    other = factories.incident(incident.organization, title="Another")
    assert kept.once("t", incident, lambda: "mine") == "mine"
    assert kept.once("t", other, lambda: "theirs") == "theirs"


def test_a_way_in_that_ends_ends_at_once_though_all_is_kept(incident: Incident) -> None:
    person = factories.on(incident, IncidentRole.RESPONDER)
    browser, address = as_user(person), f"/incidents/{incident.number}/"
    pages = [address + page for page in ("", "tasks", "scope", "log", "investigation", "feed")]
    assert [browser.get(p).status_code for p in pages] == [200] * len(pages)
    ACTIONS["access.dismiss"](S, incident, user_id=person.pk, role=IncidentRole.RESPONDER)
    assert [browser.get(p).status_code for p in pages] == [404] * len(pages)


def test_what_hangs_on_rights_is_drawn_for_each(incident: Incident) -> None:
    """The same state, seen by people of different rights, one after the other: nobody gets another's buttons or links."""
    strong = as_user(factories.on(incident, IncidentRole.LEAD, OrgRole.RESPONDER))
    weak = as_user(factories.on(incident, IncidentRole.OBSERVER, OrgRole.GUEST))
    ACTIONS["alert.attach"](S, incident, **ARGUMENTS["alert.attach"](incident, factories.user(incident.organization)))
    actions.add_scope(S, incident, kind="host", name="SRV-01", because="seen")
    adds = f"/incidents/{incident.number}/tasks/add"
    for page, only in (("", 'href="/alerts/'), ("", adds), ("scope", ">Change<"), ("tasks", "data-moves")):
        address = f"/incidents/{incident.number}/{page}"
        for first, second in ((strong, weak), (weak, strong)):
            kept.forget()
            texts = {id(b): b.get(address).content.decode() for b in (first, second)}
            assert only in texts[id(strong)], (page, only)
            assert only not in texts[id(weak)], (page, only)


MOST = {"": 10, "tasks": 10, "log": 10, "scope": 10, "investigation": 14}


@pytest.mark.parametrize("page", sorted(MOST))
def test_who_looks_again_asks_little(lead: Client, incident: Incident, page: str) -> None:
    """The second look at the same state, by somebody else: session, account, rights, and what is their own."""
    address = f"/incidents/{incident.number}/{page}"
    lead.get(address)
    other = as_user(factories.on(incident, IncidentRole.RESPONDER))
    other.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert other.get(address).status_code == 200
    assert len(asked) <= MOST[page], "\n".join(q["sql"][:150] for q in asked)


def test_the_api_answers_as_before_until_something_changed_and_each_only_what_they_are_on(incident: Incident) -> None:
    """Three who are on it are told the same bytes; one who is not is told nothing, though all is kept."""
    on_it = [as_user(factories.on(incident, IncidentRole.RESPONDER)) for _ in range(2)]
    outside = as_user(factories.user(incident.organization, OrgRole.ADMINISTRATOR))
    for path in ("tasks", "tasks?state=open", "scope"):
        address = f"/api/v1/incidents/{incident.pk}/{path}"
        first, second = (browser.get(address) for browser in on_it)
        assert (first.status_code, second.content, second.headers["ETag"]) == (
            200,
            first.content,
            first.headers["ETag"],
        )
        assert second.headers["Content-Type"] == first.headers["Content-Type"]
        assert on_it[1].get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
        assert outside.get(address).status_code == 404
    task = incident.tasks.filter(state="open")[0]
    actions.start_task(S, incident, task=task)
    actions.add_scope(S, incident, kind="host", name="SRV-77", because="seen")
    for browser in on_it:
        doing = browser.get(f"/api/v1/incidents/{incident.pk}/tasks?state=doing").json()["items"]
        assert [one["number"] for one in doing] == [task.number]
        assert "SRV-77" in browser.get(f"/api/v1/incidents/{incident.pk}/scope").content.decode()


def test_the_api_asks_little_for_who_asks_again(lead: Client, incident: Incident) -> None:
    for path in ("tasks", "scope"):
        address = f"/api/v1/incidents/{incident.pk}/{path}"
        lead.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert lead.get(address).status_code == 200
        assert len(asked) <= 3, [q["sql"][:100] for q in asked]
