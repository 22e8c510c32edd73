"""Actions and reactions: one entry each, causes, all or nothing, no circles, no actions in actions' bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import factories
from tocsin.core import action as machinery
from tocsin.core.access import Actor, system_only
from tocsin.core.action import ActionDefect, Call, action, on
from tocsin.core.models import Grant, LogEntry
from tocsin.incidents.actions import note
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actions and reactions of these tests are gone after them."""
    monkeypatch.setattr(machinery, "ACTIONS", dict(machinery.ACTIONS))
    monkeypatch.setattr(machinery, "REACTIONS", {v: list(r) for v, r in machinery.REACTIONS.items()})


def act(verb: str, body: Callable[[Call[Any]], Any] | None = None) -> Callable[..., Any]:
    def plain(call: Call[Any]) -> Any:
        if body:
            body(call)
        call.record(("test", verb), said=verb)

    return action(verb, system_only)(plain)


def test_a_nested_reaction_names_its_cause(incident: Incident) -> None:
    first, second, third = act("test.first"), act("test.second"), act("test.third")
    on("test.first")(lambda e: second(Actor.system(cause=e), incident))
    on("test.second")(lambda e: third(Actor.system(cause=e), incident))
    first(S, incident)
    entries = {e.verb: e for e in LogEntry.objects.filter(verb__startswith="test.")}
    assert entries["test.first"].cause is None
    for earlier, later in [("test.first", "test.second"), ("test.second", "test.third")]:
        assert entries[later].cause == {"chain": str(incident.chain_id), "sequence": entries[earlier].sequence}


def test_a_failing_reaction_takes_everything_back(incident: Incident) -> None:
    person = factories.stranger()

    def let_in(call: Call[Any]) -> None:
        Grant.objects.create(chain=call.chain, user=person, role="observer")

    first, second = act("test.first", let_in), act("test.second")
    before = LogEntry.objects.count()
    on("test.first")(lambda e: second(Actor.system(cause=e), incident))

    @on("test.second")
    def break_down(_entry: LogEntry) -> None:
        raise RuntimeError("the reaction broke")

    with pytest.raises(RuntimeError, match="the reaction broke"):
        first(S, incident)
    assert LogEntry.objects.count() == before
    assert not Grant.objects.filter(user=person).exists()
    incident.chain.refresh_from_db()
    assert incident.chain.length == incident.chain.entries.count()
    note(S, incident, text="and the chain goes on")


def test_reactions_in_a_circle_are_stopped(incident: Incident) -> None:
    again = act("test.again")
    on("test.again")(lambda e: again(Actor.system(cause=e), incident))
    before = LogEntry.objects.count()
    with pytest.raises(ActionDefect, match="circle"):
        again(S, incident)
    assert LogEntry.objects.count() == before


def test_an_action_in_a_body_is_refused(incident: Incident) -> None:
    inner = act("test.inner")
    outer = act("test.outer", lambda call: inner(S, call.place))
    with pytest.raises(ActionDefect, match=r"test\.outer calls test\.inner in its body"):
        outer(S, incident)
    inner(S, incident)  # and afterwards it works as ever


def test_an_action_leaves_exactly_one_entry(incident: Incident) -> None:
    @action("test.silent", system_only)
    def silent(call: Call[Any]) -> None:
        pass

    @action("test.twice", system_only)
    def twice(call: Call[Any]) -> None:
        call.record(("test", "1"))
        call.record(("test", "2"))

    before = LogEntry.objects.count()
    with pytest.raises(ActionDefect, match="wrote no log entry"):
        silent(S, incident)
    with pytest.raises(ActionDefect, match="exactly one entry"):
        twice(S, incident)
    assert LogEntry.objects.count() == before


def test_a_verb_belongs_to_one_action() -> None:
    act("test.mine")
    with pytest.raises(ActionDefect, match=r"two actions are called test\.mine"):
        act("test.mine")


def test_texts_that_no_database_holds_are_made_storable_on_the_way_in(incident: Incident) -> None:
    note(S, incident, text="from a file named \udcff\x00.exe")
    assert LogEntry.objects.get(verb="note.write").payload["text"] == "from a file named \ufffd␀.exe"
